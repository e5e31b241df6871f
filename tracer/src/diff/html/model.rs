//! The data of the page, as JSON.
//!
//! ```json
//! {
//!   "program": "shop", "by": "site", "value": "bytes", "suffix": "/op",
//!   "facts": [{"weight": "plain", "name": "Before", "value": ""}],
//!   "factors": [0.1, 0.1],
//!   "strings": [""],
//!   "functions": {}, "nodes": {}, "intervals": {}, "narrow": null,
//!   "samples": {"call": {"key": [0], "node": [1], "narrow": [0], "side": [0], "objects": [1], "bytes": [1], "heap_bytes": [1]},
//!               "type": {}, "cause": {}},
//!   "tables": [{"by": "site", "bytes": {"name": [0], "position": [0],
//!                                       "before": [1.0], "before_interval": [[1.0, 2.0]],
//!                                       "after": [1.0], "after_interval": [null],
//!                                       "error": [0.5], "changed": [0],
//!                                       "total": {"before": 1.0, "after": 1.0, "error": 0.5}},
//!               "objects": {}}]
//! }
//! ```
//!
//! From `functions` to `samples` it is as in the document of a recording
//! (`export/html/model.rs`), both of them in one tree: `side` of a sample is 0 for the
//! earlier one and 1 for the later. What samples hold has to be taken `factors` times to be
//! figures as `tables` have them, with the `suffix`. Frames have no
//! `intervals`. Rows are in the order of [`Diff::rows`]: what changed first.

use std::{panic, thread};

use serde::Serialize;

use super::super::Diff;
use super::super::facts::{COMPARED, TOTAL, facts, related};
use super::tables::{self, Table};
use crate::export::html::{FactFields, Flame, Strings};
use crate::profile::merge::beside;
use crate::profile::summary;
use crate::report::Fact;

/// All data of a page.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    program: &'a str,
    by: &'static str,
    value: &'static str,
    suffix: &'static str,
    facts: Vec<FactFields>,
    factors: [f64; 2],
    strings: Vec<String>,
    #[serde(flatten)]
    flame: Flame,
    tables: Vec<Table>,
}

/// What the page of `diff` holds.
pub(super) fn document<'a>(diff: &Diff<'a>) -> Document<'a> {
    let options = &diff.options;
    let mut strings = Strings::default();
    let (both, earlier) = beside(diff.before.clone(), diff.after.clone());
    // Neither knows of the other.
    let (flame, comparisons) = thread::scope(|scope| {
        let comparisons = scope.spawn(|| tables::comparisons(diff));
        let flame = Flame::of_two(&both, earlier, &mut strings);
        let comparisons = comparisons.join();
        (
            flame,
            comparisons.unwrap_or_else(|panic| panic::resume_unwind(panic)),
        )
    });
    Document {
        program: summary::program(diff.after),
        by: options.by.name(),
        value: options.sort.name(),
        suffix: options.per.suffix(),
        facts: header(diff),
        factors: diff.factors(),
        flame,
        tables: tables::all(&comparisons, &mut strings),
        strings: strings.items,
    }
}

/// What the table says first, but for what is of one measure or one property: the page has
/// all of them.
fn header(diff: &Diff<'_>) -> Vec<FactFields> {
    let facts = facts(diff).into_iter();
    let facts = facts.filter(|fact| fact.name != TOTAL).map(|fact| {
        let value = match fact.name {
            COMPARED => related("bytes and objects", diff.options.per),
            _ => fact.value,
        };
        Fact { value, ..fact }
    });
    facts.map(FactFields::from).collect()
}
