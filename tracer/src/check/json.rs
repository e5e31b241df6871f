//! Findings as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1, "broken": 1, "unsure": 0, "held": 0,
//!   "findings": [{"rule": "", "verdict": "broken", "measure": "bytes", "per": "operation",
//!                 "value": 2.0, "interval": [1.5, 2.5], "limit": 1.0,
//!                 "base": {"value": 1.0, "interval": null}, "matched": true,
//!                 "path": [{"function": "", "file": "", "line": 1}]}]
//! }
//! ```
//!
//! `verdict` is `held`, `unsure` (the limit is inside the interval) or `broken`;
//! `measure` is `objects` or `bytes`; `per` is `recording`, `second`, `operation`, or
//! `share` (then figures are percent). An interval is the lowest and the highest value
//! at 95 %, null when the value is exact. `base` is the figure of the recording that
//! this one is held against, null for rules. `path` begins at the call site. Fields may
//! be added without a new schema.

use serde::Serialize;

use super::text::noun;
use super::{Estimate, Finding, Per, Step, Tally};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    broken: usize,
    unsure: usize,
    held: usize,
    findings: Vec<FindingFields<'a>>,
}

#[derive(Serialize)]
struct FindingFields<'a> {
    rule: &'a str,
    verdict: &'static str,
    measure: &'static str,
    per: &'static str,
    #[serde(flatten)]
    value: EstimateFields,
    limit: f64,
    base: Option<EstimateFields>,
    matched: bool,
    path: Vec<StepFields<'a>>,
}

#[derive(Serialize)]
struct EstimateFields {
    value: f64,
    interval: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct StepFields<'a> {
    function: &'a str,
    file: &'a str,
    line: u32,
}

/// Every finding.
#[must_use]
pub fn to_json(findings: &[Finding]) -> String {
    let tally = Tally::of(findings);
    let document = Document {
        schema: SCHEMA,
        broken: tally.broken,
        unsure: tally.unsure,
        held: tally.held,
        findings: findings.iter().map(FindingFields::from).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

impl<'a> From<&'a Finding> for FindingFields<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            rule: &finding.rule,
            verdict: finding.verdict().name(),
            measure: noun(finding.measure),
            per: match finding.per {
                Per::Recording => "recording",
                Per::Second => "second",
                Per::Operation => "operation",
                Per::Share => "share",
            },
            value: finding.value.into(),
            limit: finding.limit,
            base: finding.base.map(EstimateFields::from),
            matched: finding.matched,
            path: finding.path.iter().map(StepFields::from).collect(),
        }
    }
}

impl From<Estimate> for EstimateFields {
    fn from(estimate: Estimate) -> Self {
        let interval = [estimate.low, estimate.high];
        Self {
            value: estimate.value,
            interval: (!estimate.is_exact()).then_some(interval),
        }
    }
}

impl<'a> From<&'a Step> for StepFields<'a> {
    fn from(step: &'a Step) -> Self {
        Self {
            function: &step.function,
            file: &step.file,
            line: step.line,
        }
    }
}
