//! A recording from start to end: the one place that drives the stages.

mod config;
mod prepare;
mod record;

pub use config::{Config, Subject, Tables};
pub use prepare::Error;
pub use record::{Progress, Recording, Start, record};
