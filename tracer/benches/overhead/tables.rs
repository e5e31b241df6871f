//! The tables, in Markdown.

use tracer::budget::MaxOverhead;

use crate::Measured;
use crate::column::Column;
use crate::common::markdown::{Figures, Table, number, time};
use crate::common::tracing::Tracing;
use crate::common::workload::{Size, burn};

/// How times of a column compare with those untraced: wall-clock or CPU.
type Which = fn(&Column) -> &Figures;

const WHICH: [(&str, Which); 2] = [
    ("wall", |column| &column.wall_ns),
    ("CPU", |column| &column.cpu_ns),
];

/// Every workload, by wall-clock and by CPU time.
pub fn ratios(all: &[Measured]) -> String {
    let default = MaxOverhead::default();
    let mut table = Table::new(&[
        "workload".to_owned(),
        "time".to_owned(),
        "untraced".to_owned(),
        format!("goalloc (--max-overhead {default}), times"),
        "goalloc --max-overhead none, times".to_owned(),
        "bpftrace, times".to_owned(),
    ]);
    for measured in all {
        for (index, (name, which)) in WHICH.into_iter().enumerate() {
            let title = match index {
                0 => measured.workload.title(),
                _ => String::new(),
            };
            let untraced = column(measured, Tracing::Untraced, Size::Full).map(which);
            let untraced = untraced.map_or(f64::NAN, Figures::median);
            table.row(&[
                title,
                format!("{name} per {}", measured.workload.unit()),
                time(untraced),
                ratio(measured, Tracing::Goalloc(default), which),
                ratio(measured, Tracing::Goalloc(MaxOverhead::None), which),
                ratio(measured, Tracing::Bpftrace, which),
            ]);
        }
    }
    table.to_string()
}

/// The loop of allocations with one bound after the other, if it was measured.
pub fn bounds(all: &[Measured]) -> Option<String> {
    let measured = all
        .iter()
        .find(|measured| measured.workload.name() == burn::NAME)?;
    let mut bounds: Vec<f64> = measured
        .columns
        .iter()
        .filter_map(|column| match column.tracing {
            Tracing::Goalloc(MaxOverhead::Percent(percent)) => Some(percent),
            _ => None,
        })
        .collect();
    bounds.sort_by(f64::total_cmp);
    let title = measured.workload.title();
    let mut table = Table::new(&[
        format!("{title}: --max-overhead"),
        "wall, times untraced".to_owned(),
        "CPU, times untraced".to_owned(),
    ]);
    for percent in bounds {
        let tracing = Tracing::Goalloc(MaxOverhead::Percent(percent));
        let [wall, cpu] = WHICH.map(|(_, which)| ratio(measured, tracing, which));
        table.row(&[percent.to_string(), wall, cpu]);
    }
    Some(table.to_string())
}

/// The median of the rounds' ratios, and the least and the greatest.
fn ratio(measured: &Measured, tracing: Tracing, which: Which) -> String {
    let traced = measured
        .columns
        .iter()
        .find(|column| column.tracing == tracing);
    let Some(traced) = traced else {
        return String::new();
    };
    let Some(untraced) = column(measured, Tracing::Untraced, traced.size) else {
        return String::new();
    };
    let ratios = which(traced).over(which(untraced));
    if ratios.rounds() == 0 {
        return String::new();
    }
    let show = |ratio: f64| match ratio {
        ratio if ratio < 2.0 => format!("{ratio:.3}"),
        ratio => number(ratio),
    };
    let (low, high) = (show(ratios.low()), show(ratios.high()));
    format!("{} ({low} - {high})", show(ratios.median()))
}

fn column(measured: &Measured, tracing: Tracing, size: Size) -> Option<&Column> {
    measured
        .columns
        .iter()
        .find(|column| column.tracing == tracing && column.size == size)
}
