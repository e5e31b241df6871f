//! What a recording is compared with.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::common::report::Report;
use crate::common::tracing::Tracing;
use crate::common::workload::{Counted, Outcome, Reference, Workload};

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
    /// What recordings of the workload with so much work are to agree with, where one
    /// run is like the next.
    pub fn beforehand(workload: &dyn Workload, amount: u64) -> Result<Option<Self>> {
        match workload.reference() {
            Reference::Truth => Ok(None),
            Reference::ExactRun => Self::from_run(workload, amount).map(Some),
        }
    }

    /// What `outcome` is to agree with: what was found `beforehand`, but what the
    /// program counts itself rather than that.
    pub fn of(outcome: &Outcome, beforehand: Option<&Self>) -> Result<Self> {
        let mut exact = match beforehand {
            Some(exact) => exact.clone(),
            None => Self::from_truth(outcome)?,
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
            source: "the same work, every allocation traced",
        }
    }
}
