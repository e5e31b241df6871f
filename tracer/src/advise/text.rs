//! Advice for people.

use std::fmt::Write as _;

use super::{Advice, Advisory, Counted, Finding};
use crate::profile::Interval;
use crate::profile::frame::position;
use crate::profile::summary::count;
use crate::report::units;

/// Every piece of advice: the line, what was measured, what to write, what it saves.
#[must_use]
pub fn to_text(advisory: &Advisory) -> String {
    let mut text = String::new();
    for advice in &advisory.advice {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {}", place(advice), title(advice));
        let _ = writeln!(text, "  measured  {}", measured(advice));
        let _ = writeln!(text, "  write     {}", what_to_write(advice));
        let _ = writeln!(text, "  saves     {}\n", saving(advisory, advice));
    }
    let all = units::bytes(advisory.totals.bytes);
    let _ = match advisory.advice.len() {
        0 => writeln!(text, "Nothing to advise that would save 1 % of {all}"),
        1 => writeln!(text, "1 piece of advice on {all}"),
        pieces => writeln!(text, "{pieces} pieces of advice on {all}"),
    };
    text
}

/// `main.f …/dir/file.go:12`.
fn place(advice: &Advice) -> String {
    let place = &advice.place;
    match position(&units::short_path(&place.file), place.line) {
        Some(position) => format!("{} {position}", place.function),
        None => place.function.clone(),
    }
}

fn title(advice: &Advice) -> String {
    let of = |what: &str| match &advice.type_name {
        Some(name) => format!("{what} {name}"),
        None => what.to_owned(),
    };
    let title = match advice.finding {
        Finding::SliceGrowth { .. } => of("append grows"),
        Finding::MapGrowth { .. } => of("filling grows"),
        Finding::Concatenation { .. } => "+ copies a string again and again".to_owned(),
        Finding::Conversion => of("a copy is made as"),
        Finding::Boxing => boxed(advice.type_name.as_deref()),
        Finding::Buffer { .. } => of("each time another"),
    };
    match &advice.place.through {
        Some(through) => format!("{title}, in {through}"),
        None => title,
    }
}

fn boxed(type_name: Option<&str>) -> String {
    match type_name {
        Some(name) => format!("an interface holds a {name}"),
        None => "an interface holds a value of 2, 4 or 8 bytes".to_owned(),
    }
}

/// What was seen, as a sentence without a full stop.
pub(super) fn measured(advice: &Advice) -> String {
    let objects = count(advice.measured.objects);
    let bytes = units::bytes(advice.measured.bytes);
    let off = units::percent_off(advice.measured.bytes, advice.bytes_interval);
    let bytes = match off.as_str() {
        "" => bytes,
        off => format!("{bytes} ±{off} %"),
    };
    match advice.finding {
        Finding::SliceGrowth {
            slices,
            from_bytes,
            to_bytes,
            counted,
            outgrown_bytes,
            ..
        } => format!(
            "{} of {}, {:.1} arrays each, {bytes} in all{}{}",
            plural(slices, "slice", "slices"),
            from_to(&units::bytes(from_bytes), &units::bytes(to_bytes)),
            advice.measured.objects as f64 / slices.max(1) as f64,
            counted.map_or(String::new(), |it| {
                let elements = plural(it.copied, "element", "elements");
                format!(", {elements}{} copied", steps_off(it))
            }),
            outgrown_bytes.map_or(String::new(), |it| {
                format!(", {} outgrown", units::bytes(it))
            }),
        ),
        Finding::MapGrowth {
            maps,
            tables,
            from_slots,
            to_slots,
            counted,
            ..
        } => format!(
            "{} of {} slots, {:.1} tables each, {bytes} in all{}",
            plural(maps, "map", "maps"),
            from_to(&count(from_slots), &count(to_slots)),
            tables as f64 / maps.max(1) as f64,
            counted.map_or(String::new(), |it| format!(
                ", {}{} of growth, {} moved",
                plural(it.steps, "step", "steps"),
                steps_off(it),
                plural(it.copied, "entry", "entries")
            )),
        ),
        Finding::Concatenation {
            strings, copies, ..
        } => format!(
            "{}, copied {} each, {bytes} in all",
            plural(strings, "string", "strings"),
            plural(copies, "time", "times"),
        ),
        Finding::Conversion | Finding::Boxing | Finding::Buffer { .. } => {
            format!("{objects} objects, {bytes} in all")
        }
    }
}

/// How far the number of steps may be off, as ` ±3 %`.
fn steps_off(counted: Counted) -> String {
    match units::percent_off(counted.steps, counted.interval).as_str() {
        "" => String::new(),
        off => format!(" ±{off} %"),
    }
}

/// What to write instead, as a sentence without a full stop.
pub(super) fn what_to_write(advice: &Advice) -> String {
    let through = advice.place.through.as_deref().unwrap_or_default();
    let named = |unknown: &'static str| advice.type_name.clone().unwrap_or(unknown.to_owned());
    match advice.finding {
        Finding::SliceGrowth { capacity_bytes, .. }
            if through.starts_with("strings.(*Builder)") =>
        {
            format!("Grow({capacity_bytes}) on the strings.Builder, before it is written to")
        }
        Finding::SliceGrowth { capacity_bytes, .. } if through.starts_with("bytes.(*Buffer)") => {
            format!("Grow({capacity_bytes}) on the bytes.Buffer, before it is written to")
        }
        Finding::SliceGrowth {
            capacity: Some(capacity),
            ..
        } => format!(
            "make({}, 0, {capacity}), before it is appended to",
            named("[]T")
        ),
        Finding::SliceGrowth { capacity_bytes, .. } => format!(
            "make({}, 0, n) with n elements of {capacity_bytes} bytes in all, before it is \
             appended to",
            named("[]T")
        ),
        Finding::MapGrowth { hint, .. } => {
            format!("make({}, {hint}), before it is filled", named("map[K]V"))
        }
        Finding::Concatenation { size_bytes, .. } => {
            format!("a strings.Builder with Grow({size_bytes}), WriteString in the loop")
        }
        Finding::Conversion => conversion(advice.type_name.as_deref()).to_owned(),
        Finding::Boxing => "a parameter or field of the value's own type, or a type parameter, \
                            instead of the interface; or a pointer to a value that is there \
                            already"
            .to_owned(),
        Finding::Buffer { .. } => {
            "one buffer that is used again, or a sync.Pool of them, if none outlives its use"
                .to_owned()
        }
    }
}

/// What goes without a copy (go1.27 src/cmd/compile/internal/walk/order.go:372, :1228,
/// :1453).
fn conversion(to: Option<&str>) -> &'static str {
    match to {
        Some("string") => {
            "the bytes as they are: m[string(b)], comparing and ranging copy nothing, and \
             package bytes does what strings does"
        }
        Some("[]int32" | "[]rune") => "range over the string, or utf8.DecodeRuneInString",
        _ => {
            "the string as it is: append(b, s...), copy(b, s), io.WriteString and \
             strings.NewReader take one"
        }
    }
}

/// How much, per second, and of what share.
fn saving(advisory: &Advisory, advice: &Advice) -> String {
    let mut text = String::new();
    if advice.finding.is_at_most() {
        text.push_str("up to ");
    }
    let per_second = advisory.per_second(advice.saved_bytes);
    let rate = per_second.map(|rate| format!("{}/s, ", units::bytes(rate.round() as u64)));
    let share = |bytes: u64| bytes as f64 * 100.0 / advisory.totals.bytes.max(1) as f64;
    let _ = write!(
        text,
        "{}{:.1} % of all bytes",
        rate.unwrap_or_default(),
        share(advice.saved_bytes)
    );
    if let Some(Interval { low, high }) = advice.saved_interval() {
        let _ = write!(text, " ({:.1} to {:.1})", share(low), share(high));
    }
    text
}

fn from_to(from: &str, to: &str) -> String {
    if from == to {
        to.to_owned()
    } else {
        format!("{from} to {to}")
    }
}

fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}
