//! What goalloc itself takes while it traces for a longer time.

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::Measured;
use crate::common::markdown::{Table, mib};
use crate::common::tracing::Tracing;
use crate::common::workload::{Size, burn, etcd, json};

/// The workloads that can be kept up that long.
const LASTING: [&str; 3] = [burn::NAME, json::NAME, etcd::NAME];

/// Traces each of those once more.
pub fn table(all: &[Measured]) -> Result<String> {
    let mut table = Table::new(&[
        "workload",
        "traced for, s",
        "goalloc's CPU time, % of one core",
        "resident after 10 s, MiB",
        "resident at the end, MiB",
    ]);
    for measured in all {
        let workload = &measured.workload;
        let name = workload.name();
        if !LASTING.contains(&name) {
            continue;
        }
        eprintln!("goalloc itself: {name}");
        let tracing = Tracing::Goalloc(MaxOverhead::default());
        let outcome = workload.run(tracing, workload.amount(Size::Long))?;
        let own = outcome.traced.own;
        let own = own.with_context(|| format!("{name}: nothing seen of goalloc"))?;
        let share = own.cpu_share.map(|share| format!("{:.2}", share * 100.0));
        table.row(&[
            workload.title(),
            format!("{:.0}", outcome.usage.wall.as_secs_f64()),
            share.unwrap_or_default(),
            own.rss_at_10s_bytes.map(mib).unwrap_or_default(),
            mib(own.rss_at_end_bytes),
        ]);
    }
    Ok(table.to_string())
}
