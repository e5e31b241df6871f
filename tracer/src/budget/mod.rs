//! The budget: how much tracing may cost the target, what a hit costs on this
//! machine, and when probes go on and off so that the one holds the other.
//!
//! Input: the time the target uses and the hits of its probes. Output: how many
//! hits may come in, and when the next window of tracing begins. [`Schedule`] is
//! pure; [`calibrate()`] and [`CpuClock`] measure.

mod calibrate;
mod clock;
mod cost;
mod limit;
mod schedule;

pub use calibrate::{Error, calibrate, calibrate_return};
pub use clock::{CpuClock, cpus, own_cpu_ns};
pub use cost::{HitCost, Meter, Spent};
pub use limit::{MaxOverhead, ParseError};
pub use schedule::{Length, Schedule};
