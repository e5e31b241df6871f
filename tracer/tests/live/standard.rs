//! Programs nobody here wrote: the benchmarks of Go's own packages, whose
//! allocs/op and B/op come from the runtime itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use xtask::command;

use crate::common::{
    self, Slot,
    goalloc::{goalloc, output},
};

/// What one operation may differ by from what the benchmark prints. It prints
/// whole numbers, rounded down, over the same loop: under 1. Beyond it, the
/// testing package reads the counters inside the loop's goroutine, and a
/// `sync.Pool` that a collection emptied is filled again: 1 %.
const OBJECTS_PER_OP: f64 = 1.0;
const BYTES_PER_OP: f64 = 16.0;
const SHARE: f64 = 0.01;

/// Operations of the shorter and of the longer run. What the harness, the
/// set-up and the first trial allocate is the same in both, and cancels.
const SHORT: u64 = 1000;
const LONG: u64 = 3000;

/// What a benchmark printed.
#[derive(Clone, Copy, Debug)]
struct PerOp {
    objects: f64,
    bytes: f64,
}

/// What was recorded below a benchmark's function.
#[derive(Clone, Copy, Debug, Default)]
struct Recorded {
    objects: u64,
    heap_bytes: u64,
}

fn check(minor: u32, package: &str, pattern: &str) {
    let Some(toolchain) = common::toolchain(minor) else {
        return;
    };
    if !common::can_trace() {
        return;
    }
    let _slot = Slot::take();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let binary = folder.path().join("package.test");
    let mut build = toolchain.command();
    build.args(["test", "-c", "-o"]).arg(&binary).arg(package);
    command::run(&mut build, "see what the compiler says").expect("the test binary builds");
    let sources = toolchain.goroot().join("src").join(package);

    let (_, short) = run(&folder, &binary, &sources, package, pattern, SHORT);
    let (printed, long) = run(&folder, &binary, &sources, package, pattern, LONG);
    assert!(printed.len() >= 3, "{pattern} matches {printed:?}");
    let mut wrong = String::new();
    for (name, per_op) in &printed {
        let before = short.get(name).copied().unwrap_or_default();
        let after = long.get(name).copied().unwrap_or_default();
        let operations = (LONG - SHORT) as f64;
        let objects = (after.objects as f64 - before.objects as f64) / operations;
        let bytes = (after.heap_bytes as f64 - before.heap_bytes as f64) / operations;
        let near = |found: f64, printed: f64, bound: f64| {
            (found - printed).abs() <= bound + SHARE * printed
        };
        if !near(objects, per_op.objects, OBJECTS_PER_OP)
            || !near(bytes, per_op.bytes, BYTES_PER_OP)
        {
            wrong += &format!(
                "{name}: {objects:.2} objects and {bytes:.1} bytes an operation, printed {per_op:?}\n"
            );
        }
        println!("{name}: {objects:.2} objects, {bytes:.1} bytes; printed {per_op:?}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Runs the benchmarks under `goalloc run` and returns what they print and what
/// was recorded, by benchmark.
fn run(
    folder: &TempDir,
    binary: &Path,
    sources: &Path,
    package: &str,
    pattern: &str,
    operations: u64,
) -> (BTreeMap<String, PerOp>, BTreeMap<String, Recorded>) {
    let file: PathBuf = folder.path().join(format!("{operations}.pb.gz"));
    let mut run: Command = goalloc();
    run.args(["run", "--max-overhead", "none", "--probes", "alloc", "-o"])
        .arg(&file)
        .arg("--")
        .arg(binary)
        .args(["-test.run", "^$", "-test.benchmem", "-test.bench", pattern])
        .arg(format!("-test.benchtime={operations}x"))
        .current_dir(sources)
        .env("GOGC", "off");
    let printed = output(&mut run, &[0]);
    let printed = printed.lines().filter_map(parse).collect();
    let mut recorded: BTreeMap<String, Recorded> = BTreeMap::new();
    for (value, add) in [
        ("objects", add_objects as fn(&mut Recorded, u64)),
        ("heap-bytes", add_heap_bytes),
    ] {
        let folded = output(
            goalloc()
                .args(["export", "--format", "folded", "--value", value, "-o", "-"])
                .arg(&file),
            &[0],
        );
        for line in folded.lines() {
            let (stack, count) = line.rsplit_once(' ').expect("stack and count");
            if let Some(name) = benchmark_of(stack, package) {
                add(
                    recorded.entry(name).or_default(),
                    count.parse().expect("a count"),
                );
            }
        }
    }
    (printed, recorded)
}

fn add_objects(recorded: &mut Recorded, count: u64) {
    recorded.objects += count;
}

fn add_heap_bytes(recorded: &mut Recorded, count: u64) {
    recorded.heap_bytes += count;
}

/// `BenchmarkX` of a stack that goes through `package_test.BenchmarkX`.
fn benchmark_of(stack: &str, package: &str) -> Option<String> {
    stack.split(';').find_map(|frame| {
        let rest = frame.strip_prefix(package)?;
        let name = rest
            .strip_prefix("_test")
            .unwrap_or(rest)
            .strip_prefix('.')?;
        let name = name.split('.').next()?;
        name.starts_with("Benchmark").then(|| name.to_owned())
    })
}

/// `BenchmarkX-2  1000  523 ns/op  120 B/op  5 allocs/op`
fn parse(line: &str) -> Option<(String, PerOp)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.first()?.strip_prefix("Benchmark")?;
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    let before = |unit: &str| -> Option<f64> {
        let at = words.iter().position(|word| *word == unit)?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    };
    let per_op = PerOp {
        objects: before("allocs/op")?,
        bytes: before("B/op")?,
    };
    Some((format!("Benchmark{name}"), per_op))
}

const JSON: &str = "^Benchmark(UnmarshalString|UnmarshalFloat64|UnmarshalMap|Issue10335|Unmapped|\
                    MarshalMap|EncoderEncode|EncodeMarshaler|DecoderStream)$";
const FMT: &str = "^Benchmark(Sprintf.*|ManyArgs|Fprint.*)$";

#[test]
fn encoding_json_go1_22() {
    check(22, "encoding/json", JSON);
}

#[test]
fn encoding_json_go1_26() {
    check(26, "encoding/json", JSON);
}

#[test]
fn encoding_json_go1_27() {
    check(27, "encoding/json", JSON);
}

#[test]
fn fmt_go1_19() {
    check(19, "fmt", FMT);
}

#[test]
fn fmt_go1_24() {
    check(24, "fmt", FMT);
}

#[test]
fn fmt_go1_27() {
    check(27, "fmt", FMT);
}
