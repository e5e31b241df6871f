//! The Go runtime's own count of its allocations, read from outside.
//!
//! A Go program counts every heap object it makes. What `runtime.ReadMemStats`
//! reports as `Mallocs` and `TotalAlloc` is in its memory at any moment: an
//! object is counted in the span it lies in while a processor allocates from
//! that span, and in `memstats.heapStats` from then on. A [`CounterReader`] adds
//! up both, without stopping the target: no probe, no ptrace, no write.
//!
//! # What a read is worth
//!
//! While the target is quiet a read is what `ReadMemStats` would report, to the
//! object. While it allocates, counts move from spans to `heapStats` under the
//! reader's eyes. It reads `heapStats` before and after everything else: where a
//! count is the same, nothing moved, and the sum is the one of an instant within
//! the read. Where it is not, that class is read again, some times over. So:
//!
//! * The count of each class is that of an instant within the read, though not
//!   the same instant for all classes.
//! * Where a class did not come to rest, its count is a lower bound, and
//!   [`Counters::uncertain_objects`] says how much higher it may be.
//! * Counts never decrease from one read to the next.
//!
//! One error goes unnoticed: when the kernel suspends a thread of the target
//! between two particular instructions of `refill` or `releaseAll` (a window of
//! some ten nanoseconds, once for each span that fills up) and for the whole
//! time of the read. Then the objects of that one span, 1024 at most, are missed
//! or counted twice until a later read. The same comes of a reader that is
//! suspended amid the 40 bytes of a span which leaves its cache unused meanwhile.
//!
//! After the target has ended nothing can be read any more. What it had counted by then
//! comes from a copy that a probe takes as it ends ([`exit_sites`], [`ExitCopy`]).
//!
//! Beside the counters a [`CollectionReader`] tells which garbage collections have
//! ended, and how large the heap was in the last of them.

mod batch;
mod check;
mod collections;
mod counts;
mod decode;
mod error;
mod exit;
mod processors;
mod reader;
mod round;
mod tally;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use collections::{CollectionReader, Ended};
pub use counts::{Collections, Counters, HeapSizes};
pub use error::CountersError;
pub use exit::{ExitCopy, ExitSite, exit_sites};
pub use reader::{CounterReader, ReadMemory};
