//! The rows as CSV: a header line, then one line for each row, all of them.
//!
//! Columns are the fields of a row in the JSON, an interval as two; they are empty where
//! those are null.

use super::{Diff, Row};
use crate::check::Estimate;

/// The rows of `diff` as CSV.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn to_csv(diff: &Diff<'_>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "key",
        "before",
        "after",
        "difference",
        "error",
        "percent",
        "changed",
        "before_low",
        "before_high",
        "after_low",
        "after_high",
    ])?;
    for row in &diff.rows {
        writer.write_record(record(row))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(row: &Row) -> [String; 11] {
    let [before_low, before_high] = ends(row.before);
    let [after_low, after_high] = ends(row.after);
    [
        row.key.clone(),
        row.before.value.to_string(),
        row.after.value.to_string(),
        row.difference().to_string(),
        row.error.to_string(),
        row.percent().map_or_else(String::new, |it| it.to_string()),
        row.changed.to_string(),
        before_low,
        before_high,
        after_low,
        after_high,
    ]
}

/// Both ends of an interval, empty when there is none.
fn ends(estimate: Estimate) -> [String; 2] {
    if estimate.is_exact() {
        return Default::default();
    }
    [estimate.low.to_string(), estimate.high.to_string()]
}
