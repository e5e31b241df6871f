//! A recording from start to end: the one place that drives the stages.
//!
//! Each target is traced by an engine on a thread of its own; [`trace()`] has a pacer
//! instead.

mod assemble;
mod by_site;
mod config;
mod counting;
mod cuts;
mod discover;
mod engine;
mod exits;
mod gc_watch;
mod live;
mod pacer;
mod prepare;
mod record;
mod signals;
mod so_far;
mod trace;
mod tracing;
mod types;
mod windows;

pub use config::{Config, CutAt, Subject, Tables};
pub use live::{Live, Snapshot};
pub use prepare::Error;
pub use record::{Progress, Recording, Start, record};
pub use trace::{Flow, TraceConfig, TraceSink, trace};
pub use tracing::measure_hit_cost;
