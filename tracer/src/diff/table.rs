//! What has changed, for people.

use std::fmt::Write as _;

use comfy_table::Table;

use super::compare::measure;
use super::facts::facts;
use super::figures::figures;
use super::{Diff, Row};
use crate::report::units::count;
use crate::report::{By, fact_lines, section, short_key, table, table_row};

/// A header, the rows that changed, and the others; at most `width` columns.
#[must_use]
pub fn to_table(diff: &Diff<'_>, width: u16) -> String {
    let mut text = fact_lines(&facts(diff));
    let (changed, unchanged) = (diff.changed(), diff.unchanged());
    if changed.is_empty() {
        let _ = writeln!(text, "\nNothing changed for certain.");
    } else {
        let _ = writeln!(text, "\nChanged");
        section(&mut text, &rows(diff, changed, width));
    }
    if !unchanged.is_empty() {
        let _ = writeln!(text, "\nWithin the threshold and the error");
        section(&mut text, &rows(diff, unchanged, width));
        let hidden = diff.rows.len() - changed.len() - unchanged.len();
        if hidden > 0 {
            let hidden = count(hidden as u64);
            let _ = writeln!(text, "{hidden} more rows: --top 0 shows all");
        }
    }
    text
}

fn rows(diff: &Diff<'_>, rows: &[Row], width: u16) -> Table {
    let by = diff.options.by;
    let measure = measure(diff.options.sort);
    let headings = ["before", "after", "difference", "±", "%", by.name()];
    let mut table = table(&headings, width);
    for row in rows {
        let key = match by {
            By::Site | By::Line => short_key(&row.key),
            By::Function | By::Type | By::Cause | By::Package | By::Module => row.key.clone(),
        };
        table.add_row(table_row(&figures(row, measure), &[key]));
    }
    table
}
