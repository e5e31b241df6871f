//! What the compiler said of allocations, joined with what was measured.
//!
//! Input: a [`Profile`](crate::profile::Profile) and the [`BuildLog`] of the program it
//! is of. Output: an [`Explanation`], in which every byte of the profile is in one of two
//! lists: allocations that the compiler announced, with its reasons, and those it said
//! nothing of. What it announced and nobody measured is a third list.
//!
//! The two are joined by package, file name and line. A function that was inlined is
//! looked for at its own line first, then at the lines that it was inlined into: the
//! compiler speaks of both.

mod announced;
mod build_log;
mod join;
mod json;
mod sarif;
mod table;

#[cfg(test)]
mod golden;

pub use announced::Escape;
pub use build_log::{BuildLog, BuildLogError};
pub use join::{Blind, BlindSpot, Explanation, Measured, explain};
pub use json::{SCHEMA, to_json};
pub use sarif::to_sarif;
pub use table::to_table;
