//! The figures of a row, for people.

use super::Row;
use crate::profile::Measure;
use crate::report::units::figure;

/// Before, after, the difference, its error, and the difference in percent.
pub(super) fn figures(row: &Row, measure: Measure) -> [String; 5] {
    let figure = |value: f64| figure(value, measure);
    let difference = row.difference();
    let sign = if difference < 0.0 { '-' } else { '+' };
    let percent = match row.percent() {
        Some(percent) => format!("{percent:+.1}"),
        None if row.after.value > 0.0 => "new".to_owned(),
        None => String::new(),
    };
    [
        figure(row.before.value),
        figure(row.after.value),
        format!("{sign}{}", figure(difference.abs())),
        figure(row.error),
        percent,
    ]
}
