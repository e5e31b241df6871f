//! What to record, as plain values. Every default of a recording is here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::attach::Mechanism;
use crate::plan::ProbeSet;

/// What to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A running process.
    Process(u32),
    /// Every process that runs this file, now or later.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What.
    pub subject: Subject,
    /// How long; without it until interrupted or until the target ends.
    pub duration: Option<Duration>,
    /// Which functions to probe.
    pub probes: ProbeSet,
    /// Sizes of the kernel's tables.
    pub tables: Tables,
    /// How to attach; by default the best way this kernel has.
    pub mechanism: Option<Mechanism>,
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

/// How often the ring is drained. At 5 ms the default ring has room for
/// 3 million stacks a second.
pub const DRAIN_PERIOD: Duration = Duration::from_millis(5);

/// How often progress is told.
pub const PROGRESS_PERIOD: Duration = Duration::from_millis(500);
