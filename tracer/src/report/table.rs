//! The report for people: a header, the rows, counted calls, and the
//! distribution of sizes.

use std::fmt::Write;

use comfy_table::{
    Cell, CellAlignment, ContentArrangement, Row as TableRow, Table, TableComponent, presets,
};

use super::facts::{PERCENT_OFF, fact_lines, facts};
use super::units::{bar, bytes, count, percent_off, short_path};
use super::{By, Report, Sort};

/// Most rows of counted calls; the JSON has all.
const CALL_ROWS: usize = 10;

/// Width of the longest bar of the distribution, in characters.
const BAR_WIDTH: usize = 40;

/// `report` as text of at most `width` columns, no colors. Narrow columns wrap.
/// Only the last two parts of a path are shown.
#[must_use]
pub fn to_table(report: &Report<'_>, width: u16) -> String {
    let mut text = fact_lines(&facts(report));
    if report.rows.is_empty() {
        text.push_str(match report.options.only {
            Some(_) => "\nNo row has a key that contains what --only asks for.\n",
            None => "\nNo heap objects in this recording.\n",
        });
    } else {
        section(&mut text, &rows(report, width));
        let hidden = report.rows_in_all - report.rows.len();
        if hidden > 0 {
            let _ = writeln!(
                text,
                "{} more rows: --top 0 shows all",
                count(hidden as u64)
            );
        }
    }
    if !report.call_rows.is_empty() {
        section(&mut text, &calls(report, width));
    }
    text.push_str(&distribution(report));
    text
}

fn rows(report: &Report<'_>, width: u16) -> Table {
    let mut headings = vec![
        "bytes",
        "%",
        "objects",
        "p50",
        "p99",
        "max",
        report.options.by.name(),
    ];
    // Behind what rows are ordered by.
    let off = match report.options.sort {
        Sort::Bytes => 1,
        Sort::Objects => 3,
    };
    if report.estimated {
        headings.insert(off, PERCENT_OFF);
    }
    let mut table = table(&headings, width);
    for row in &report.rows {
        let sizes = row.sizes();
        let mut figures = vec![
            bytes(row.values.bytes),
            format!("{:.1}", row.percent),
            count(row.values.objects),
            bytes(sizes.quantile(0.5)),
            bytes(sizes.quantile(0.99)),
            bytes(sizes.max()),
        ];
        if report.estimated {
            let (value, interval) = row.sorted_by(report.options.sort);
            figures.insert(off, percent_off(value, interval));
        }
        let key = match report.options.by {
            By::Site | By::Line => short_key(&row.key),
            By::Function | By::Type | By::Cause | By::Package | By::Module => row.key.clone(),
        };
        table.add_row(table_row(&figures, &[key]));
    }
    table
}

fn calls(report: &Report<'_>, width: u16) -> Table {
    let shown = || report.call_rows.iter().take(CALL_ROWS);
    let estimated = shown().any(|row| row.calls_interval.is_some());
    let mut headings = vec!["calls", "of", "for type", "from"];
    if estimated {
        headings.insert(1, PERCENT_OFF);
    }
    let mut table = table(&headings, width);
    for row in shown() {
        let texts = [
            row.call.clone(),
            row.type_name.clone(),
            short_key(&row.site),
        ];
        let mut figures = vec![count(row.calls)];
        if estimated {
            figures.push(percent_off(row.calls, row.calls_interval));
        }
        table.add_row(table_row(&figures, &texts));
    }
    table
}

/// An empty table with these headings.
pub(crate) fn table(headings: &[&str], width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .force_no_tty()
        .set_header(headings.iter().map(Cell::new));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// A row: figures to the right, texts to the left.
pub(crate) fn table_row(figures: &[String], texts: &[String]) -> TableRow {
    let figures = figures
        .iter()
        .map(|f| Cell::new(f).set_alignment(CellAlignment::Right));
    TableRow::from(
        figures
            .chain(texts.iter().map(Cell::new))
            .collect::<Vec<_>>(),
    )
}

/// Appends a table, a line between it and what precedes it, and no spaces at
/// the end of lines.
pub(crate) fn section(text: &mut String, table: &Table) {
    text.push('\n');
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// A site or line with its path shortened. Only what follows the last space is
/// a path, so that spaces in function names do no harm.
pub(crate) fn short_key(key: &str) -> String {
    match key.rsplit_once(' ') {
        Some((function, path)) => format!("{function} {}", short_path(path)),
        None if key.starts_with('/') => short_path(key),
        None => key.to_owned(),
    }
}

/// Quantiles over all objects, and a bar for each power of two.
fn distribution(report: &Report<'_>) -> String {
    let sizes = &report.sizes;
    let powers = sizes.powers();
    let Some(tallest) = powers.iter().map(|bucket| bucket.objects).max() else {
        return String::new();
    };
    let mut text = format!(
        "\nSizes     {} objects   p50 {}   p90 {}   p99 {}   max {}\n",
        count(sizes.objects()),
        bytes(sizes.quantile(0.5)),
        bytes(sizes.quantile(0.9)),
        bytes(sizes.quantile(0.99)),
        bytes(sizes.max()),
    );
    for bucket in &powers {
        let upper = bytes(bucket.upper_bytes);
        let objects = count(bucket.objects);
        let share = bucket.objects as f64 / sizes.objects() as f64 * 100.0;
        let bar = bar(bucket.objects, tallest, BAR_WIDTH);
        let _ = writeln!(text, "  ≤ {upper:>8} {objects:>15} {share:>5.1} % {bar}");
    }
    // Empty buckets have no bar.
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Losses, Profile, fixture};
    use crate::report::Options;

    #[test]
    fn lines_keep_to_the_width() {
        for profile in [fixture::service(), fixture::sampled()] {
            let text = to_table(&Report::new(&profile, Options::default()), 100);
            let tables = text.lines().skip_while(|line| !line.is_empty());
            for line in tables {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }

    #[test]
    fn exact_reports_have_no_column_for_intervals() {
        let profile = fixture::service();
        let text = to_table(&Report::new(&profile, Options::default()), 100);
        assert!(!text.contains('±'), "{text}");
    }

    #[test]
    fn estimates_without_intervals_are_said_to_be() {
        let mut profile = fixture::sampled();
        profile.strata.clear();
        for sample in &mut profile.samples {
            sample.parts.clear();
        }
        let text = to_table(&Report::new(&profile, Options::default()), 100);
        assert!(text.contains("\n± %       not known:"), "{text}");
    }

    #[test]
    fn intervals_are_behind_what_rows_are_ordered_by() {
        let profile = fixture::sampled();
        for (sort, headings) in [
            (Sort::Bytes, ["bytes", "±", "%", "%", "objects"]),
            (Sort::Objects, ["bytes", "%", "objects", "±", "%"]),
        ] {
            let options = Options {
                sort,
                ..Options::default()
            };
            let text = to_table(&Report::new(&profile, options), 100);
            let line = text.lines().find(|line| line.starts_with("bytes")).unwrap();
            let words: Vec<_> = line.split_whitespace().take(5).collect();
            assert_eq!(words, headings);
        }
    }

    #[test]
    fn losses_cannot_be_overlooked_and_cut_stacks_are_no_loss() {
        let mut profile = fixture::service();
        let lost = to_table(&Report::new(&profile, Options::default()), 100);
        assert!(
            lost.contains("\n!!! LOST  2 events are in no sample at all"),
            "{lost}"
        );
        profile.losses = Losses {
            stacks_cut: 3,
            ..Losses::default()
        };
        let cut = to_table(&Report::new(&profile, Options::default()), 100);
        assert!(
            !cut.contains("LOST") && cut.contains("Cut       3 call chains"),
            "{cut}"
        );
    }

    #[test]
    fn an_empty_recording_says_so() {
        let text = to_table(&Report::new(&Profile::default(), Options::default()), 100);
        assert!(
            text.contains("No heap objects in this recording."),
            "{text}"
        );
    }

    #[test]
    fn hidden_rows_are_mentioned() {
        let profile = fixture::service();
        let text = to_table(
            &Report::new(
                &profile,
                Options {
                    top: 1,
                    ..Options::default()
                },
            ),
            100,
        );
        assert!(text.contains("5 more rows: --top 0 shows all"), "{text}");
    }
}
