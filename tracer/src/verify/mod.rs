//! Whether independent counts of one program's allocations agree.
//!
//! Input: what goalloc recorded, and two [`Reading`]s of what the runtime counts
//! itself, from when the recording began and ended. Output: a [`Verification`]:
//!
//! - goalloc's own count. Where it traced in windows only, its totals are the runtime's
//!   own, and there is nothing to compare;
//! - the runtime's counters ([`counters`](crate::counters)), which the others are held
//!   against;
//! - the runtime's heap profile ([`heap_profile`](crate::heap_profile)), where its
//!   profiler is on.
//!
//! A source agrees when it differs by no more than its own error explains, or by 1 %.

mod compare;
mod json;
mod outside;
mod table;

#[cfg(test)]
mod golden;

pub use compare::{Error, Figure, Source, Verdict, Verification, verify};
pub use json::{SCHEMA, to_json};
pub use outside::{Outside, OutsideError, Reading};
pub use table::to_table;
