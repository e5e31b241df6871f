//! The tables, in Markdown.

use std::fmt::Write;

use crate::burn::{Burn, Way};

/// What the figures were measured on.
pub fn environment(burn: &Burn) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "Linux {}, {cpus} CPUs, {}; one goroutine allocating 64 bytes at a time.\n",
        kernel.split('-').next().unwrap_or_default().trim(),
        burn.go_version
    )
}

/// The cost of each way.
pub fn costs(samples: &[(Way, Vec<f64>)]) -> String {
    let median_of = |wanted: Way| {
        samples
            .iter()
            .find(|(way, _)| *way == wanted)
            .map_or(f64::NAN, |(_, figures)| median(figures))
    };
    let untraced = median_of(Way::Untraced);
    let empty = median_of(Way::Empty) - untraced;
    let bpftrace = median_of(Way::Bpftrace) - untraced;
    let mut table = String::from(
        "| way | ns/allocation (median) | min - max | cost over untraced, ns | times the empty program | bpftrace costs so many times more |\n|---|---|---|---|---|---|\n",
    );
    for (way, figures) in samples {
        let cost = median(figures) - untraced;
        let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let high = figures.iter().copied().fold(0.0, f64::max);
        let _ = write!(
            table,
            "| {way} | {:.0} | {low:.0} - {high:.0} |",
            median(figures)
        );
        let _ = match way {
            Way::Untraced => writeln!(table, " | | |"),
            _ => writeln!(
                table,
                " {cost:.0} | {:.2} | {:.1} |",
                cost / empty,
                bpftrace / cost
            ),
        };
    }
    table
}

/// The middle value.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
