//! The data of the page, as JSON: columns of numbers, so that a recording with a
//! hundred thousand stacks stays small and is read fast.
//!
//! ```json
//! {
//!   "program": "shop", "command": ["./shop"], "start_unix_ms": 1.0,
//!   "facts": [{"weight": "plain", "name": "Target", "value": ""}],
//!   "totals": {"objects": 1, "bytes": 1, "heap_bytes": 1},
//!   "estimated": true, "least_share": 0.001,
//!   "strings": [""],
//!   "functions": {"name": [0], "file": [0], "kind": [0]},
//!   "nodes": {"up": [1], "function": [0]},
//!   "samples": {"call": {"key": [0], "node": [1], "narrow": [0], "objects": [1], "bytes": [1], "heap_bytes": [1]},
//!               "type": {}, "cause": {}},
//!   "intervals": {"call": {"key": [0], "node": [1], "objects": [[1, 2]], "bytes": [null]},
//!                 "type": {}, "cause": {}},
//!   "narrow": {"name": 0, "share": 0.00001, "chains": 1},
//!   "tables": [{"by": "site", "name": [0], "position": [0], "objects": [1], "bytes": [1], "heap_bytes": [1],
//!               "objects_interval": [[1, 2]], "bytes_interval": [null],
//!               "p50": [1], "p99": [1], "max": [1], "sizes": [[4, 1, 0, 2]]}],
//!   "timeline": null
//! }
//! ```
//!
//! `nodes` is the tree of all call chains without its root, which is number 0: node
//! `i + 1` calls from node `i + 1 - up[i]`. `kind` is 0 for the program's own module, 1 for
//! a package of another one, 2 for the standard library, 3 for the runtime, 4 for what has
//! no package. `samples` and `intervals` are of frames, by the root of the graph: a frame
//! is a node under a `key`, the string of its type or cause. Frames below the `share` of
//! `narrow` are not there: where `narrow` of a sample is 1 it is the sum of those that its
//! frame calls, under the `name`; `chains` is how many call chains end so. It is null when
//! all is there. `name`, `file`, `key` and `position` are numbers of `strings`. A table's
//! `sizes` begin with the power of two that bounds the first bucket, then come objects,
//! bucket after bucket. Of nodes with less than `least_share` of the recording there are
//! no intervals.

use std::{panic, thread};

use serde::Serialize;

use super::Strings;
use super::flame::Flame;
use super::narrow::{Bound, MOST_FRAMES};
use super::spread::{LEAST_SHARE, Sides};
use super::tables::{Table, Tables};
use super::timeline::{self, Timeline};
use crate::profile::{Intervals, Profile, summary};
use crate::report::{Fact, OVER_TIME, Weight, facts};

/// All data of a page.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    program: &'a str,
    command: &'a [String],
    start_unix_ms: f64,
    facts: Vec<FactFields>,
    totals: Totals,
    estimated: bool,
    least_share: f64,
    strings: Vec<String>,
    #[serde(flatten)]
    flame: Flame,
    tables: Vec<Table>,
    timeline: Option<Timeline>,
}

/// One thing to know, as the header shows it.
#[derive(Serialize)]
pub(crate) struct FactFields {
    weight: &'static str,
    name: &'static str,
    value: String,
}

impl From<Fact> for FactFields {
    fn from(fact: Fact) -> Self {
        Self {
            weight: match fact.weight {
                Weight::Plain => "plain",
                Weight::Warning => "warning",
                Weight::Loss => "loss",
            },
            name: fact.name,
            value: fact.value,
        }
    }
}

#[derive(Serialize)]
struct Totals {
    objects: u64,
    bytes: u64,
    heap_bytes: u64,
}

/// What a page of `profile` holds.
pub(super) fn document(profile: &Profile) -> Document<'_> {
    let mut strings = Strings::default();
    let intervals = Intervals::of(profile);
    let bound = Bound::none(profile, MOST_FRAMES);
    // Neither knows of the other, and each takes half of the time.
    let (flame, tables) = thread::scope(|scope| {
        let tables = scope.spawn(|| Tables::of(profile));
        let flame = Flame::of(profile, Sides::One, &intervals, bound, &mut strings);
        let tables = tables.join();
        (
            flame,
            tables.unwrap_or_else(|panic| panic::resume_unwind(panic)),
        )
    });
    let by_site = &tables.by_site;
    Document {
        program: summary::program(profile),
        command: &profile.target.args,
        start_unix_ms: profile.start_unix_ns as f64 / 1e6,
        facts: facts(by_site)
            .into_iter()
            // The page draws it.
            .filter(|fact| fact.name != OVER_TIME)
            .map(FactFields::from)
            .collect(),
        totals: Totals {
            objects: by_site.totals.objects,
            bytes: by_site.totals.bytes,
            heap_bytes: by_site.totals.heap_bytes,
        },
        estimated: intervals.any(),
        least_share: LEAST_SHARE,
        flame,
        tables: tables.named(&mut strings),
        timeline: profile.timeline.as_ref().map(timeline::shortened),
        strings: strings.items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::golden;
    use crate::profile::fixture;
    use crate::profile::{SiteSeries, Slice};

    fn json(profile: &Profile) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(&document(profile)).unwrap();
        json.push(b'\n');
        json
    }

    #[test]
    fn the_data_match_their_golden_files() {
        golden::check("html-service.json", &json(&fixture::service()));
        let mut sampled = fixture::sampled();
        sampled.timeline = Some(crate::profile::Timeline {
            interval_ns: 1_000_000_000,
            slices: [(1_000_000_000, 10), (1_500_000_000, 4)]
                .map(|(end_ns, objects)| Slice {
                    end_ns,
                    objects,
                    heap_bytes: objects * 96,
                })
                .to_vec(),
            series: vec![SiteSeries {
                site: "main.newOrder /home/dev/shop/order/order.go:12".to_owned(),
                objects: vec![10, 4],
                heap_bytes: vec![960, 384],
            }],
        });
        golden::check("html-sampled.json", &json(&sampled));
    }
}
