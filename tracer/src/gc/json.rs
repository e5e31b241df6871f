//! Cycles as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1, "target": "", "recorded_ns": 1, "coverage": "",
//!   "collections": 1, "forced": 0, "seen": 1.0, "late_ns": 1000000, "cycles_without_sites": 0,
//!   "no_heap_sizes": null,
//!   "sites": [{"site": "", "bytes": 1.0, "bytes_percent": 100.0,
//!              "collections": 1.0, "collections_percent": 100.0}],
//!   "cycles": [{"number": 7, "collections": 1, "forced": 0, "ended_ns": 1, "late_ns": 1,
//!               "heap": {"start_bytes": 1, "end_bytes": 1, "live_bytes": 1, "goal_bytes": 1},
//!               "objects": 1, "bytes": 1, "unseen_bytes": 0.0,
//!               "sites": [{"site": "", "bytes": 1.0}]}]
//! }
//! ```
//!
//! `bytes` of a cycle are the runtime's, those of sites are estimates where not everything
//! was traced, and lack the cycles that no window saw. `collections` of a site is the sum of its shares, `seen` of how many sites
//! are known. `late_ns` is how much later than it ended a collection was noticed, at most;
//! what was allocated in between counts for it. `heap` is what `GODEBUG=gctrace=1` prints of
//! the last collection of a cycle, in bytes: null where it was not read in time, everywhere
//! if `no_heap_sizes` says why, and `start_bytes` alone where only that came too late. A
//! cycle of no collections is the last one, which none has followed yet. Fields may be added
//! without a new schema.

use serde::Serialize;

use super::Cycles;
use crate::profile::{Profile, summary};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    target: String,
    recorded_ns: u64,
    coverage: String,
    collections: u64,
    forced: u64,
    seen: f64,
    late_ns: u64,
    cycles_without_sites: usize,
    no_heap_sizes: Option<&'a str>,
    sites: Vec<ShareFields<'a>>,
    cycles: Vec<CycleFields<'a>>,
}

#[derive(Serialize)]
struct ShareFields<'a> {
    site: &'a str,
    bytes: f64,
    bytes_percent: f64,
    collections: f64,
    collections_percent: f64,
}

#[derive(Serialize)]
struct CycleFields<'a> {
    number: u32,
    collections: u32,
    forced: u32,
    ended_ns: u64,
    late_ns: u64,
    heap: Option<HeapFields>,
    objects: u64,
    bytes: u64,
    unseen_bytes: f64,
    sites: Vec<SiteFields<'a>>,
}

#[derive(Serialize)]
struct HeapFields {
    start_bytes: Option<u64>,
    end_bytes: u64,
    live_bytes: u64,
    goal_bytes: u64,
}

#[derive(Serialize)]
struct SiteFields<'a> {
    site: &'a str,
    bytes: f64,
}

/// All of it.
#[must_use]
pub fn to_json(cycles: &Cycles, profile: &Profile) -> String {
    let shares = cycles.shares().into_iter();
    let document = Document {
        schema: SCHEMA,
        target: summary::target(profile),
        recorded_ns: profile.duration_ns,
        coverage: summary::coverage(profile),
        collections: cycles.collections(),
        forced: cycles.forced(),
        seen: cycles.seen(),
        late_ns: cycles.late_ns(),
        cycles_without_sites: cycles.without_sites,
        no_heap_sizes: cycles.no_heap_sizes.as_deref(),
        sites: shares
            .map(|share| ShareFields {
                site: cycles.site(share.site),
                bytes: share.bytes,
                bytes_percent: share.bytes_percent,
                collections: share.collections,
                collections_percent: share.collections_percent,
            })
            .collect(),
        cycles: cycles
            .cycles
            .iter()
            .map(|cycle| CycleFields {
                number: cycle.number,
                collections: cycle.collections,
                forced: cycle.forced,
                ended_ns: cycle.ended_ns,
                late_ns: cycle.late_ns,
                heap: cycle.heap.map(|heap| HeapFields {
                    start_bytes: heap.start_bytes,
                    end_bytes: heap.end_bytes,
                    live_bytes: heap.live_bytes,
                    goal_bytes: heap.goal_bytes,
                }),
                objects: cycle.objects,
                bytes: cycle.bytes,
                unseen_bytes: cycle.unseen_bytes,
                sites: cycle
                    .sites
                    .iter()
                    .map(|it| SiteFields {
                        site: cycles.site(it.site),
                        bytes: it.bytes,
                    })
                    .collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}
