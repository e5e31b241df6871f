//! The tables, in Markdown.

use crate::common::markdown::{Figures, Table, number};
use crate::comparison::{Comparison, Site};

/// Totals of every workload.
pub fn totals(comparisons: &[Comparison]) -> String {
    let mut table = Table::new(&[
        "workload",
        "compared with",
        "recordings",
        "s",
        "windows",
        "objects traced",
        "objects, exact",
        "objects, estimate off by",
        "heap bytes, estimate off by",
        "sites with 2 % of the bytes",
        "intervals that hold the exact bytes",
    ]);
    for comparison in comparisons {
        table.row(&[
            comparison.title.clone(),
            comparison.source.to_owned(),
            comparison.seconds.rounds().to_string(),
            number(comparison.seconds.median()),
            number(comparison.windows.median()),
            number(comparison.counted.median()),
            format!("{:.0}", comparison.objects),
            off_by(&comparison.object_ratios),
            off_by(&comparison.heap_byte_ratios),
            comparison.sites.len().to_string(),
            inside(&comparison.sites),
        ]);
    }
    table.to_string()
}

/// The sites of every workload.
pub fn sites(comparisons: &[Comparison]) -> String {
    let mut table = Table::new(&[
        "workload",
        "site",
        "share of the bytes, exact, %",
        "estimate off by (mean), %",
        "least - most, %",
        "width of the interval, % of the exact bytes (median)",
        "intervals that hold the exact bytes",
    ]);
    for comparison in comparisons {
        if comparison.sites.is_empty() {
            let none = "too many call chains were lost in the exact run to compare sites";
            table.row(&[&comparison.title, none, "", "", "", "", ""]);
        }
        for site in &comparison.sites {
            table.row(&[
                comparison.title.clone(),
                short(&site.key),
                number(site.share * 100.0),
                percent(site.ratios.mean()),
                range(&site.ratios),
                number(site.widths.median() * 100.0),
                inside(std::slice::from_ref(site)),
            ]);
        }
    }
    table.to_string()
}

/// By how much estimates are off that are this many times the exact figure.
fn off_by(ratios: &Figures) -> String {
    match ratios.rounds() {
        1 => format!("{} %", percent(ratios.mean())),
        _ => format!("{} %", range(ratios)),
    }
}

fn range(ratios: &Figures) -> String {
    format!("{} - {}", percent(ratios.low()), percent(ratios.high()))
}

fn percent(ratio: f64) -> String {
    format!("{:+.2}", (ratio - 1.0) * 100.0)
}

/// How many of how many.
fn inside(sites: &[Site]) -> String {
    let stated: u32 = sites.iter().map(|site| site.stated).sum();
    let inside: u32 = sites.iter().map(|site| site.inside).sum();
    match stated {
        0 => "none stated".to_owned(),
        stated => format!("{inside} of {stated}"),
    }
}

/// A site with the name of its file instead of the whole path.
fn short(key: &str) -> String {
    match key.rsplit_once('/') {
        Some((before, file)) if before.contains(' ') => {
            let function = before.split(' ').next().unwrap_or_default();
            format!("{function} {file}")
        }
        _ => key.to_owned(),
    }
}
