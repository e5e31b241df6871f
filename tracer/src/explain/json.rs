//! An explanation as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "totals": {"objects": 1, "bytes": 1},
//!   "costly": [{"escapes": [{"package": "", "file": "", "line": 1, "column": 1, "message": "", "flow": [""]}],
//!               "objects": 1, "bytes": 1, "bytes_interval": null, "causes": {"new": 1}}],
//!   "blind": [{"function": "", "file": "", "line": 1, "cause": "", "why": "run-time",
//!              "objects": 1, "bytes": 1, "bytes_interval": null}],
//!   "never_ran": [{"package": "", "file": "", "line": 1, "column": 1, "message": "", "flow": []}]
//! }
//! ```
//!
//! The bytes of `costly` and `blind` sum to those of `totals`. `why` is `run-time` (growth:
//! decided when it runs), `unsaid`, `not-in-log` or `no-place`. An interval is the lowest
//! and the highest value at 95 %, null when the value is exact. Fields may be added
//! without a new schema.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Escape, Explanation, Measured};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    totals: Amount,
    costly: Vec<Costly<'a>>,
    blind: Vec<Blind<'a>>,
    never_ran: Vec<Announced<'a>>,
}

#[derive(Serialize)]
struct Costly<'a> {
    escapes: Vec<Announced<'a>>,
    #[serde(flatten)]
    amount: Amount,
    bytes_interval: Option<[u64; 2]>,
    causes: &'a BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct Blind<'a> {
    function: &'a str,
    file: &'a str,
    line: u32,
    cause: &'a str,
    why: &'static str,
    #[serde(flatten)]
    amount: Amount,
    bytes_interval: Option<[u64; 2]>,
}

#[derive(Serialize)]
struct Announced<'a> {
    package: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
    message: String,
    flow: &'a [String],
}

#[derive(Serialize)]
struct Amount {
    objects: u64,
    bytes: u64,
}

/// All of it.
#[must_use]
pub fn to_json(explanation: &Explanation<'_>) -> String {
    let costly = explanation.costly.iter().map(|(escapes, measured)| Costly {
        escapes: escapes.iter().copied().map(announced).collect(),
        amount: amount(measured),
        bytes_interval: interval(measured),
        causes: &measured.causes,
    });
    let blind = explanation.blind.iter().map(|spot| Blind {
        function: &spot.function,
        file: &spot.file,
        line: spot.line,
        cause: &spot.cause,
        why: spot.why.name(),
        amount: amount(&spot.measured),
        bytes_interval: interval(&spot.measured),
    });
    let document = Document {
        schema: SCHEMA,
        totals: Amount {
            objects: explanation.totals.objects,
            bytes: explanation.totals.bytes,
        },
        costly: costly.collect(),
        blind: blind.collect(),
        never_ran: explanation
            .never_ran
            .iter()
            .copied()
            .map(announced)
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

fn announced(escape: &Escape) -> Announced<'_> {
    Announced {
        package: &escape.package,
        file: &escape.file,
        line: escape.line,
        column: escape.column,
        message: escape.sentence(),
        flow: &escape.flow,
    }
}

fn amount(measured: &Measured) -> Amount {
    Amount {
        objects: measured.values.objects,
        bytes: measured.values.bytes,
    }
}

fn interval(measured: &Measured) -> Option<[u64; 2]> {
    measured.bytes_interval.map(|it| [it.low, it.high])
}
