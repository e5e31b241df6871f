//! One recording with the default bound, beside exact figures.

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::common::report::{Report, Row};
use crate::common::tracing::Tracing;
use crate::common::workload::{Size, Workload};
use crate::exact::Exact;

/// Sites with less of the bytes are not looked at.
const LEAST_SHARE: f64 = 0.02;

/// With more of the bytes without a call chain, sites cannot be compared.
const MOST_LOST: f64 = 0.01;

/// A workload's comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The workload, for people.
    pub title: String,
    /// Where the exact figures come from.
    pub source: &'static str,
    /// How long the target ran, seconds.
    pub seconds: f64,
    /// Windows of tracing.
    pub windows: u64,
    /// Objects that were traced.
    pub counted: u64,
    /// Objects, estimated and exact.
    pub objects: Pair,
    /// Bytes set aside, estimated and exact.
    pub heap_bytes: Pair,
    /// Sites with a part of the bytes worth looking at; `None` where the exact
    /// run lost too many call chains to tell.
    pub sites: Option<Vec<Site>>,
}

/// An estimate, and what it is an estimate of.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// By goalloc.
    pub estimated: f64,
    /// The exact figure.
    pub exact: f64,
}

impl Pair {
    /// How far the estimate is off, as a share of the exact figure.
    pub fn error(self) -> f64 {
        self.estimated / self.exact - 1.0
    }
}

/// One site. Shares are of all bytes asked for.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub key: String,
    /// Its share, estimated and exact.
    pub share: Pair,
    /// Between what the share lies, where the report says.
    pub interval: Option<(f64, f64)>,
}

impl Site {
    /// Whether the interval holds the exact share.
    pub fn is_inside(&self) -> Option<bool> {
        let (low, high) = self.interval?;
        Some((low..=high).contains(&self.share.exact))
    }
}

impl Comparison {
    /// Runs the workload with the default bound, and what it is compared with.
    pub fn of(workload: &dyn Workload) -> Result<Self> {
        let bound = Tracing::Goalloc(MaxOverhead::default());
        let amount = workload.amount(Size::Long);
        eprintln!("{}: {amount}, {bound}", workload.name());
        let outcome = workload.run(bound, amount)?;
        let recording = outcome.traced.recording.as_ref().context("no recording")?;
        let report = recording.report(workload.by())?;
        let exact = Exact::of(workload, amount, &outcome)?;
        Ok(Self {
            title: workload.title(),
            source: exact.source,
            seconds: outcome.usage.wall.as_secs_f64(),
            windows: report.coverage.windows,
            counted: report.coverage.objects_counted,
            objects: Pair {
                estimated: report.totals.objects as f64,
                exact: exact.objects,
            },
            heap_bytes: Pair {
                estimated: report.totals.heap_bytes as f64,
                exact: exact.heap_bytes,
            },
            sites: (exact.lost_share() <= MOST_LOST).then(|| sites(&report, &exact)),
        })
    }
}

/// The sites that make enough of the bytes, the largest first.
fn sites(report: &Report, exact: &Exact) -> Vec<Site> {
    let (estimated_bytes, exact_bytes) = (report.totals.bytes as f64, exact.bytes());
    let mut sites: Vec<Site> = exact
        .sites
        .iter()
        .map(|(key, &bytes)| (key, bytes / exact_bytes))
        .filter(|(_, share)| *share >= LEAST_SHARE)
        .map(|(key, share)| {
            let row = report.row(key);
            Site {
                key: key.clone(),
                share: Pair {
                    estimated: row.map_or(0, |row| row.bytes) as f64 / estimated_bytes,
                    exact: share,
                },
                interval: row
                    .and_then(interval)
                    .map(|(low, high)| (low / estimated_bytes, high / estimated_bytes)),
            }
        })
        .collect();
    sites.sort_by(|a, b| b.share.exact.total_cmp(&a.share.exact));
    sites
}

/// The stated interval of a row's bytes.
pub fn interval(row: &Row) -> Option<(f64, f64)> {
    row.bytes_interval
        .map(|(low, high)| (low as f64, high as f64))
}
