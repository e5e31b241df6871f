//! The report as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "target": {"pids": [1], "exe": "", "args": [], "go_version": "", "main_path": null, "build_id": null,
//!              "modules": [{"path": "", "version": ""}]},
//!   "coverage": {"method": "windows", "traced_ns": 1, "recorded_ns": 1, "windows": 1,
//!                "objects_counted": 1, "objects_runtime": null},
//!   "start_unix_ns": 1, "duration_ns": 1,
//!   "totals": {"objects": 1, "bytes": 1, "heap_bytes": 1, "calls": {"runtime.mapassign_fast64": 1}},
//!   "lost": {"events": 0, "stacks": 0, "cut": 0},
//!   "warnings": [], "left_out": null,
//!   "by": "site", "sort": "bytes", "only": null, "rows_in_all": 1,
//!   "rows": [{"key": "", "objects": 1, "objects_interval": [1, 2], "bytes": 1, "bytes_interval": null,
//!             "heap_bytes": 1, "percent": 100.0, "p50": 1, "p90": 1, "p99": 1, "max": 1}],
//!   "calls": [{"call": "", "site": "", "type": "", "calls": 1, "calls_interval": null}],
//!   "sizes": {"objects": 1, "p50": 1, "p90": 1, "p99": 1, "max": 1,
//!             "powers": [{"upper_bytes": 1, "objects": 1}]},
//!   "timeline": {"interval_ns": 1, "slices": [{"end_ns": 1, "objects": 1, "heap_bytes": 1}],
//!                "series": [{"site": "", "objects": [1], "heap_bytes": [1]}]}
//! }
//! ```
//!
//! `bytes` are those asked for, `heap_bytes` those set aside. `percent` is the
//! share of the whole recording's `sort`. Quantiles and `max` are object sizes
//! in bytes. `lost.cut` counts call chains cut short. A power bucket holds sizes
//! up to and including `upper_bytes`. Fields may be added without a new schema.
//!
//! `coverage.method` is `all` when every object was traced, `windows` or `spans`
//! when some are estimated ([`crate::profile::Method`]), and `unknown` when the
//! file does not say. `objects_counted` were traced; `objects_runtime` were
//! allocated by the runtime's own counters, null when those could not be read.
//! An interval is the lowest and the highest value at 95 %; it is null when the
//! value is exact, and when the file does not say how far it may be off.
//!
//! `left_out` is what a view took out ([`crate::view`]):
//! `{"view": "--focus json", "values": {"objects": 1, "bytes": 1, "heap_bytes": 1, "calls": 0}}`.
//! `totals` have it, except for calls by function.
//!
//! `timeline` is null unless the recording was made with `--interval`. `end_ns` are since
//! the recording began; series have a number for each slice, and sum to the slices: the
//! last ones are `[other sites]` and `[not seen in any window]`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CallRow, Report, Row};
use crate::profile::{Coverage, Interval, LeftOut, Losses, SizeHistogram, Target, Timeline};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    target: &'a Target,
    coverage: &'a Coverage,
    start_unix_ns: i64,
    duration_ns: u64,
    totals: Totals<'a>,
    lost: Lost,
    warnings: &'a [String],
    left_out: Option<&'a LeftOut>,
    by: &'static str,
    sort: &'static str,
    only: Option<&'a str>,
    rows_in_all: usize,
    rows: Vec<RowFields<'a>>,
    calls: Vec<CallFields<'a>>,
    sizes: Sizes,
    timeline: Option<&'a Timeline>,
}

#[derive(Serialize)]
struct Totals<'a> {
    objects: u64,
    bytes: u64,
    heap_bytes: u64,
    calls: &'a BTreeMap<&'a str, u64>,
}

/// Losses as every JSON of goalloc names them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lost {
    /// Events in no sample.
    pub events: u64,
    /// Events without a call chain.
    pub stacks: u64,
    /// Call chains cut short.
    pub cut: u64,
}

impl From<Losses> for Lost {
    fn from(losses: Losses) -> Self {
        Self {
            events: losses.events,
            stacks: losses.stacks,
            cut: losses.stacks_cut,
        }
    }
}

#[derive(Serialize)]
struct RowFields<'a> {
    key: &'a str,
    objects: u64,
    objects_interval: Option<[u64; 2]>,
    bytes: u64,
    bytes_interval: Option<[u64; 2]>,
    heap_bytes: u64,
    percent: f64,
    #[serde(flatten)]
    quantiles: Quantiles,
}

#[derive(Serialize)]
struct CallFields<'a> {
    call: &'a str,
    site: &'a str,
    r#type: &'a str,
    calls: u64,
    calls_interval: Option<[u64; 2]>,
}

#[derive(Serialize)]
struct Sizes {
    objects: u64,
    #[serde(flatten)]
    quantiles: Quantiles,
    powers: Vec<Power>,
}

#[derive(Serialize)]
struct Quantiles {
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
}

#[derive(Serialize)]
struct Power {
    upper_bytes: u64,
    objects: u64,
}

/// `report` as JSON, ended by a line feed.
#[must_use]
pub fn to_json(report: &Report<'_>) -> String {
    let profile = report.profile;
    let document = Document {
        schema: SCHEMA,
        target: &profile.target,
        coverage: &profile.coverage,
        start_unix_ns: profile.start_unix_ns,
        duration_ns: profile.duration_ns,
        totals: Totals {
            objects: report.totals.objects,
            bytes: report.totals.bytes,
            heap_bytes: report.totals.heap_bytes,
            calls: &report.calls,
        },
        lost: profile.losses.into(),
        warnings: &profile.warnings,
        left_out: profile.left_out.as_ref(),
        by: report.options.by.name(),
        sort: report.options.sort.name(),
        only: report.options.only.as_deref(),
        rows_in_all: report.rows_in_all,
        rows: report.rows.iter().map(row_fields).collect(),
        calls: report.call_rows.iter().map(call_fields).collect(),
        sizes: sizes(&report.sizes),
        timeline: profile.timeline.as_ref(),
    };
    let mut json = serde_json::to_string_pretty(&document).expect("keys are strings");
    json.push('\n');
    json
}

fn row_fields<'a>(row: &'a Row<'_>) -> RowFields<'a> {
    RowFields {
        key: &row.key,
        objects: row.values.objects,
        objects_interval: row.objects_interval.map(ends),
        bytes: row.values.bytes,
        bytes_interval: row.bytes_interval.map(ends),
        heap_bytes: row.values.heap_bytes,
        percent: rounded(row.percent),
        quantiles: quantiles(&row.sizes()),
    }
}

fn call_fields(row: &CallRow) -> CallFields<'_> {
    CallFields {
        call: &row.call,
        site: &row.site,
        r#type: &row.type_name,
        calls: row.calls,
        calls_interval: row.calls_interval.map(ends),
    }
}

fn ends(interval: Interval) -> [u64; 2] {
    [interval.low, interval.high]
}

fn sizes(sizes: &SizeHistogram) -> Sizes {
    Sizes {
        objects: sizes.objects(),
        quantiles: quantiles(sizes),
        powers: sizes
            .powers()
            .iter()
            .map(|bucket| Power {
                upper_bytes: bucket.upper_bytes,
                objects: bucket.objects,
            })
            .collect(),
    }
}

fn quantiles(sizes: &SizeHistogram) -> Quantiles {
    Quantiles {
        p50: sizes.quantile(0.5),
        p90: sizes.quantile(0.9),
        p99: sizes.quantile(0.99),
        max: sizes.max(),
    }
}

/// To four digits behind the point: more would be noise of the division.
pub(super) fn rounded(percent: f64) -> f64 {
    (percent * 10_000.0).round() / 10_000.0
}
