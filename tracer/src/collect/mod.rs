//! From kernel maps and ring records to raw counts.
//!
//! Input: the loaded maps. Output: the counts of each window, and at the end a
//! [`RawRecording`], in which nothing is resolved yet: symbols, types and causes
//! come later, off the drain path.

mod batch;
mod call;
mod call_return;
mod call_ring;
mod cut;
mod cuts;
mod decode;
mod drain;
mod exit;
mod raw;
mod ring_ends;
mod store;
mod tally;

pub use call::{Call, Copied};
pub use call_return::Return;
pub use call_ring::{CallRecord, CallRing, LostCalls};
pub use cut::{Cut, CyclesEnded, Pieces, join_slices, slice_of};
pub use decode::{DecodeError, Record, Stack};
pub use drain::{Collector, Counts, Cpu, CpuCounts, Error, News, Totals, regardless_of_cpu};
pub use exit::ExitCopies;
pub use raw::{RawRecording, RuntimeTypeBytes};
pub use ring_ends::RingPosition;
pub use store::{frames_to_keep, key_with_room};
pub use tally::Tally;
