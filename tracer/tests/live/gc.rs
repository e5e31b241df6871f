//! `goalloc gc` against what `GODEBUG=gctrace=1` prints of the same run.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{
    self, Slot, build::Variant, fixture::Fixture, goalloc::Attached, lines::wait_for,
};

/// A fixture that prints its collections, and where.
pub struct Traced {
    pub fixture: Fixture,
    folder: TempDir,
}

/// A collection as `gctrace` prints it.
#[derive(Debug, PartialEq, Eq)]
pub struct Collection {
    pub number: u64,
    pub is_forced: bool,
    /// At its start, at its end, live, and the goal.
    pub heap_mb: [u64; 4],
}

impl Traced {
    pub fn start(executable: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = "GODEBUG=gctrace=1 exec \"$0\" 2>\"$1\"";
        let log = folder.path().join("gctrace");
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let arguments = ["-c", script, &text(executable), &text(&log)];
        Self {
            fixture: Fixture::start(Path::new("/bin/sh"), &arguments),
            folder,
        }
    }

    /// Those so far. A line is `gc 7 @0.02s 3%: ..., 4->5->1 MB, 5 MB goal, ...`,
    /// `(forced)` at its end if the program called for it.
    pub fn collections(&self) -> Vec<Collection> {
        let log = fs::read_to_string(self.folder.path().join("gctrace")).expect("it was made");
        log.lines()
            .filter_map(|line| {
                let number = line.strip_prefix("gc ")?.split(' ').next()?;
                let sizes = line.split(", ").find(|it| it.contains("->"))?;
                let goal = line.split(", ").find(|it| it.ends_with(" MB goal"))?;
                let numbers = sizes.strip_suffix(" MB")?.split("->");
                let numbers = numbers.chain(goal.split(' ').take(1));
                let heap_mb: Vec<u64> = numbers.map_while(|it| it.parse().ok()).collect();
                Some(Collection {
                    number: number.parse().ok()?,
                    is_forced: line.ends_with("(forced)"),
                    heap_mb: heap_mb.try_into().ok()?,
                })
            })
            .collect()
    }

    /// Waits until no collection is going on any more.
    pub fn settle(&self) {
        let mut last = None;
        wait_for("the end of the last collection", || {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.collections().len();
            let is_same = last.replace(now) == Some(now);
            is_same.then_some(())
        });
    }
}

fn rows<'a>(found: &'a Value, name: &str) -> &'a [Value] {
    found[name].as_array().expect("an array")
}

fn sum(rows: &[Value], name: &str) -> u64 {
    rows.iter().filter_map(|row| row[name].as_u64()).sum()
}

/// Percent of the collections and of the bytes that a function has.
fn shares(found: &Value, function: &str) -> (f64, f64) {
    let of_function = |row: &&Value| {
        let site = row["site"].as_str().unwrap_or_default();
        site.split(' ').next() == Some(function)
    };
    let rows = rows(found, "sites").iter().filter(of_function);
    rows.fold((0.0, 0.0), |(collections, bytes), row| {
        let percent = |name: &str| row[name].as_f64().expect("a number");
        (
            collections + percent("collections_percent"),
            bytes + percent("bytes_percent"),
        )
    })
}

/// Runs the section under `goalloc gc`: what it says, and what `gctrace` says.
fn run(minor: u32, overhead: &str) -> Option<(Value, Vec<Collection>, common::truth::Truth)> {
    let (_slots, executable) = common::traceable(Slot::take_all, minor, Variant::PLAIN, "cycles")?;
    let mut traced = Traced::start(&executable);
    traced.settle();
    let before = traced.collections().len();
    let args = ["gc", "--format", "json", "--max-overhead", overhead];
    let goalloc = Attached::start(traced.fixture.pid(), &args);
    traced.fixture.run_section();
    traced.settle();
    let (code, found) = goalloc.stop();
    assert_eq!(code, 0, "{found:#}");
    let collections = traced.collections().split_off(before);
    Some((found, collections, traced.fixture.finish()))
}

/// The same collections, by number, as `gctrace` has them. The section calls for one of
/// them; `gctrace` may say so of the one before as well, because it prints when the next
/// may have begun.
fn assert_same_collections(found: &Value, collections: &[Collection]) {
    assert_eq!(found["collections"], collections.len() as u64, "{found:#}");
    assert_eq!(found["forced"], 1, "{found:#}");
    let mut next = collections.iter();
    for cycle in rows(found, "cycles") {
        let count = cycle["collections"].as_u64().expect("a number");
        let ended: Vec<_> = next.by_ref().take(count as usize).collect();
        if let Some(last) = ended.last() {
            assert_eq!(cycle["number"], last.number, "{cycle:#}");
        }
        let was_forced = ended.iter().any(|it| it.is_forced);
        assert!(was_forced || cycle["forced"] == 0, "{cycle:#}");
    }
}

/// Whether all sizes of the heap were read in time; `None` where none were. They are those
/// that `gctrace` prints, as it rounds them.
pub fn has_same_heap(heap: &Value, collection: &Collection) -> Option<bool> {
    if heap.is_null() {
        return None;
    }
    let sizes = ["start_bytes", "end_bytes", "live_bytes", "goal_bytes"];
    let sizes = sizes.map(|name| heap[name].as_u64().map(|bytes| bytes >> 20));
    for (size, expected) in sizes.iter().zip(collection.heap_mb) {
        assert!(
            size.is_none_or(|it| it == expected),
            "{collection:?}: {heap:#}"
        );
    }
    assert!(sizes[1..].iter().all(Option::is_some), "{heap:#}");
    Some(sizes[0].is_some())
}

/// The same of every cycle. Gives back of how many collections all, and of how many
/// something was read in time.
fn assert_same_heap(found: &Value, collections: &[Collection]) -> [usize; 2] {
    assert!(found["no_heap_sizes"].is_null(), "{found:#}");
    let ended = |cycle: &&Value| cycle["collections"] != 0;
    let whole: Vec<bool> = rows(found, "cycles")
        .iter()
        .filter(ended)
        .filter_map(|cycle| {
            let collection = collections.iter().find(|it| cycle["number"] == it.number);
            has_same_heap(&cycle["heap"], collection.expect("gctrace has it"))
        })
        .collect();
    [whole.iter().filter(|it| **it).count(), whole.len()]
}

/// Traced exactly: cycles and bytes are the program's own, and who brought the
/// collections on is no matter of bytes alone.
fn exact(minor: u32) {
    let Some((found, collections, truth)) = run(minor, "none") else {
        return;
    };
    assert_same_collections(&found, &collections);
    let [whole, some] = assert_same_heap(&found, &collections);
    assert!(2 * whole > collections.len(), "{found:#}");
    let cycles = rows(&found, "cycles");
    assert_eq!(sum(cycles, "objects"), truth.mallocs);
    assert_eq!(sum(cycles, "bytes"), truth.total_alloc);
    let by_site: f64 = cycles
        .iter()
        .flat_map(|cycle| rows(cycle, "sites"))
        .filter_map(|site| site["bytes"].as_f64())
        .sum();
    let off = (by_site - truth.total_alloc as f64).abs();
    assert!(off <= 160.0, "{by_site} bytes of {}", truth.total_alloc);

    let (big, big_bytes) = shares(&found, "main.onBigHeap");
    let (small, small_bytes) = shares(&found, "main.onSmallHeap");
    println!(
        "Go 1.{minor}: {} collections, of {whole} all sizes of the heap, of {some} some; on a big heap {big_bytes:.1} % of the bytes bring on {big:.1} %, on a small one {small_bytes:.1} % {small:.1} %; noticed within {} ms",
        collections.len(),
        found["late_ns"].as_f64().unwrap_or_default() / 1e6
    );
    assert!((big_bytes - small_bytes).abs() < 1.0, "{found:#}");
    // gctrace tells the two apart by the collection called for between them.
    let called_for = collections.iter().rposition(|it| it.is_forced);
    let before = called_for.expect("one is called for") as f64;
    let all = collections.len() as f64 - 1.0;
    let expected = (all - before) / all * 100.0;
    assert!(small > big + 10.0, "{collections:?}");
    assert!(
        (small - expected).abs() < 10.0,
        "{small} of {expected}: {found:#}"
    );
}

macro_rules! releases {
    ($($release:ident: $minor:literal,)+) => {
        $(#[test]
        fn $release() {
            exact($minor);
        })+
    };
}

releases! {
    go1_19: 19,
    go1_22: 22,
    go1_24: 24,
    go1_27: 27,
}

/// With a bound cycles are the same, and what no window saw of them is said.
#[test]
fn in_windows() {
    let Some((found, collections, truth)) = run(26, "5") else {
        return;
    };
    assert_same_collections(&found, &collections);
    let cycles = rows(&found, "cycles");
    assert_eq!(sum(cycles, "bytes"), truth.total_alloc);
    for cycle in cycles {
        let by_site = rows(cycle, "sites").iter();
        let by_site: f64 = by_site.filter_map(|site| site["bytes"].as_f64()).sum();
        let unseen = cycle["unseen_bytes"].as_f64().expect("a number");
        let bytes = cycle["bytes"].as_f64().expect("a number");
        assert!(
            (by_site + unseen - bytes).abs() < 1.0 + bytes / 100.0,
            "{cycle:#}"
        );
    }
}
