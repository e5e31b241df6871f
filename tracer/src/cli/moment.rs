//! A recording of one process for a moment, for commands that say something of it at once.

use std::time::Duration;

use tracer::budget::MaxOverhead;
use tracer::plan::ProbeSet;
use tracer::session::{Config, Subject, Tables};

/// Which process, for how long and at which cost.
#[derive(Debug, clap::Args)]
pub struct Moment {
    /// Process to attach to
    #[arg(short, long, value_name = "PID")]
    pub pid: u32,
    /// How long to record, as 10s or 2m; Ctrl-C ends it earlier
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub duration: Duration,
    /// What tracing may cost, in percent of the CPU time the target uses, or none to
    /// trace every allocation
    #[arg(long, value_name = "PCT|none", default_value_t)]
    pub max_overhead: MaxOverhead,
}

impl Moment {
    /// As the session wants it.
    pub fn config(&self) -> Config {
        config(self.pid, self.duration, self.max_overhead)
    }
}

/// The configuration of such a recording.
pub fn config(pid: u32, duration: Duration, max_overhead: MaxOverhead) -> Config {
    Config {
        subject: Subject::Processes(vec![pid]),
        duration: Some(duration),
        max_overhead,
        cuts: None,
        probes: ProbeSet::default(),
        tables: Tables::default(),
        mechanism: None,
    }
}
