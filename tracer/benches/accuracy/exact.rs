//! What a recording is compared with.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::common::report::Report;
use crate::common::tracing::Tracing;
use crate::common::workload::{Counted, Outcome, Reference, Workload};

/// The shorter of two runs is this part of the work, the longer twice that.
const PART: u64 = 40;

/// The key of what was counted without its call chain.
pub const LOST_STACK: &str = "[lost stack]";

/// Exact figures of a workload.
#[derive(Clone, Debug, Default)]
pub struct Exact {
    /// Heap objects.
    pub objects: f64,
    /// Bytes set aside for them.
    pub heap_bytes: f64,
    /// Bytes asked for by site.
    pub sites: BTreeMap<String, f64>,
    /// Where these come from.
    pub source: &'static str,
}

impl Exact {
    /// What `outcome`, a run of the workload with so much work, is to agree with.
    pub fn of(workload: &dyn Workload, amount: u64, outcome: &Outcome) -> Result<Self> {
        let mut exact = match workload.reference() {
            Reference::Truth => Self::from_truth(outcome)?,
            Reference::ExactRun => Self {
                source: "the same work, every allocation traced",
                ..Self::from_run(workload, amount)?
            },
            Reference::ExactRuns => Self::from_runs(workload, amount)?,
        };
        // The runtime's own counters, where the target tells them.
        if let Some(Counted {
            objects,
            heap_bytes,
        }) = outcome.counted
        {
            exact.objects = objects as f64;
            exact.heap_bytes = heap_bytes as f64;
        }
        Ok(exact)
    }

    /// Bytes asked for in all.
    pub fn bytes(&self) -> f64 {
        self.sites.values().sum()
    }

    /// The share of bytes that are known to be nobody's: where it is not small,
    /// sites cannot be compared.
    pub fn lost_share(&self) -> f64 {
        let lost = self.sites.get(LOST_STACK).copied().unwrap_or_default();
        lost / self.bytes()
    }

    fn from_truth(outcome: &Outcome) -> Result<Self> {
        let counted = outcome.counted.context("the program tells no counters")?;
        let functions = outcome.functions.iter();
        Ok(Self {
            objects: counted.objects as f64,
            heap_bytes: counted.heap_bytes as f64,
            sites: functions
                .map(|(function, bytes)| (function.clone(), *bytes as f64))
                .collect(),
            source: "the program's own count",
        })
    }

    fn from_run(workload: &dyn Workload, amount: u64) -> Result<Self> {
        eprintln!("{}: {amount}, every allocation", workload.name());
        let outcome = workload.run(Tracing::Goalloc(MaxOverhead::None), amount)?;
        let recording = outcome.traced.recording.context("no recording")?;
        Ok(Self::from_report(&recording.report(workload.by())?))
    }

    fn from_report(report: &Report) -> Self {
        let rows = report.rows.iter();
        Self {
            objects: report.totals.objects as f64,
            heap_bytes: report.totals.heap_bytes as f64,
            sites: rows
                .map(|row| (row.key.clone(), row.bytes as f64))
                .collect(),
            source: "",
        }
    }

    /// The work is the same thing over and over, but for what comes once: a
    /// straight line through two runs of less work.
    fn from_runs(workload: &dyn Workload, amount: u64) -> Result<Self> {
        let short_amount = (amount / PART).max(1);
        let short = Self::from_run(workload, short_amount)?;
        let long = Self::from_run(workload, 2 * short_amount)?;
        let steps = (amount - short_amount) as f64 / short_amount as f64;
        let ahead = |short: f64, long: f64| short + (long - short) * steps;
        let keys = short.sites.keys().chain(long.sites.keys());
        let at = |run: &Self, key: &str| run.sites.get(key).copied().unwrap_or_default();
        Ok(Self {
            objects: ahead(short.objects, long.objects),
            heap_bytes: ahead(short.heap_bytes, long.heap_bytes),
            sites: keys
                .map(|key| (key.clone(), ahead(at(&short, key), at(&long, key)).max(0.0)))
                .collect(),
            source: "two runs of a fortieth and a twentieth of the work, every allocation \
                     traced, and the straight line through them",
        })
    }
}
