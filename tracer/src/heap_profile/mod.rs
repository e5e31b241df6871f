//! The Go runtime's own heap profile, read from outside.
//!
//! Where its profiler is on (`runtime.MemProfileRate` above 0, and something in the
//! program can ask for the profile) the runtime samples its allocations, one in so
//! many bytes, and keeps a bucket for each call stack and size. The buckets are a
//! list that only grows; a [`HeapProfileReader`] walks it and adds the samples up by
//! size, without stopping the target: no probe, no ptrace, no write.
//!
//! # What a read is worth
//!
//! Of a quiet target it is exact. A collection moves a bucket's samples from its
//! future cycles to the published one, and a read at that moment can see them twice
//! or not at all: each bucket is read three times and the middle count taken.
//!
//! What the samples stand for is [`HeapProfile::estimate`], by the formula that
//! `go tool pprof` uses. With a rate of 1 every object is sampled but those that
//! share a 16-byte block with an earlier one: the runtime never samples those.

mod decode;
mod error;
mod estimate;
mod reader;

#[cfg(test)]
mod tests;

pub use error::HeapProfileError;
pub use estimate::{Estimate, HeapProfile, SamplingError};
pub use reader::HeapProfileReader;
