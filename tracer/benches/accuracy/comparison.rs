//! Recordings with the default bound, beside exact figures.

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::common::markdown::Figures;
use crate::common::report::{Report, Row};
use crate::common::tracing::Tracing;
use crate::common::workload::Workload;
use crate::exact::Exact;

/// Sites with less of the bytes are not looked at.
const LEAST_SHARE: f64 = 0.02;

/// With more of the bytes without a call chain, sites cannot be compared.
const MOST_LOST: f64 = 0.01;

/// What is allowed for the difference between the recorded run and the exact one, as
/// part of the exact bytes: intervals can be narrower than that.
const RUNS_DIFFER: f64 = 0.001;

/// All recordings of a workload.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The workload, for people.
    pub title: String,
    /// Where the exact figures come from.
    pub source: &'static str,
    /// How long the target ran, seconds.
    pub seconds: Figures,
    /// Windows of tracing.
    pub windows: Figures,
    /// Objects that were traced.
    pub counted: Figures,
    /// Exact number of objects, in the last recording.
    pub objects: f64,
    /// Estimated objects over exact ones.
    pub object_ratios: Figures,
    /// The same of bytes set aside.
    pub heap_byte_ratios: Figures,
    /// Sites with a part of the bytes worth looking at, the largest first.
    pub sites: Vec<Site>,
}

/// One site in all recordings.
#[derive(Debug, Default)]
pub struct Site {
    /// Its name.
    pub key: String,
    /// Its share of all bytes asked for.
    pub share: f64,
    /// Estimated bytes over exact ones.
    pub ratios: Figures,
    /// Width of the stated intervals over the exact bytes.
    pub widths: Figures,
    /// Recordings that state an interval.
    pub stated: u32,
    /// Those whose interval holds the exact bytes.
    pub inside: u32,
}

impl Comparison {
    /// Does so much work so often with the default bound, and what it is compared with.
    pub fn of(workload: &dyn Workload, amount: u64, rounds: u32) -> Result<Self> {
        let bound = Tracing::Goalloc(MaxOverhead::default());
        let beforehand = Exact::beforehand(workload, amount)?;
        let mut comparison = Self {
            title: workload.title(),
            ..Self::default()
        };
        for round in 1..=rounds {
            let name = workload.name();
            eprintln!("{name}: {amount}, {bound}, round {round} of {rounds}");
            let outcome = workload.run(bound, amount)?;
            let recording = outcome.traced.recording.as_ref().context("no recording")?;
            let report = recording.report(workload.by())?;
            let exact = Exact::of(&outcome, beforehand.as_ref())?;
            comparison.seconds.push(outcome.usage.wall.as_secs_f64());
            comparison.add(&report, &exact);
        }
        comparison.sites.sort_by(|a, b| b.share.total_cmp(&a.share));
        Ok(comparison)
    }

    fn add(&mut self, report: &Report, exact: &Exact) {
        self.source = exact.source;
        self.windows.push(report.coverage.windows as f64);
        self.counted.push(report.coverage.objects_counted as f64);
        self.objects = exact.objects;
        let ratio = |estimate: u64, exact: f64| estimate as f64 / exact;
        self.object_ratios
            .push(ratio(report.totals.objects, exact.objects));
        self.heap_byte_ratios
            .push(ratio(report.totals.heap_bytes, exact.heap_bytes));
        if exact.lost_share() > MOST_LOST {
            return;
        }
        let bytes = exact.bytes();
        for (key, &exact) in &exact.sites {
            let share = exact / bytes;
            if share >= LEAST_SHARE {
                self.site(key, share).add(report.row(key), exact);
            }
        }
    }

    fn site(&mut self, key: &str, share: f64) -> &mut Site {
        let found = self.sites.iter().position(|site| site.key == key);
        let index = found.unwrap_or_else(|| {
            self.sites.push(Site {
                key: key.to_owned(),
                share,
                ..Site::default()
            });
            self.sites.len() - 1
        });
        &mut self.sites[index]
    }
}

impl Site {
    fn add(&mut self, row: Option<&Row>, exact: f64) {
        self.ratios
            .push(row.map_or(0.0, |row| row.bytes as f64) / exact);
        let Some((low, high)) = row.and_then(|row| row.bytes_interval) else {
            return;
        };
        self.stated += 1;
        let slack = RUNS_DIFFER * exact;
        let range = low as f64 - slack..=high as f64 + slack;
        self.inside += u32::from(range.contains(&exact));
        self.widths.push((high - low) as f64 / exact);
    }
}
