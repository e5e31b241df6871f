//! What has changed from one recording to another.
//!
//! Input: two [`Profile`](crate::profile::Profile)s and [`Options`]. Output: a [`Diff`],
//! which each format module turns into text.
//!
//! Two runs of a program never allocate quite the same. So a row counts as changed only
//! if it is certain that it differs by more than a threshold: the difference less its
//! error is more than so many percent of the larger of the two figures. The error is what
//! the intervals of both come to, and what chance makes of two counts even where every
//! object was traced; it holds for all rows together at 95 %.

mod compare;
mod csv;
mod error;
mod facts;
mod figures;
mod html;
mod json;
mod keys;
mod table;

#[cfg(test)]
mod tests;

use clap::ValueEnum;

pub use compare::{Diff, Row};
pub use csv::to_csv;
pub use html::write_html;
pub use json::{SCHEMA, to_json};
pub use keys::Builds;
pub use table::to_table;

use crate::report::{By, Sort};

/// What is compared, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What rows are made of.
    pub by: By,
    /// What is compared.
    pub sort: Sort,
    /// What figures are related to.
    pub per: Per,
    /// By how much a figure has to differ to count as changed, in percent.
    pub threshold_percent: f64,
    /// Most rows that did not change; 0 for all.
    pub top: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            by: By::default(),
            sort: Sort::default(),
            per: Per::Recording,
            threshold_percent: 5.0,
            top: 20,
        }
    }
}

/// What figures are related to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Per {
    /// The whole recording.
    Recording,
    /// A second of it.
    Second,
    /// An operation, of which there were so many before and after.
    Operation(f64, f64),
}

/// Units that need no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// The whole recording
    Recording,
    /// A second of it
    Second,
}

impl From<Unit> for Per {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Recording => Self::Recording,
            Unit::Second => Self::Second,
        }
    }
}

impl Per {
    /// Name as the JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Second => "second",
            Self::Operation(..) => "operation",
        }
    }

    /// What goes behind a figure.
    fn suffix(self) -> &'static str {
        match self {
            Self::Recording => "",
            Self::Second => "/s",
            Self::Operation(..) => "/op",
        }
    }
}

/// Why two recordings cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// Rates of no time.
    #[error(
        "no figures per second: {} does not say how long it took; leave --per second out",
        if *.is_before { "the first recording" } else { "the second recording" }
    )]
    NoDuration {
        /// Whether it is the first of the two.
        is_before: bool,
    },
}
