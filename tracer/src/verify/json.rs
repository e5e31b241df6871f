//! A verification as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1, "target": "", "recorded_ns": 1, "agrees": true,
//!   "counters": {"objects": 1, "bytes": 1, "tiny_objects": 0, "gc_cycles": 0,
//!                "uncertain_objects": 0, "uncertain_bytes": 0},
//!   "goalloc": {"verdict": "agrees", "error": "readings", "samples": null,
//!               "objects": {"found": 1, "expected": 1, "differs_percent": 0.0, "within": 1},
//!               "bytes": {}},
//!   "heap_profile": null, "no_heap_profile": "it is off: ..."
//! }
//! ```
//!
//! `verdict` is `agrees`, `unsure` (windows, or too few samples) or `disagrees`; `error` is
//! where differences come from: `readings` (not of one instant), `windows` (totals are the
//! counters' own) or `sampling` (at 99.9 %, of so many `samples`). `within` is how much a figure may differ
//! by. `tiny_objects` share a block with an earlier one; no heap profile has them. Fields
//! may be added without a new schema.

use serde::Serialize;

use super::{Error, Figure, Source, Verification};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    target: &'a str,
    recorded_ns: u64,
    coverage: &'a str,
    agrees: bool,
    counters: CounterFields,
    goalloc: SourceFields,
    heap_profile: Option<SourceFields>,
    no_heap_profile: Option<String>,
}

#[derive(Serialize)]
struct CounterFields {
    objects: u64,
    bytes: u64,
    tiny_objects: u64,
    gc_cycles: u32,
    uncertain_objects: u64,
    uncertain_bytes: u64,
}

#[derive(Serialize)]
struct SourceFields {
    verdict: &'static str,
    error: &'static str,
    samples: Option<u64>,
    objects: FigureFields,
    bytes: FigureFields,
}

#[derive(Serialize)]
struct FigureFields {
    found: u64,
    expected: u64,
    differs_percent: f64,
    within: u64,
}

/// All of it.
#[must_use]
pub fn to_json(verification: &Verification) -> String {
    let counters = &verification.counters;
    let heap_profile = verification.heap_profile.as_ref();
    let document = Document {
        schema: SCHEMA,
        target: &verification.target,
        recorded_ns: verification.recorded_ns,
        coverage: &verification.coverage,
        agrees: !verification.disagrees(),
        counters: CounterFields {
            objects: counters.mallocs(),
            bytes: counters.total_alloc_bytes(),
            tiny_objects: counters.tiny,
            gc_cycles: counters.gc_cycles,
            uncertain_objects: counters.uncertain_objects,
            uncertain_bytes: counters.uncertain_bytes,
        },
        goalloc: SourceFields::from(&verification.goalloc),
        heap_profile: heap_profile.ok().map(SourceFields::from),
        no_heap_profile: heap_profile.err().map(ToString::to_string),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

impl From<&Source> for SourceFields {
    fn from(source: &Source) -> Self {
        let (error, samples) = match source.error {
            Error::Readings => ("readings", None),
            Error::Windows => ("windows", None),
            Error::Sampling { samples } => ("sampling", Some(samples)),
        };
        Self {
            verdict: source.verdict().name(),
            error,
            samples,
            objects: FigureFields::from(&source.objects),
            bytes: FigureFields::from(&source.bytes),
        }
    }
}

impl From<&Figure> for FigureFields {
    fn from(figure: &Figure) -> Self {
        Self {
            found: figure.found,
            expected: figure.expected,
            differs_percent: figure.percent(),
            within: figure.within,
        }
    }
}
