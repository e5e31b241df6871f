//! Advice as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1, "duration_ns": 1, "objects": 1, "bytes": 1,
//!   "advice": [{"finding": "slice-growth", "function": "", "file": "", "line": 1, "through": null,
//!               "type": "[]int", "objects": 1, "bytes": 1, "bytes_interval": null,
//!               "saved": {"bytes": 1, "interval": null, "percent": 1.0, "bytes_per_second": 1.0,
//!                         "at_most": false},
//!               "measured": "", "write": "",
//!               "slices": 1, "from_bytes": 8, "to_bytes": 8192, "capacity_bytes": 8192, "capacity": 1024,
//!               "steps": 10, "steps_interval": null, "copied": 1023, "outgrown_bytes": 8184}]
//! }
//! ```
//!
//! `objects` and `bytes` are of the whole recording and of the line. `function`, `file` and
//! `line` are of the program; `through` is the function of the standard library that it
//! calls and that allocates. `finding` is one of these, with what is named beside it:
//!
//! - `slice-growth`: `slices`; bytes of their backing arrays, `from_bytes` to `to_bytes`; the
//!   capacity to make, `capacity_bytes` and, in elements, `capacity` (null when their size is not
//!   known); how often they grew, `steps`, the elements `copied` by that, and `outgrown_bytes` of
//!   arrays that were too small (null in recordings without probes of growth);
//! - `map-growth`: `maps`, the `tables` they had one after the other, slots of those,
//!   `from_slots` to `to_slots`; the `hint` to make; how often they grew, `steps`, and the entries
//!   moved by that, `copied` (null as above);
//! - `concatenation`: `strings`; how often each was copied, `copies`; what to grow a
//!   `strings.Builder` to, `size_bytes`;
//! - `conversion`, `boxing`;
//! - `buffer`: `size_bytes`.
//!
//! An interval is the lowest and the highest value at 95 %, null when the value is exact.
//! `percent` is of all bytes of the recording; `bytes_per_second` is null where it does not
//! say how long it is. With `at_most` the saving is the most there can be. Fields may be added
//! without a new schema.

use serde::Serialize;

use super::text::{measured, what_to_write};
use super::{Advice, Advisory, Counted, Finding};
use crate::profile::Interval;

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    duration_ns: u64,
    objects: u64,
    bytes: u64,
    advice: Vec<AdviceFields<'a>>,
}

#[derive(Serialize)]
struct AdviceFields<'a> {
    finding: &'static str,
    function: &'a str,
    file: &'a str,
    line: u32,
    through: Option<&'a str>,
    r#type: Option<&'a str>,
    objects: u64,
    bytes: u64,
    bytes_interval: Option<[u64; 2]>,
    saved: SavedFields,
    measured: String,
    write: String,
    #[serde(flatten)]
    finding_fields: FindingFields,
}

#[derive(Serialize)]
struct SavedFields {
    bytes: u64,
    interval: Option<[u64; 2]>,
    percent: f64,
    bytes_per_second: Option<f64>,
    at_most: bool,
}

/// What is particular to a finding.
#[derive(Serialize)]
#[serde(untagged)]
enum FindingFields {
    Slice {
        slices: u64,
        from_bytes: u64,
        to_bytes: u64,
        capacity_bytes: u64,
        capacity: Option<u64>,
        #[serde(flatten)]
        counted: CountedFields,
        outgrown_bytes: Option<u64>,
    },
    Map {
        maps: u64,
        tables: u64,
        from_slots: u64,
        to_slots: u64,
        hint: u64,
        #[serde(flatten)]
        counted: CountedFields,
    },
    Concatenation {
        strings: u64,
        copies: u64,
        size_bytes: u64,
    },
    Buffer {
        size_bytes: u64,
    },
    Nothing {},
}

/// What probes counted; nulls where there were none.
#[derive(Serialize)]
struct CountedFields {
    steps: Option<u64>,
    steps_interval: Option<[u64; 2]>,
    copied: Option<u64>,
}

/// Every piece of advice.
#[must_use]
pub fn to_json(advisory: &Advisory) -> String {
    let document = Document {
        schema: SCHEMA,
        duration_ns: advisory.duration_ns,
        objects: advisory.totals.objects,
        bytes: advisory.totals.bytes,
        advice: advisory
            .advice
            .iter()
            .map(|advice| AdviceFields::of(advisory, advice))
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

impl<'a> AdviceFields<'a> {
    fn of(advisory: &Advisory, advice: &'a Advice) -> Self {
        let place = &advice.place;
        Self {
            finding: advice.finding.name(),
            function: &place.function,
            file: &place.file,
            line: place.line,
            through: place.through.as_deref(),
            r#type: advice.type_name.as_deref(),
            objects: advice.measured.objects,
            bytes: advice.measured.bytes,
            bytes_interval: advice.bytes_interval.map(ends),
            saved: SavedFields {
                bytes: advice.saved_bytes,
                interval: advice.saved_interval().map(ends),
                percent: advice.share_percent(advisory.totals),
                bytes_per_second: advisory.per_second(advice.saved_bytes),
                at_most: advice.finding.is_at_most(),
            },
            measured: measured(advice),
            write: what_to_write(advice),
            finding_fields: FindingFields::from(&advice.finding),
        }
    }
}

impl From<&Finding> for FindingFields {
    fn from(finding: &Finding) -> Self {
        match *finding {
            Finding::SliceGrowth {
                slices,
                from_bytes,
                to_bytes,
                capacity_bytes,
                capacity,
                counted,
                outgrown_bytes,
            } => Self::Slice {
                slices,
                from_bytes,
                to_bytes,
                capacity_bytes,
                capacity,
                counted: counted.into(),
                outgrown_bytes,
            },
            Finding::MapGrowth {
                maps,
                tables,
                from_slots,
                to_slots,
                hint,
                counted,
            } => Self::Map {
                maps,
                tables,
                from_slots,
                to_slots,
                hint,
                counted: counted.into(),
            },
            Finding::Concatenation {
                strings,
                copies,
                size_bytes,
            } => Self::Concatenation {
                strings,
                copies,
                size_bytes,
            },
            Finding::Buffer { size_bytes } => Self::Buffer { size_bytes },
            Finding::Conversion | Finding::Boxing => Self::Nothing {},
        }
    }
}

impl From<Option<Counted>> for CountedFields {
    fn from(counted: Option<Counted>) -> Self {
        Self {
            steps: counted.map(|it| it.steps),
            steps_interval: counted.and_then(|it| it.interval).map(ends),
            copied: counted.map(|it| it.copied),
        }
    }
}

fn ends(interval: Interval) -> [u64; 2] {
    [interval.low, interval.high]
}
