//! Tables, JSON, CSV and histograms made from a profile.
//!
//! Input: a [`Profile`](crate::profile::Profile) and [`Options`]. Output: a
//! [`Report`], which each format module turns into text.
//!
//! Attribution is flat: a sample counts for its site alone, the innermost frame
//! that is not the runtime's (inlined frames are frames), and never for the
//! callers of it.

mod csv;
mod facts;
mod hgrm;
mod hlog;
mod json;
mod key;
mod keys;
mod rows;
mod sparkline;
mod table;
pub mod units;

#[cfg(test)]
mod golden;

pub use csv::to_csv;
pub use facts::{Fact, OVER_TIME, Weight, facts};
pub(crate) use facts::{fact_lines, limits};
pub use hgrm::to_hgrm;
pub use hlog::{HlogError, to_hlog};
pub use json::{Lost, SCHEMA, to_json};
pub use key::{By, NO_CAUSE, NO_TYPE};
pub(crate) use keys::Keys;
pub use rows::{CallRow, Options, Report, Row, Sort};
pub use table::to_table;
pub(crate) use table::{section, short_key, table, table_row};
