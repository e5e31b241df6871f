//! From the counts of windows to estimates of everything.
//!
//! Input: the counts of each window, how long it was open and what hits took of that,
//! how long the gaps between windows were and how many objects were allocated in them.
//! Output: what each key stands for ([`Accumulator`]), and the estimates that agree with the
//! runtime's own counters ([`share_out`]). Pure.
//!
//! Windows begin at random and last as long as was settled before, so an object is as
//! likely to be seen as any other, and each that is seen stands for so many that are
//! not: the time between windows over the time in them. What time in a window is: what
//! the target had to itself, without that in hits. How many objects of each size there
//! were is the runtime's to say, some windows at a time ([`ByKind`]): time in a window is
//! not known well where a program does next to nothing but allocate.
//!
//! A stretch that was cut off a recording has few windows, or none: what it has of each site is
//! simply in proportion to what they saw ([`share_by_site`]).

mod accumulate;
mod kind;
mod rate;
mod share;
#[cfg(test)]
mod simulation;
mod sites;

pub use accumulate::{Accumulated, Accumulator, Gap};
pub use kind::ByKind;
pub use rate::Window;
pub use share::{Entry, StratumId, share_out};
pub use sites::{Amount, BySite, Counted, SiteId, Traced, share_by_site};
