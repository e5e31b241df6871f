//! The profile: what a recording says, in the shape it is stored in.
//!
//! Input: resolved samples. Output: a [`Profile`], which is stored as pprof and
//! which every report and export is made of.

pub mod frame;
pub mod histogram;
pub(crate) mod interner;
pub mod interval;
pub mod merge;
pub mod model;
pub mod module;
pub mod pprof;
pub mod summary;
pub mod timeline;

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
pub mod strategy;

pub use frame::Frame;
pub(crate) use frame::FrameId;
pub use histogram::SizeHistogram;
pub use interval::{Interval, Intervals, Measure};
pub use merge::merge;
pub use model::*;
pub use timeline::{SiteSeries, Slice, Timeline};
