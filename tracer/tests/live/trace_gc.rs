//! `goalloc trace --gc` against what `GODEBUG=gctrace=1` prints of the same run.

use std::{collections::BTreeMap, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::common::{
    self, Slot,
    build::Variant,
    goalloc::goalloc,
    lines::{Lines, wait_for},
};
use crate::gc::{Collection, Traced, has_same_heap};

/// What `goalloc trace --gc --json` wrote and said, and what `gctrace` did.
struct Run {
    lines: Vec<Value>,
    said: String,
    collections: Vec<Collection>,
}

/// Traces the fixture of Go 1.`minor` while it works.
fn run(minor: u32, args: &[&str]) -> Option<Run> {
    let (_slots, executable) = common::traceable(Slot::take_all, minor, Variant::PLAIN, "cycles")?;
    let mut traced = Traced::start(&executable);
    traced.settle();
    let before = traced.collections().len();
    let written = NamedTempFile::new().expect("a temporary file");
    let mut tracer = goalloc()
        .args(["trace", "--gc", "--json", "--max-overhead", "none", "-p"])
        .arg(traced.fixture.pid().to_string())
        .args(args)
        .stdin(Stdio::null())
        .stdout(written.reopen().expect("it is there"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built");
    let mut stderr = Lines::of(tracer.stderr.take().expect("piped"));
    stderr.find("`tracing`", |it| it.contains("tracing"));
    traced.fixture.run_section();
    traced.settle();
    // They are told as they happen, not at the end.
    wait_for("collections in the output", || {
        let text = std::fs::read_to_string(written.path()).expect("text");
        text.contains("\"event\":\"collection\"").then_some(())
    });
    let pid = i32::try_from(tracer.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a PID"), Signal::INT).expect("goalloc is still there");
    let status = wait_for("end of goalloc trace", || {
        tracer.try_wait().expect("it is our child")
    });
    let said = stderr.rest().join("\n");
    assert_eq!(status.code(), Some(0), "{said}");
    let text = std::fs::read_to_string(written.path()).expect("text");
    let lines = text.lines();
    Some(Run {
        lines: lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect(),
        said,
        collections: traced.collections().split_off(before),
    })
}

fn number(value: &Value, name: &str) -> u64 {
    let number = value[name].as_u64();
    number.unwrap_or_else(|| panic!("no {name}: {value:#}"))
}

/// Collections are those of `gctrace` by number, with the heap's sizes. Lines are in their
/// order, and between two collections stand the calls that the second one counts.
fn every_collection(minor: u32) {
    let Some(run) = run(minor, &[]) else {
        return;
    };
    let first = run.collections.first().expect("it collects").number;
    let (mut told, mut sized, mut latest_ns) = (0, 0, 0);
    // Calls and bytes by site, since the last collection.
    let mut sites: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut calls_until_ns = 0;
    for line in &run.lines {
        if line["event"] == "call" {
            let of_site = sites.entry(line["site"].to_string()).or_default();
            of_site.0 += 1;
            of_site.1 += number(&line["arguments"], "size");
            assert!(number(line, "time_unix_ns") > latest_ns, "{line:#}");
            calls_until_ns = calls_until_ns.max(number(line, "time_unix_ns"));
        } else if line["event"] == "collection" {
            told += number(line, "collections");
            assert_eq!(
                number(line, "number"),
                first + told - 1,
                "{line:#}\n{}",
                run.said
            );
            let at = usize::try_from(told - 1).expect("few");
            sized += usize::from(has_same_heap(&line["heap"], &run.collections[at]).is_some());
            latest_ns = number(line, "time_unix_ns");
            assert!(calls_until_ns <= latest_ns, "{line:#}");
            assert!(number(line, "late_ns") > 0, "{line:#}");
            assert_same_sites(&line["allocated"], &std::mem::take(&mut sites));
        }
    }
    assert_eq!(told, run.collections.len() as u64, "{}", run.said);
    assert!(sized > 0, "{}", run.said);
}

/// The sums of all sites, and the first three by bytes.
fn assert_same_sites(allocated: &Value, sites: &BTreeMap<String, (u64, u64)>) {
    let (calls, bytes) = sites.values().fold((0, 0), |sum, of_site| {
        (sum.0 + of_site.0, sum.1 + of_site.1)
    });
    assert_eq!(number(allocated, "calls"), calls, "{allocated:#}");
    assert_eq!(number(allocated, "bytes"), bytes, "{allocated:#}");
    let mut by_bytes: Vec<u64> = sites.values().map(|(_, bytes)| *bytes).collect();
    by_bytes.sort_unstable_by(|a, b| b.cmp(a));
    by_bytes.truncate(3);
    let shown = allocated["sites"].as_array().expect("an array");
    let shown_bytes: Vec<u64> = shown.iter().map(|it| number(it, "bytes")).collect();
    assert_eq!(shown_bytes, by_bytes, "{allocated:#}");
    for it in shown {
        let expected = sites[&it["site"].to_string()];
        assert_eq!((number(it, "calls"), number(it, "bytes")), expected);
    }
}

#[test]
fn go1_19() {
    every_collection(19);
}

#[test]
fn go1_24() {
    every_collection(24);
}

#[test]
fn go1_27() {
    every_collection(27);
}

/// Without the allocator among the functions there is no telling who allocated.
#[test]
fn without_the_allocator() {
    let Some(run) = run(27, &["--func", "runtime.makechan*"]) else {
        return;
    };
    assert!(run.said.contains("no allocator function"), "{}", run.said);
    let is_collection = |line: &&Value| line["event"] == "collection";
    let mut lines = run.lines.iter().filter(is_collection);
    let told: u64 = lines.clone().map(|line| number(line, "collections")).sum();
    assert_eq!(told, run.collections.len() as u64);
    assert!(lines.all(|line| line["allocated"].is_null()));
}
