//! What was allocated over time.

use serde::{Deserialize, Serialize};

/// A recording cut into slices of time.
///
/// The series of all sites sum, slice by slice, to what [`Slice`] says: sites that have
/// no series of their own share one, and so does what no window saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// How long a slice was meant to be; the last one may be shorter.
    pub interval_ns: u64,
    /// In order, each beginning where the one before ends.
    pub slices: Vec<Slice>,
    /// Who allocated it, most heap first.
    pub series: Vec<SiteSeries>,
}

/// What was allocated in one slice of time, by the runtime's counters where they could
/// be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// When it ended, since the recording began.
    pub end_ns: u64,
    /// Heap objects.
    pub objects: u64,
    /// Bytes of heap set aside.
    pub heap_bytes: u64,
}

/// What one site allocated in each slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSeries {
    /// The site as reports name it, or what the series stands for in brackets.
    pub site: String,
    /// Heap objects, one number a slice.
    pub objects: Vec<u64>,
    /// Bytes of heap set aside, one number a slice.
    pub heap_bytes: Vec<u64>,
}
