//! What has changed as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "before": {"target": {}, "coverage": {}, "start_unix_ns": 1, "duration_ns": 1,
//!              "lost": {"events": 0, "stacks": 0, "cut": 0}, "warnings": [],
//!              "left_out": null},
//!   "after": {},
//!   "by": "site", "measure": "bytes", "per": "operation", "operations": [10.0, 20.0],
//!   "threshold_percent": 5.0, "same_build": true, "errors_known": true,
//!   "total": {"key": "total", "before": 1.0, "before_interval": [1.0, 2.0],
//!             "after": 1.0, "after_interval": null, "difference": 0.0, "error": 0.5,
//!             "percent": 0.0, "changed": false},
//!   "rows": []
//! }
//! ```
//!
//! `before` and `after` have the same fields, those of the report's JSON. `per` is
//! `recording`, `second` or `operation`; `operations` is null but for the last. `rows` are
//! like `total`, all of them: what changed first, each part by the size of its difference.
//! `error` is how far the difference may be off, at 95 % for all rows together; a row has
//! `changed` if the difference less that is more than the threshold. `errors_known` is
//! false if a file does not say what its figures are estimated from; then nothing has.
//! `percent` is of what was before, null if that was nothing. An interval is the lowest
//! and the highest value at 95 %, null when the value is exact. Without `same_build` sites
//! are matched by function and line within it. Fields may be added without a new schema.

use serde::Serialize;

use super::{Builds, Diff, Per, Row};
use crate::check::Estimate;
use crate::profile::{Coverage, LeftOut, Profile, Target};
use crate::report::Lost;

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    before: Recording<'a>,
    after: Recording<'a>,
    by: &'static str,
    measure: &'static str,
    per: &'static str,
    operations: Option<[f64; 2]>,
    threshold_percent: f64,
    same_build: bool,
    errors_known: bool,
    total: RowFields<'a>,
    rows: Vec<RowFields<'a>>,
}

#[derive(Serialize)]
struct Recording<'a> {
    target: &'a Target,
    coverage: &'a Coverage,
    start_unix_ns: i64,
    duration_ns: u64,
    lost: Lost,
    warnings: &'a [String],
    left_out: Option<&'a LeftOut>,
}

#[derive(Serialize)]
struct RowFields<'a> {
    key: &'a str,
    before: f64,
    before_interval: Option<[f64; 2]>,
    after: f64,
    after_interval: Option<[f64; 2]>,
    difference: f64,
    error: f64,
    percent: Option<f64>,
    changed: bool,
}

/// All of it, ended by a line feed.
#[must_use]
pub fn to_json(diff: &Diff<'_>) -> String {
    let options = &diff.options;
    let document = Document {
        schema: SCHEMA,
        before: diff.before.into(),
        after: diff.after.into(),
        by: options.by.name(),
        measure: options.sort.name(),
        per: options.per.name(),
        operations: match options.per {
            Per::Operation(before, after) => Some([before, after]),
            Per::Recording | Per::Second => None,
        },
        threshold_percent: options.threshold_percent,
        same_build: diff.builds == Builds::Same,
        errors_known: diff.is_known,
        total: (&diff.total).into(),
        rows: diff.rows.iter().map(RowFields::from).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

impl<'a> From<&'a Profile> for Recording<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            target: &profile.target,
            coverage: &profile.coverage,
            start_unix_ns: profile.start_unix_ns,
            duration_ns: profile.duration_ns,
            lost: profile.losses.into(),
            warnings: &profile.warnings,
            left_out: profile.left_out.as_ref(),
        }
    }
}

impl<'a> From<&'a Row> for RowFields<'a> {
    fn from(row: &'a Row) -> Self {
        let interval = |it: Estimate| (!it.is_exact()).then_some([it.low, it.high]);
        Self {
            key: &row.key,
            before: row.before.value,
            before_interval: interval(row.before),
            after: row.after.value,
            after_interval: interval(row.after),
            difference: row.difference(),
            error: row.error,
            percent: row.percent(),
            changed: row.changed,
        }
    }
}
