//! `goalloc trace`.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use anyhow::Context as _;
use bytesize::ByteSize;
use tracer::budget::MaxOverhead;
use tracer::session::{self, Flow, Tables, TraceConfig, TraceSink};
use tracer::trace::{self, Collected, Event, Gap, Start};

use super::{Outcome, record, recording};

/// Arguments of `goalloc trace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Process to attach to
    #[arg(short, long, value_name = "PID")]
    pid: u32,
    /// Functions to trace, as 'runtime.mapassign*'; may be given several times [default:
    /// those that allocate, so that each heap object is one call]
    #[arg(long = "func", value_name = "PATTERN")]
    functions: Vec<String>,
    /// End after so many calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// End after this time, as 10s or 2m; without it at Ctrl-C or the end of the target
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// Show so many frames of the call stack below each call
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    stack: u16,
    /// Show each garbage collection as it ends: the heap before and after, and who
    /// allocated since the last, as far as calls of the allocator are traced
    #[arg(long)]
    gc: bool,
    /// Show what each call returns as well: a line waits until its call has returned. A
    /// probe at a return costs more than one at a call
    #[arg(long = "return")]
    returns: bool,
    /// Write JSON, one document a line
    #[arg(long)]
    json: bool,
    /// What tracing may cost, in percent of the CPU time the target uses: what does not
    /// fit is skipped, and said to be. With none every call is shown, which can slow a
    /// target down many times
    #[arg(long, value_name = "PCT|none", default_value_t)]
    max_overhead: MaxOverhead,
    /// Size of the ring buffer
    #[arg(long, value_name = "BYTES", default_value_t = ByteSize::b(Tables::default().ring_bytes.into()))]
    ring_size: ByteSize,
}

/// Runs `goalloc trace`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let config = TraceConfig {
        pid: args.pid,
        patterns: args.functions.clone(),
        limit: args.limit,
        duration: args.duration,
        stack_frames: args.stack.into(),
        returns: args.returns,
        max_overhead: args.max_overhead,
        gc: args.gc,
        ring_bytes: record::ring_bytes(args.ring_size)?,
    };
    let mut lines = Lines {
        out: io::BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        json: args.json,
        with_stack: args.stack > 0,
        start: None,
        failed: None,
    };
    let end = recording::event_loop()?.block_on(session::trace(&config, &mut lines))?;
    if args.json {
        lines.write(&trace::end_json(&end));
    }
    lines.pause();
    if let Some(error) = lines.failed {
        return Err(error).context("cannot write to standard output");
    }
    eprintln!("goalloc: {}", trace::end_line(&end));
    Ok(if end.lost + end.lost_returns > 0 {
        Outcome::EventsLost
    } else {
        Outcome::Done
    })
}

/// Writes what is traced to standard output.
struct Lines<W> {
    out: W,
    json: bool,
    with_stack: bool,
    /// Known from the first line on.
    start: Option<Start>,
    /// Why there is no writing any more, unless the reader has gone.
    failed: Option<io::Error>,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, text: &str) -> Flow {
        let result = self.out.write_all(text.as_bytes());
        self.went(result)
    }

    fn went(&mut self, result: io::Result<()>) -> Flow {
        match result {
            Ok(()) => Flow::GoOn,
            Err(error) => {
                if error.kind() != ErrorKind::BrokenPipe {
                    self.failed.get_or_insert(error);
                }
                Flow::Stop
            }
        }
    }
}

impl<W: Write> TraceSink for Lines<W> {
    fn started(&mut self, start: &Start) -> Flow {
        eprintln!(
            "goalloc: tracing process {}, {} ({}), {} functions; Ctrl-C ends it",
            start.pid,
            start.exe,
            start.go_version,
            start.functions.len()
        );
        for warning in &start.warnings {
            eprintln!("goalloc: warning: {warning}");
        }
        self.start = Some(start.clone());
        if self.json {
            self.write(&trace::start_json(start));
            return self.pause();
        }
        Flow::GoOn
    }

    fn call(&mut self, event: &Event) -> Flow {
        let Some(start) = &self.start else {
            return Flow::Stop;
        };
        let text = if self.json {
            trace::call_json(event, start)
        } else {
            trace::call_line(event, start.clocks_ns.0, self.with_stack)
        };
        self.write(&text)
    }

    fn collected(&mut self, collected: &Collected) -> Flow {
        let Some(start) = &self.start else {
            return Flow::Stop;
        };
        let text = if self.json {
            trace::collected_json(collected, start)
        } else {
            trace::collected_line(collected, start.clocks_ns.0)
        };
        self.write(&text)
    }

    fn skipped(&mut self, gap: &Gap) -> Flow {
        let Some(start) = &self.start else {
            return Flow::Stop;
        };
        let text = if self.json {
            trace::gap_json(gap, start)
        } else {
            trace::gap_line(gap, start.clocks_ns.0)
        };
        self.write(&text)
    }

    fn pause(&mut self) -> Flow {
        let result = self.out.flush();
        self.went(result)
    }
}
