//! Events as JSON, one document a line, `schema` 1.
//!
//! ```json
//! {"event": "start", "schema": 1, "pid": 1, "exe": "", "go_version": "", "functions": [""], "warnings": [""]}
//! {"event": "call", "time_unix_ns": 1, "tid": 1, "goid": 1, "function": "runtime.mapassign_fast64",
//!  "arguments": {"type": "map[int]int", "map": "0xc00007e0c0", "key": 42},
//!  "ending": "returned", "results": {"element": "0xc000080008"}, "labels": {"endpoint": "/cart"},
//!  "site": {"function": "", "file": "", "line": 1}, "stack": [{"function": "", "file": "", "line": 1}]}
//! {"event": "skipped", "time_unix_ns": 1, "length_ns": 1, "counted": 1, "estimated": 1}
//! {"event": "collection", "time_unix_ns": 1, "late_ns": 1, "number": 7, "collections": 1, "forced": 0,
//!  "heap": {"start_bytes": 1, "end_bytes": 1, "live_bytes": 1, "goal_bytes": 1},
//!  "allocated": {"calls": 1, "bytes": 1, "sites": [{"site": {"function": "", "file": "", "line": 1},
//!  "calls": 1, "bytes": 1}]}}
//! {"event": "end", "length_ns": 1, "calls": 1, "lost": 1, "lost_returns": 1, "unseen": 1,
//!  "skipped_counted": 1, "skipped_estimated": 1, "overhead_percent": 1.0}
//! ```
//!
//! `heap` is null where it was not read in time or is not known, `allocated` if no function
//! of the allocator is traced.
//!
//! `goid` is null on a thread without a goroutine, `site` where nothing is known of the
//! caller, `overhead_percent` where it was not measured. `ending` is null where nobody
//! watched for the return, else "returned", "left" (without returning, by a panic),
//! "running" (for longer than the call could be held back) or "unseen" (the probes were
//! off, or records were lost); only the first has `results`, the others null. `labels` are
//! the goroutine's, null if they could not be read; `unseen` counts the calls that ended
//! "running" or "unseen". Addresses are strings, and so are
//! types without a name; a type that the call has none of and what could not be read are
//! null. A string of which more than its beginning was not read is an object, `{"start":
//! "", "length_bytes": 1}`. Fields may be added without a new schema.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::collection::Collected;
use super::event::{Argument, End, Event, Gap, Label, Outcome, Position, Start, Value};

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Start {
        schema: u32,
        pid: u32,
        exe: &'a str,
        go_version: &'a str,
        functions: &'a [String],
        warnings: &'a [String],
    },
    Call {
        time_unix_ns: i64,
        tid: u32,
        goid: Option<u64>,
        function: &'a str,
        arguments: Arguments<'a>,
        ending: Option<&'static str>,
        results: Option<Arguments<'a>>,
        labels: Option<Labels<'a>>,
        site: Option<Place<'a>>,
        stack: Vec<Place<'a>>,
    },
    Skipped {
        time_unix_ns: i64,
        length_ns: u64,
        counted: u64,
        estimated: u64,
    },
    Collection {
        time_unix_ns: i64,
        late_ns: u64,
        number: u32,
        collections: u32,
        forced: u32,
        heap: Option<Heap>,
        allocated: Option<Allocations<'a>>,
    },
    End {
        length_ns: u64,
        calls: u64,
        lost: u64,
        lost_returns: u64,
        unseen: u64,
        skipped_counted: u64,
        skipped_estimated: u64,
        overhead_percent: Option<f64>,
    },
}

#[derive(Serialize)]
struct Heap {
    start_bytes: Option<u64>,
    end_bytes: u64,
    live_bytes: u64,
    goal_bytes: u64,
}

#[derive(Serialize)]
struct Allocations<'a> {
    calls: u64,
    bytes: u64,
    sites: Vec<Site<'a>>,
}

#[derive(Serialize)]
struct Site<'a> {
    site: Option<Place<'a>>,
    calls: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Place<'a> {
    function: &'a str,
    file: &'a str,
    line: u32,
}

struct Arguments<'a>(&'a [Argument]);

struct Labels<'a>(&'a [Label]);

#[derive(Serialize)]
struct LongText<'a> {
    start: &'a str,
    length_bytes: u64,
}

/// What is traced.
#[must_use]
pub fn start_json(start: &Start) -> String {
    line(&Line::Start {
        schema: SCHEMA,
        pid: start.pid,
        exe: &start.exe,
        go_version: &start.go_version,
        functions: &start.functions,
        warnings: &start.warnings,
    })
}

/// One event.
#[must_use]
pub fn call_json(event: &Event, start: &Start) -> String {
    let (ending, results) = match &event.outcome {
        Outcome::NotWatched => (None, None),
        Outcome::Returned(results) => (Some("returned"), Some(Arguments(results))),
        Outcome::Left => (Some("left"), None),
        Outcome::Running => (Some("running"), None),
        Outcome::Unseen => (Some("unseen"), None),
    };
    line(&Line::Call {
        time_unix_ns: unix_ns(event.time_ns, start),
        tid: event.tid,
        goid: event.goid,
        function: &event.function,
        arguments: Arguments(&event.arguments),
        ending,
        results,
        labels: event.labels.as_deref().map(Labels),
        site: event.site.as_deref().map(place),
        stack: event.stack.iter().map(|it| place(it)).collect(),
    })
}

/// A time in which not all calls were traced.
#[must_use]
pub fn gap_json(gap: &Gap, start: &Start) -> String {
    line(&Line::Skipped {
        time_unix_ns: unix_ns(gap.from_ns, start),
        length_ns: gap.length_ns,
        counted: gap.counted,
        estimated: gap.estimated,
    })
}

/// A garbage collection that has ended, and who allocated since the last.
#[must_use]
pub fn collected_json(collected: &Collected, start: &Start) -> String {
    let collection = &collected.collection;
    let allocated = collected.allocated.as_ref();
    line(&Line::Collection {
        time_unix_ns: unix_ns(collection.noticed_ns, start),
        late_ns: collection.late_ns,
        number: collection.number,
        collections: collection.collections,
        forced: collection.forced,
        heap: collection.heap.map(|heap| Heap {
            start_bytes: heap.start_bytes,
            end_bytes: heap.end_bytes,
            live_bytes: heap.live_bytes,
            goal_bytes: heap.goal_bytes,
        }),
        allocated: allocated.map(|allocated| Allocations {
            calls: allocated.calls,
            bytes: allocated.bytes,
            sites: allocated
                .sites
                .iter()
                .map(|it| Site {
                    site: it.site.as_deref().map(place),
                    calls: it.calls,
                    bytes: it.bytes,
                })
                .collect(),
        }),
    })
}

/// How it ended.
#[must_use]
pub fn end_json(end: &End) -> String {
    let overhead = end.overhead_ns.filter(|(_, cpu_ns)| *cpu_ns > 0.0);
    line(&Line::End {
        length_ns: end.length_ns,
        calls: end.shown,
        lost: end.lost,
        lost_returns: end.lost_returns,
        unseen: end.unseen,
        skipped_counted: end.skipped.counted,
        skipped_estimated: end.skipped.estimated,
        overhead_percent: overhead.map(|(hits_ns, cpu_ns)| 100.0 * hits_ns / cpu_ns),
    })
}

/// The time of day of a time by the monotonic clock.
fn unix_ns(time_ns: u64, start: &Start) -> i64 {
    let (clock_ns, unix_ns) = start.clocks_ns;
    let since = time_ns.wrapping_sub(clock_ns).cast_signed();
    unix_ns.saturating_add(since)
}

fn place(position: &Position) -> Place<'_> {
    Place {
        function: &position.function,
        file: &position.file,
        line: position.line,
    }
}

fn line(line: &Line<'_>) -> String {
    // Its keys are all strings, and it holds nothing that could refuse.
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for argument in self.0 {
            map.serialize_entry(argument.name, &argument.value)?;
        }
        map.end()
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for label in self.0 {
            map.serialize_entry(&label.key, &label.value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Signed(number) => number.serialize(serializer),
            Self::Unsigned(number) => number.serialize(serializer),
            Self::Bool(it) => it.serialize(serializer),
            Self::Pointer(address) => serializer.collect_str(address),
            Self::Type(_, Some(name)) => name.as_ref().serialize(serializer),
            Self::Type(address, None) if address.0 != 0 => serializer.collect_str(address),
            Self::Type(..) | Self::Unreadable => serializer.serialize_unit(),
            Self::Text {
                start,
                length_bytes,
            } => {
                let text = String::from_utf8_lossy(start);
                if start.len() as u64 == *length_bytes {
                    return text.serialize(serializer);
                }
                LongText {
                    start: &text,
                    length_bytes: *length_bytes,
                }
                .serialize(serializer)
            }
        }
    }
}
