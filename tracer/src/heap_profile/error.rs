//! Why there is no heap profile to read.

use crate::addr::ProcAddr;

/// Why there is no heap profile to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapProfileError {
    /// A release newer than known.
    #[error("built by {version}, whose heap profile is not known")]
    UnknownLayout {
        /// The release, as the file states it.
        version: String,
    },
    /// Neither symbols nor debug information nor the machine code tell.
    #[error("built by {version}, where the runtime's heap profile was not found")]
    NotFound {
        /// The release, as the file states it.
        version: String,
    },
    /// The profiler is off.
    #[error(
        "it is off: MemProfileRate is {rate}, which the program or GODEBUG=memprofilerate sets, or the linker where nothing can ask for the profile"
    )]
    Off {
        /// As the runtime has it.
        rate: i64,
    },
    /// The rate was changed between two reads.
    #[error("MemProfileRate was changed meanwhile, from {before} to {now} bytes")]
    RateChanged {
        /// As it was.
        before: u64,
        /// As it is.
        now: u64,
    },
    /// The process has exited, or what should be an address is none.
    #[error("cannot read {what} at {at} of the process's memory")]
    Unreadable {
        /// What should be there.
        what: &'static str,
        /// Its address.
        at: ProcAddr,
    },
    /// What is there is not what the runtime has there.
    #[error("what should be a bucket of the heap profile at {at} is something else: {found}")]
    Implausible {
        /// Its address.
        at: ProcAddr,
        /// What does not fit.
        found: String,
    },
}
