//! The tables, in Markdown.

use crate::common::markdown::{self, Figures, Table};
use crate::way::{Burn, Way};

/// What the figures were measured on.
pub fn environment(burn: &Burn) -> String {
    format!(
        "{}, {}; one goroutine allocating 64 bytes at a time.\n",
        markdown::environment(),
        burn.go_version
    )
}

/// The cost of each way.
pub fn costs(samples: &[(Way, Figures)]) -> String {
    let median_of = |wanted: Way| {
        let found = samples.iter().find(|(way, _)| *way == wanted);
        found.map_or(f64::NAN, |(_, figures)| figures.median())
    };
    let untraced = median_of(Way::Untraced);
    let empty = median_of(Way::Empty) - untraced;
    let bpftrace = median_of(Way::Bpftrace) - untraced;
    let mut table = Table::new(&[
        "way",
        "ns/allocation (median)",
        "min - max",
        "cost over untraced, ns",
        "times the empty program",
        "bpftrace costs so many times more",
    ]);
    for (way, figures) in samples {
        let mut row = vec![
            way.to_string(),
            format!("{:.0}", figures.median()),
            format!("{:.0} - {:.0}", figures.low(), figures.high()),
        ];
        let cost = figures.median() - untraced;
        row.extend(match way {
            Way::Untraced => [String::new(), String::new(), String::new()],
            _ => [
                format!("{cost:.0}"),
                format!("{:.2}", cost / empty),
                format!("{:.1}", bpftrace / cost),
            ],
        });
        table.row(&row);
    }
    table.to_string()
}
