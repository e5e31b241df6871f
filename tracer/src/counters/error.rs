//! Why the counters of a process cannot be read.

use crate::addr::ProcAddr;

/// Why the counters of a process cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountersError {
    /// A release newer than known, without debug information.
    #[error(
        "built by {version}, whose allocation counters are not known and which has no debug information"
    )]
    UnknownLayout {
        /// The release, as the file states it.
        version: String,
    },
    /// Neither symbols nor debug information nor the machine code tell.
    #[error("built by {version}, where the runtime's allocation counters were not found")]
    NoRuntimeData {
        /// The release, as the file states it.
        version: String,
    },
    /// The same of what the garbage collector keeps of a collection.
    #[error("built by {version}, where the garbage collector's own figures were not found")]
    NoHeapSizes {
        /// The release, as the file states it.
        version: String,
    },
    /// The process runs, but not yet the Go program in it.
    #[error("the Go runtime of the process has not started yet")]
    NotStarted,
    /// The process has exited, or what should be an address is none.
    #[error("cannot read {what} at {at} of the process's memory")]
    Unreadable {
        /// What should be there.
        what: &'static str,
        /// Its address.
        at: ProcAddr,
    },
    /// What is there is not what the runtime has there.
    #[error("what should be the runtime's {what} at {at} is something else: {found}")]
    Implausible {
        /// What should be there.
        what: &'static str,
        /// Its address.
        at: ProcAddr,
        /// What does not fit.
        found: String,
    },
    /// The runtime was at work on its counters each time they were looked at.
    #[error("the runtime was rearranging its allocation counters all the time; try again")]
    Unsettled,
}
