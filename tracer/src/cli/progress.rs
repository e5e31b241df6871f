//! What `record` says on stderr while it runs.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use tracer::collect::Totals;
use tracer::session::{Progress, Start};

/// One line that lives on a terminal, or just the start and the end elsewhere.
pub struct Line {
    bar: ProgressBar,
    last: (Totals, Duration),
}

impl Line {
    pub fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner())
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            last: (Totals::default(), Duration::ZERO),
        }
    }
}

impl Progress for Line {
    fn started(&mut self, start: &Start<'_>) {
        let pid = match start.pids {
            [] => "every process of".to_owned(),
            [pid] => format!("process {pid},"),
            pids => format!("{} processes, first", pids.len()),
        };
        eprintln!(
            "goalloc: recording {pid} {} ({}), {} probes on; Ctrl-C ends it",
            start.exe, start.go_version, start.probes
        );
        for warning in start.warnings {
            eprintln!("goalloc: warning: {warning}");
        }
    }

    fn tick(&mut self, totals: &Totals, elapsed: Duration) {
        let (before, then) = self.last;
        let seconds = (elapsed - then).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let rate = |now: u64, before: u64| (now.saturating_sub(before) as f64 / seconds) as u64;
        self.bar.set_message(format!(
            "{:>4}s  {} events/s  {}/s  {} events  {} lost",
            elapsed.as_secs(),
            HumanCount(rate(totals.hits, before.hits)),
            HumanBytes(rate(totals.bytes, before.bytes)),
            HumanCount(totals.hits),
            HumanCount(totals.lost_events + totals.lost_stacks),
        ));
        self.last = (*totals, elapsed);
    }

    fn stopped(&mut self) {
        self.bar.finish_and_clear();
    }
}
