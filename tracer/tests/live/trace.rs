//! `goalloc trace`: every call, with its arguments, against what the program knows of itself.

use std::{
    collections::BTreeMap,
    fs::File,
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::goalloc,
    lines::{Lines, wait_for},
};

/// Exit code when calls were lost.
const EVENTS_LOST: i32 = 3;

/// What the fixture `assignments` says it did.
#[derive(Debug, Deserialize)]
pub struct Truth {
    goroutines: Vec<Account>,
    numbers: Vec<u64>,
    words: Vec<u64>,
}

/// What one of its goroutines did.
#[derive(Debug, Deserialize)]
struct Account {
    goroutine: u64,
    first: u64,
    assignments: u64,
}

/// What `goalloc trace --json` wrote.
pub struct Traced<T = Truth> {
    pub truth: T,
    pub code: Option<i32>,
    pub stderr: String,
    pub calls: Vec<Value>,
    pub end: Value,
}

fn trace(minor: u32, fixture_args: &[&str], args: &[&str]) -> Option<Traced> {
    trace_program("assignments", minor, fixture_args, args)
}

/// Traces a fixture of Go 1.`minor` while it works. It must live on and end well.
pub fn trace_program<T: DeserializeOwned>(
    program: &str,
    minor: u32,
    fixture_args: &[&str],
    args: &[&str],
) -> Option<Traced<T>> {
    let (_slot, executable) = common::traceable(Slot::take, minor, Variant::PLAIN, program)?;
    let mut fixture = Fixture::start(&executable, fixture_args);
    let written = NamedTempFile::new().expect("a temporary file");
    let mut tracer = start(fixture.pid(), args, written.reopen().expect("it is there"));
    let mut stderr = Lines::of(tracer.stderr.take().expect("piped"));
    stderr.find("`tracing`", |it| it.contains("tracing"));
    fixture.run_section();
    let pid = i32::try_from(tracer.id()).ok().and_then(Pid::from_raw);
    // It may have ended already, at its limit.
    let _ = kill_process(pid.expect("a PID"), Signal::INT);
    let status = wait_for("end of goalloc trace", || {
        tracer.try_wait().expect("it is our child")
    });
    let text = std::fs::read_to_string(written.path()).expect("text");
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let end = lines.pop().expect("a line");
    assert_eq!(end["event"], "end");
    lines.retain(|line| line["event"] == "call");
    Some(Traced {
        truth: fixture.finish_with(),
        code: status.code(),
        stderr: stderr.rest().join("\n"),
        calls: lines,
        end,
    })
}

fn start(pid: u32, args: &[&str], written: File) -> Child {
    goalloc()
        .args(["trace", "--json", "-p", &pid.to_string()])
        .args(args)
        .stdin(Stdio::null())
        .stdout(written)
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built")
}

pub fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// Ten thousand assignments to each sort of map, from four goroutines.
const MANY: [&str; 4] = ["-g", "4", "-n", "2500"];
const MANY_CALLS: u64 = 30_000;
const EVERY_ASSIGNMENT: [&str; 4] = ["--func", "runtime.mapassign*", "--max-overhead", "none"];

fn every_assignment(minor: u32) {
    let Some(traced) = trace(minor, &MANY, &EVERY_ASSIGNMENT) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    assert!(traced.stderr.contains("none lost"), "{}", traced.stderr);
    assert_eq!(number(&traced.end["calls"]), MANY_CALLS);
    assert_eq!(number(&traced.end["lost"]), 0);
    // The keys by goroutine, in the order of the calls.
    let mut keys: BTreeMap<u64, BTreeMap<&str, Vec<&Value>>> = BTreeMap::new();
    let mut before_ns = BTreeMap::new();
    for call in &traced.calls {
        let goroutine = number(&call["goid"]);
        let function = call["function"].as_str().expect("a name");
        let arguments = &call["arguments"];
        let of_goroutine = keys.entry(goroutine).or_default();
        of_goroutine
            .entry(function)
            .or_default()
            .push(&arguments["key"]);
        let (map_type, site) = match function {
            "runtime.mapassign_fast64" => ("map[uint64]int", "main.(*worker).assignWide"),
            "runtime.mapassign_fast32" => ("map[uint32]int", "main.(*worker).assignNarrow"),
            "runtime.mapassign_faststr" => ("map[string]int", "main.(*worker).assignText"),
            other => panic!("{other} was not called"),
        };
        assert_eq!(arguments["type"], map_type);
        assert_eq!(call["site"]["function"], site);
        assert!(number(&call["tid"]) > 0);
        let time_ns = number(&call["time_unix_ns"]);
        assert!(
            before_ns.insert(goroutine, time_ns) <= Some(time_ns),
            "{call}"
        );
    }
    assert_eq!(keys.len(), traced.truth.goroutines.len());
    for account in &traced.truth.goroutines {
        let numbers = account.first..account.first + account.assignments;
        let of_goroutine = &keys[&account.goroutine];
        for function in ["runtime.mapassign_fast64", "runtime.mapassign_fast32"] {
            let keys = of_goroutine[function].iter().map(|key| number(key));
            assert!(keys.eq(numbers.clone()), "{function}");
        }
        let texts = of_goroutine["runtime.mapassign_faststr"].iter();
        let texts = texts.map(|key| key.as_str().expect("a string").to_owned());
        assert!(texts.eq(numbers.map(|number| format!("key {number}"))));
    }
}

#[test]
fn every_assignment_go1_19() {
    every_assignment(19);
}

#[test]
fn every_assignment_go1_24() {
    every_assignment(24);
}

#[test]
fn every_assignment_go1_27() {
    every_assignment(27);
}

/// The capacities that calls of `growslice` at one site are said to lead to.
fn capacities<'a>(traced: &'a Traced, site: &'a str) -> Vec<u64> {
    let calls = traced.calls.iter();
    let at_site = calls.filter(|call| call["site"]["function"] == site);
    at_site
        .map(|call| number(&call["arguments"]["new_cap"]))
        .collect()
}

fn growth(minor: u32, map_growth: &[&str], names: [&str; 2], steps: &[[u64; 2]]) {
    let mut args = vec!["--max-overhead", "none", "--func", "runtime.growslice*"];
    for function in map_growth {
        args.extend(["--func", function]);
    }
    let Some(traced) = trace(minor, &["-n", "100", "-s", "20"], &args) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    assert_eq!(
        capacities(&traced, "main.growNumbers"),
        traced.truth.numbers
    );
    assert_eq!(capacities(&traced, "main.growWords"), traced.truth.words);
    let of_map: Vec<_> = traced
        .calls
        .iter()
        .filter(|call| call["arguments"]["type"] == "map[uint64]int")
        .map(|call| names.map(|name| number(&call["arguments"][name])))
        .collect();
    assert_eq!(of_map, steps);
}

/// 100 entries in buckets of 8 that hold 6.5 on average.
#[test]
fn growth_of_old_maps() {
    let steps = [[1, 2], [2, 4], [4, 8], [8, 16]];
    growth(
        19,
        &["runtime.hashGrow"],
        ["old_buckets", "new_buckets"],
        &steps,
    );
}

/// 100 entries in tables of which seven eighths are filled.
#[test]
fn growth_of_swiss_maps() {
    let steps = [[0, 8], [8, 16], [16, 32], [32, 64], [64, 128]];
    for minor in [24, 27] {
        growth(
            minor,
            &["*growTo*", "*rehash"],
            ["old_cap", "new_cap"],
            &steps,
        );
    }
}

#[test]
fn losses_are_counted() {
    let starved = [&EVERY_ASSIGNMENT[..], &["--ring-size", "4KiB"]].concat();
    let Some(traced) = trace(27, &MANY, &starved) else {
        return;
    };
    assert_eq!(traced.code, Some(EVENTS_LOST), "{}", traced.stderr);
    let lost = number(&traced.end["lost"]);
    assert!(lost > 0);
    assert_eq!(traced.calls.len() as u64 + lost, MANY_CALLS);
    assert!(traced.stderr.contains(&format!("{lost} lost")));
}

#[test]
fn what_the_budget_skips_is_said() {
    let bounded = ["--func", "runtime.mapassign*", "--max-overhead", "1"];
    let Some(traced) = trace(26, &["-g", "2", "-n", "1000000"], &bounded) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    let shown = traced.calls.len() as u64;
    assert!(shown > 0, "nothing was traced");
    assert!(shown < 3_000_000, "the budget was not kept");
    let skipped = ["skipped_counted", "skipped_estimated"].map(|it| number(&traced.end[it]));
    assert!(skipped[1] > 0, "{:?}", traced.end);
    assert!(traced.stderr.contains("calls skipped"), "{}", traced.stderr);
}

#[test]
fn the_limit_ends_it() {
    let limited = [&EVERY_ASSIGNMENT[..], &["--limit", "7", "--stack", "2"]].concat();
    let Some(traced) = trace(27, &MANY, &limited) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    assert_eq!(traced.calls.len(), 7);
    for call in &traced.calls {
        let stack = call["stack"].as_array().expect("an array");
        assert_eq!(stack[0], call["site"]);
        assert_eq!(stack.len(), 2);
    }
}
