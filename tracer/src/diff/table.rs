//! What has changed, for people.

use std::fmt::Write as _;

use comfy_table::Table;

use super::compare::measure;
use super::{Builds, Diff, Per, Row};
use crate::profile::{Profile, summary};
use crate::report::units::{count, figure};
use crate::report::{By, section, short_key, table, table_row};

/// A header, the rows that changed, and the others; at most `width` columns.
#[must_use]
pub fn to_table(diff: &Diff<'_>, width: u16) -> String {
    let mut text = header(diff);
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

fn header(diff: &Diff<'_>) -> String {
    let options = &diff.options;
    let mut text = String::new();
    // Writing to a String does not fail.
    let mut line = |name: &str, value: &str| {
        let value = value.replace(['\n', '\r'], " ");
        let _ = writeln!(text, "{name:<9} {value}");
    };
    line("Before", &recording(diff.before));
    line("After", &recording(diff.after));
    let per = match options.per {
        Per::Recording => String::new(),
        Per::Second => " per second".to_owned(),
        Per::Operation(before, after) => {
            format!(" per operation, of which there were {before} and {after}")
        }
    };
    line(
        "Compared",
        &format!("{} by {}{per}", options.sort.name(), options.by.name()),
    );
    if diff.is_known {
        let threshold = options.threshold_percent;
        line(
            "Changed",
            &format!("what differs by more than {threshold} %, its error (±, 95 %) taken off"),
        );
    } else {
        line(
            "Changed",
            "not known: a file does not say how far its figures may be off",
        );
    }
    if diff.builds == Builds::Differ && options.by == By::Site {
        line(
            "Builds",
            "not known to be the same: sites are matched by function and line within it",
        );
    }
    if let (Per::Recording, Some(longer)) = (options.per, longer_by(diff)) {
        line(
            "Note",
            &format!(
                "one recording is {longer:.0} % longer: --per second or --ops relates figures to \
                 time or work"
            ),
        );
    }
    for (name, profile) in [("before", diff.before), ("after", diff.after)] {
        if let Some(lost) = summary::losses(&profile.losses).filter(|_| profile.losses.any()) {
            line("!!! LOST", &format!("{name}: {lost}"));
        }
    }
    let total = &diff.total;
    let suffix = options.per.suffix();
    let [before, after, difference, error, percent] = figures(diff, total);
    let percent = if percent.is_empty() {
        percent
    } else {
        format!(", {percent} %")
    };
    line(
        "Total",
        &format!(
            "{before}{suffix} before, {after}{suffix} after: {difference}{suffix}{percent} \
             (± {error}{suffix})"
        ),
    );
    text
}

fn recording(profile: &Profile) -> String {
    format!(
        "{}, {}: {}",
        summary::target(profile),
        summary::seconds(profile.duration_ns),
        summary::coverage(profile)
    )
}

/// By how many percent one recording is longer, if by more than the threshold.
fn longer_by(diff: &Diff<'_>) -> Option<f64> {
    let (before, after) = (diff.before.duration_ns, diff.after.duration_ns);
    let (shorter, longer) = (before.min(after), before.max(after));
    let percent = (longer as f64 / shorter as f64 - 1.0) * 100.0;
    (shorter > 0 && percent > diff.options.threshold_percent).then_some(percent)
}

fn rows(diff: &Diff<'_>, rows: &[Row], width: u16) -> Table {
    let by = diff.options.by;
    let headings = ["before", "after", "difference", "±", "%", by.name()];
    let mut table = table(&headings, width);
    for row in rows {
        let key = match by {
            By::Site | By::Line => short_key(&row.key),
            By::Function | By::Type | By::Cause | By::Package | By::Module => row.key.clone(),
        };
        table.add_row(table_row(&figures(diff, row), &[key]));
    }
    table
}

/// Before, after, the difference, its error, and the difference in percent.
fn figures(diff: &Diff<'_>, row: &Row) -> [String; 5] {
    let figure = |value: f64| figure(value, measure(diff.options.sort));
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
