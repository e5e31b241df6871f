//! From the counts of windows to estimates of everything.
//!
//! Input: the counts of each window and how many objects were allocated around
//! it untraced ([`ByTime`] where the runtime does not tell). Output: what each key stands for ([`Accumulator`]), and the
//! estimates that agree with the runtime's own counters ([`share_out`]). Pure.
//!
//! A window of tracing slows its target down, so the time it takes says nothing
//! of how much it stands for. The runtime's counters do: the objects of the gap
//! before and of the gap behind a window are shared out by what the window saw.

mod accumulate;
mod by_time;
mod share;

pub use accumulate::Accumulator;
pub use by_time::ByTime;
pub use share::{Entry, StratumId, share_out};
