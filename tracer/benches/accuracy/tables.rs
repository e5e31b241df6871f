//! The tables, in Markdown.

use crate::common::markdown::Table;
use crate::comparison::{Comparison, Site};

/// Totals of every workload.
pub fn totals(comparisons: &[Comparison]) -> String {
    let mut table = Table::new(&[
        "workload",
        "s",
        "windows",
        "objects traced",
        "objects, exact",
        "objects, estimate off by",
        "heap bytes, exact",
        "heap bytes, estimate off by",
        "sites with 2 % of the bytes",
        "largest error of a share, points",
        "shares inside their interval",
        "compared with",
    ]);
    for comparison in comparisons {
        let sites = comparison.sites.as_deref();
        table.row(&[
            comparison.title.clone(),
            format!("{:.1}", comparison.seconds),
            comparison.windows.to_string(),
            comparison.counted.to_string(),
            format!("{:.0}", comparison.objects.exact),
            percent(comparison.objects.error()),
            format!("{:.0}", comparison.heap_bytes.exact),
            percent(comparison.heap_bytes.error()),
            sites.map_or_else(String::new, |sites| sites.len().to_string()),
            sites.map_or_else(String::new, largest_error),
            sites.map_or_else(String::new, inside),
            comparison.source.to_owned(),
        ]);
    }
    table.to_string()
}

/// The sites of every workload.
pub fn sites(comparisons: &[Comparison]) -> String {
    let mut table = Table::new(&[
        "workload",
        "site",
        "exact share, %",
        "estimated share, %",
        "interval, %",
        "width, points",
        "inside",
    ]);
    for comparison in comparisons {
        let Some(sites) = &comparison.sites else {
            let none = "too many call chains were lost in the exact run to compare sites";
            table.row(&[&comparison.title, none, "", "", "", "", ""]);
            continue;
        };
        for site in sites {
            let points = |share: f64| format!("{:.2}", share * 100.0);
            let (interval, width) = match site.interval {
                Some((low, high)) => (
                    format!("{} - {}", points(low), points(high)),
                    points(high - low),
                ),
                None => ("none stated".to_owned(), String::new()),
            };
            let inside = match site.is_inside() {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            table.row(&[
                comparison.title.clone(),
                short(&site.key),
                points(site.share.exact),
                points(site.share.estimated),
                interval,
                width,
                inside.to_owned(),
            ]);
        }
    }
    table.to_string()
}

fn percent(share: f64) -> String {
    format!("{:+.2} %", share * 100.0)
}

fn largest_error(sites: &[Site]) -> String {
    let errors = sites
        .iter()
        .map(|site| (site.share.estimated - site.share.exact).abs());
    format!("{:.2}", errors.fold(0.0, f64::max) * 100.0)
}

/// How many of how many.
fn inside(sites: &[Site]) -> String {
    let stated: Vec<bool> = sites.iter().filter_map(Site::is_inside).collect();
    if stated.is_empty() {
        return "none stated".to_owned();
    }
    let inside = stated.iter().filter(|is_inside| **is_inside).count();
    format!("{inside} of {}", stated.len())
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
