//! One cycle: from the end of a collection to the end of the next.

use crate::counters::HeapSizes;
use crate::estimate::SiteId;

/// What a site allocated in a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteBytes {
    /// Where.
    pub site: SiteId,
    /// Heap set aside.
    pub bytes: f64,
}

/// What was allocated until a collection had ended, since the one before had.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// Number of the collection, as `GODEBUG=gctrace=1` prints it.
    pub number: u32,
    /// Collections that ended at the end of it: more than one where they followed each
    /// other too quickly to be told apart, none in the last cycle.
    pub collections: u32,
    /// How many of them the program called for.
    pub forced: u32,
    /// When that was noticed, since the recording began.
    pub ended_ns: u64,
    /// How much later than it happened, at most.
    pub late_ns: u64,
    /// How large the heap was in the last of the collections, where that could be read.
    pub heap: Option<HeapSizes>,
    /// Objects allocated by the runtime's counters.
    pub objects: u64,
    /// Heap set aside for them.
    pub bytes: u64,
    /// Bytes by site, most first.
    pub sites: Vec<SiteBytes>,
    /// Bytes of which no window saw any.
    pub unseen_bytes: f64,
}
