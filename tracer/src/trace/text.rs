//! Events as lines to read.
//!
//! Seconds since tracing began, the thread, the goroutine, the function with its
//! arguments, what it returned if that was watched, where it was called, and the
//! goroutine's labels if it has any:
//!
//! ```text
//!     0.012345    4711 g18     runtime.mapassign_fast64(type=map[int]int map=0xc00007e0c0 key=42) = 0xc000080008 main.fill /src/main.go:12 {endpoint="/cart"}
//! ```

use std::fmt::Write as _;

use super::collection::Collected;
use super::event::{End, Event, Gap, Outcome, Position, Value};

/// One event; with `with_stack` the frames follow, each on a line of its own.
#[must_use]
pub fn call_line(event: &Event, start_ns: u64, with_stack: bool) -> String {
    let mut line = seconds(event.time_ns.saturating_sub(start_ns));
    let goroutine = event.goid.map_or("-".to_owned(), |goid| format!("g{goid}"));
    // Writing to a string cannot fail.
    let _ = write!(line, " {:>7} {goroutine:<7} {}(", event.tid, event.function);
    for (index, argument) in event.arguments.iter().enumerate() {
        let space = if index > 0 { " " } else { "" };
        let _ = write!(line, "{space}{}=", argument.name);
        write_value(&mut line, &argument.value);
    }
    line.push(')');
    write_outcome(&mut line, &event.outcome);
    if let Some(site) = &event.site {
        line.push(' ');
        write_position(&mut line, site);
    }
    write_labels(&mut line, event);
    line.push('\n');
    if with_stack {
        for position in &event.stack {
            line.push_str("                 ");
            write_position(&mut line, position);
            line.push('\n');
        }
    }
    line
}

/// A time in which not all calls were traced.
#[must_use]
pub fn gap_line(gap: &Gap, start_ns: u64) -> String {
    format!(
        "{} # {} s to keep to --max-overhead: {}\n",
        seconds(gap.from_ns.saturating_sub(start_ns)),
        seconds(gap.length_ns).trim_start(),
        skipped(gap),
    )
}

/// A garbage collection that has ended, and who allocated since the last.
#[must_use]
pub fn collected_line(collected: &Collected, start_ns: u64) -> String {
    let collection = &collected.collection;
    let mut line = seconds(collection.noticed_ns.saturating_sub(start_ns));
    let number = collection.number;
    // Writing to a string cannot fail.
    let _ = match collection.collections {
        ..=1 => write!(line, " # gc {number}"),
        several => {
            let first = number.wrapping_sub(several).wrapping_add(1);
            write!(line, " # gc {first} to {number}")
        }
    };
    match collection.forced {
        0 => {}
        1 if collection.collections <= 1 => line.push_str(" (called for)"),
        forced => {
            let _ = write!(line, " ({forced} called for)");
        }
    }
    let _ = match &collection.heap {
        Some(heap) => write!(line, ": {heap}"),
        None => write!(line, ": heap unknown"),
    };
    let late_ms = collection.late_ns as f64 / 1e6;
    let _ = write!(line, "; noticed at most {late_ms:.1} ms late; ");
    match &collected.allocated {
        None => line.push_str("no allocator function is traced"),
        Some(allocated) => {
            let (calls, bytes) = (allocated.calls, allocated.bytes);
            let _ = write!(line, "{calls} allocations traced since the last, {bytes} B");
        }
    }
    let sites = collected.allocated.iter().flat_map(|it| &it.sites);
    for (index, site) in sites.enumerate() {
        let (separator, calls) = (if index == 0 { ':' } else { ',' }, site.calls);
        let _ = write!(line, "{separator} {} B in {calls} by ", site.bytes);
        match &site.site {
            Some(position) => write_position(&mut line, position),
            None => line.push('?'),
        }
    }
    line.push('\n');
    line
}

/// What there was to see, and what was not seen of it.
#[must_use]
pub fn end_line(end: &End) -> String {
    let mut line = format!(
        "{} calls in {} s",
        end.shown,
        seconds(end.length_ns).trim_start()
    );
    // Writing to a string cannot fail.
    let _ = match (end.lost, end.lost_returns) {
        (0, 0) => write!(line, ", none lost"),
        (lost, 0) => write!(line, ", {lost} lost for want of room: raise --ring-size"),
        (lost, returns) => write!(
            line,
            ", {lost} calls and {returns} returns lost for want of room: raise --ring-size"
        ),
    };
    if end.unseen > 0 {
        let _ = write!(line, "; of {} calls the return was not seen", end.unseen);
    }
    if end.skipped.length_ns > 0 {
        let _ = write!(
            line,
            "; {} to keep to --max-overhead",
            skipped(&end.skipped)
        );
    }
    if let Some((hits_ns, cpu_ns)) = end.overhead_ns
        && cpu_ns > 0.0
    {
        let percent = 100.0 * hits_ns / cpu_ns;
        let _ = write!(
            line,
            "; tracing took {percent:.1} % of the target's CPU time"
        );
    }
    line
}

fn skipped(gap: &Gap) -> String {
    match gap.estimated {
        0 => format!("{} calls skipped", gap.counted),
        _ => format!("about {} calls skipped", gap.calls()),
    }
}

fn seconds(ns: u64) -> String {
    let microseconds = ns / 1000;
    format!(
        "{:>5}.{:06}",
        microseconds / 1_000_000,
        microseconds % 1_000_000
    )
}

/// The first result without its name: it is what the function is called for.
fn write_outcome(line: &mut String, outcome: &Outcome) {
    match outcome {
        Outcome::NotWatched => {}
        Outcome::Left => line.push_str(" = ? (left without returning)"),
        Outcome::Running => line.push_str(" = ? (still running)"),
        Outcome::Unseen => line.push_str(" = ? (not seen)"),
        Outcome::Returned(results) => {
            line.push_str(" =");
            for (index, result) in results.iter().enumerate() {
                line.push(' ');
                if index > 0 {
                    line.push_str(result.name);
                    line.push('=');
                }
                write_value(line, &result.value);
            }
        }
    }
}

fn write_labels(line: &mut String, event: &Event) {
    let Some(labels) = &event.labels else {
        line.push_str(" {?}");
        return;
    };
    for (index, label) in labels.iter().enumerate() {
        line.push_str(if index == 0 { " {" } else { " " });
        let _ = write!(line, "{}=", label.key.escape_debug());
        write_value(line, &label.value);
    }
    if !labels.is_empty() {
        line.push('}');
    }
}

fn write_value(line: &mut String, value: &Value) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Signed(number) => write!(line, "{number}"),
        Value::Unsigned(number) => write!(line, "{number}"),
        Value::Bool(it) => write!(line, "{it}"),
        Value::Pointer(address) => write!(line, "{address}"),
        Value::Type(_, Some(name)) => write!(line, "{name}"),
        Value::Type(address, None) if address.0 == 0 => write!(line, "-"),
        Value::Type(address, None) => write!(line, "{address}"),
        Value::Text {
            start,
            length_bytes,
        } => {
            let rest = length_bytes.saturating_sub(start.len() as u64);
            let text = String::from_utf8_lossy(start);
            let _ = write!(line, "\"{}\"", text.escape_debug());
            match rest {
                0 => Ok(()),
                rest => write!(line, "+{rest}B"),
            }
        }
        Value::Unreadable => write!(line, "?"),
    };
}

fn write_position(line: &mut String, position: &Position) {
    line.push_str(&position.function);
    if !position.file.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(line, " {}:{}", position.file, position.line);
    }
}
