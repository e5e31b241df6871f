//! What to record, as plain values. Every default of a recording is here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::attach::Mechanism;
use crate::budget::MaxOverhead;
use crate::plan::{ProbeSet, Scheme};

/// What to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Running processes.
    Processes(Vec<u32>),
    /// Every process that runs this file, now or later. With a bound on the
    /// overhead new ones are found by looking, a few times a second.
    Executable(PathBuf),
    /// A command, started here, from its first allocation on.
    Command {
        /// What to run.
        program: OsString,
        /// With which arguments.
        args: Vec<OsString>,
    },
}

/// How to record it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What.
    pub subject: Subject,
    /// How long; without it until interrupted or until the target ends.
    pub duration: Option<Duration>,
    /// What tracing may cost each target.
    pub max_overhead: MaxOverhead,
    /// Whether and when what was counted is cut into pieces.
    pub cuts: Option<CutAt>,
    /// Which functions to probe.
    pub probes: ProbeSet,
    /// Sizes of the kernel's tables.
    pub tables: Tables,
    /// How to attach; by default the best way this kernel has.
    pub mechanism: Option<Mechanism>,
}

impl Config {
    /// How to attach.
    pub(super) fn mechanism(&self) -> Mechanism {
        self.mechanism.unwrap_or_else(Mechanism::of_this_kernel)
    }

    /// Which probes serve this: all of them, those of windows, or, where windows
    /// would take too long to open and shut, those of spans.
    pub(super) fn scheme(&self) -> Scheme {
        match (self.max_overhead, self.mechanism()) {
            (MaxOverhead::None, _) => Scheme::All,
            (MaxOverhead::Percent(_), Mechanism::UprobeMulti) => Scheme::Windows,
            (MaxOverhead::Percent(_), Mechanism::PerfEvent) => Scheme::Spans,
        }
    }
}

/// When what was counted is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutAt {
    /// At the ends of the target's garbage collections.
    Collections,
    /// After so much time; longer in the end if that would be too many pieces.
    Every(Duration),
}

/// Sizes of the kernel's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Ring buffer, bytes: a power of two of at least a page.
    pub ring_bytes: u32,
    /// Distinct (stack, type, size) that are counted in the kernel; the others
    /// are streamed.
    pub map_entries: u32,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            ring_bytes: 16 << 20,
            map_entries: 1 << 16,
        }
    }
}

/// How often progress is told.
pub const PROGRESS_PERIOD: Duration = Duration::from_millis(500);
