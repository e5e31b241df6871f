//! The profile: what a recording says, in the shape it is stored in.
//!
//! Input: resolved samples. Output: a [`Profile`], which is stored as pprof and
//! which every report and export is made of.

pub mod model;

pub use model::*;
