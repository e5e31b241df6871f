//! `goalloc advise` on a program with known defects: its figures are written into the
//! source, which is built and recorded again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tracer::{
    budget::CpuClock,
    profile::{Profile, pprof},
};
use xtask::go::Toolchain;

use crate::common::{
    self, Slot,
    build::{self, Variant},
    goalloc::{Attached, goalloc, output},
};

/// Each function of the fixture, and what is wrong with it.
const DEFECTS: [(&str, &str); 9] = [
    ("main.appendsNumbers", "slice-growth"),
    ("main.appendsRecords", "slice-growth"),
    ("main.boxes", "boxing"),
    ("main.concatenates", "concatenation"),
    ("main.convertsToBytes", "conversion"),
    ("main.convertsToString", "conversion"),
    ("main.fillsLargeMap", "map-growth"),
    ("main.fillsMap", "map-growth"),
    ("main.makesBuffers", "buffer"),
];

/// Figures that a mended line may have, and the field of the advice that has them.
const FIGURES: [(&str, &str); 4] = [
    ("BYTES", "capacity_bytes"),
    ("CAPACITY", "capacity"),
    ("HINT", "hint"),
    ("SIZE", "size_bytes"),
];

/// Most that may be left of what is to go: a tenth.
const LEFT: f64 = 0.1;

/// A recording of so many rounds of a program, every allocation traced.
fn record(executable: &Path, folder: &TempDir, rounds: &str) -> PathBuf {
    let file = folder.path().join(format!(
        "{}.pb.gz",
        executable.file_name().expect("a name").to_string_lossy()
    ));
    let mut run = goalloc();
    run.args(["run", "--max-overhead", "none", "-o"])
        .arg(&file)
        .arg("--")
        .arg(executable)
        .args(["-n", rounds]);
    assert!(output(&mut run, &[0]).contains(&format!("rounds {rounds}")));
    file
}

fn advice(file: &Path) -> Vec<Value> {
    let mut advise = goalloc();
    advise.arg("advise").arg(file).args(["--format", "json"]);
    pieces(&output(&mut advise, &[0]))
}

fn pieces(json: &str) -> Vec<Value> {
    pieces_of(&serde_json::from_str(json).expect("JSON"))
}

pub fn pieces_of(found: &Value) -> Vec<Value> {
    found["advice"].as_array().expect("a list").clone()
}

pub fn text<'a>(advice: &'a Value, field: &str) -> &'a str {
    advice[field].as_str().expect("text")
}

/// What is advised on which function, in order.
pub fn defects(advice: &[Value]) -> Vec<(&str, &str)> {
    let mut found: Vec<_> = advice
        .iter()
        .map(|it| (text(it, "function"), text(it, "finding")))
        .collect();
    found.sort_unstable();
    found
}

/// The source with what each marked line says instead, and its figures from the advice.
pub fn mended(source: &str, advice: &[Value]) -> String {
    let mut function = "";
    let mut lines = Vec::new();
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("func ") {
            function = rest.split('(').next().expect("a name");
        }
        let Some((old, new)) = line.split_once("// mend: ") else {
            lines.push(line.to_owned());
            continue;
        };
        let advice = advice
            .iter()
            .find(|it| text(it, "function") == format!("main.{function}"));
        let advice = advice.unwrap_or_else(|| panic!("nothing is advised on {function}"));
        let mut new = new.to_owned();
        for (figure, field) in FIGURES {
            if new.contains(figure) {
                let number = advice[field].as_u64().expect("a figure");
                new = new.replace(figure, &number.to_string());
            }
        }
        let indent = old.len() - old.trim_start().len();
        lines.push(format!("{}{new}", &old[..indent]));
    }
    lines.join("\n") + "\n"
}

/// Builds a fixture with another `main.go`.
pub fn rebuilt(
    toolchain: &Toolchain,
    program: &str,
    mend: impl Fn(&str) -> String,
    folder: &TempDir,
) -> PathBuf {
    let module = folder.path().join("module");
    let sources = build::sources();
    fs::create_dir_all(&module).expect("the folder can be made");
    fs::copy(sources.join("go.mod"), module.join("go.mod")).expect("it can be copied");
    for package in [program, "truth"] {
        fs::create_dir(module.join(package)).expect("the folder can be made");
        for file in fs::read_dir(sources.join(package)).expect("it is there") {
            let name = file.expect("it can be read").file_name();
            let (from, to) = (sources.join(package), module.join(package));
            fs::copy(from.join(&name), to.join(&name)).expect("it can be copied");
        }
    }
    let main = module.join(program).join("main.go");
    let source = mend(&fs::read_to_string(&main).expect("readable"));
    fs::write(&main, &source).expect("it can be written");
    let executable = folder.path().join("mended");
    toolchain
        .build(&module.join(program), &executable, &["-buildvcs=false"])
        .unwrap_or_else(|error| panic!("{error:#}\n{source}"));
    executable
}

/// Bytes by function of the program and cause.
fn bytes(file: &Path) -> BTreeMap<(String, String), u64> {
    let profile: Profile = pprof::decode(&fs::read(file).expect("readable")).expect("a recording");
    let mut bytes = BTreeMap::new();
    for sample in &profile.samples {
        let mut frames = profile.frames(&sample.stack);
        let Some(frame) = frames.find(|it| it.function.starts_with("main.")) else {
            continue;
        };
        let cause = sample
            .labels
            .cause
            .as_deref()
            .unwrap_or_default()
            .to_owned();
        *bytes
            .entry((frame.function.into_owned(), cause))
            .or_default() += sample.values.bytes;
    }
    bytes
}

fn of_function(bytes: &BTreeMap<(String, String), u64>, function: &str) -> u64 {
    let own = bytes.iter().filter(|((name, _), _)| name == function);
    own.map(|(_, bytes)| bytes).sum()
}

fn assert_mends(minor: u32) {
    let Some((_slot, executable)) = common::traceable(Slot::take, minor, Variant::PLAIN, "advice")
    else {
        return;
    };
    let Some(toolchain) = common::toolchain(minor) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let before = record(&executable, &folder, "48");
    let found = advice(&before);
    assert_eq!(defects(&found), DEFECTS, "{found:#?}");

    let source = fs::read_to_string(build::sources().join("advice/main.go")).expect("readable");
    for advice in &found {
        let line = usize::try_from(advice["line"].as_u64().expect("a line")).expect("small");
        let there = source.lines().nth(line - 1).expect("it is in the file");
        let has = |word| there.contains(word);
        assert!(
            has("append(") || has("] = ") || has("mend: "),
            "{}: {there}",
            text(advice, "function")
        );
    }

    let mended = rebuilt(
        &toolchain,
        "advice",
        |source| mended(source, &found),
        &folder,
    );
    let after = record(&mended, &folder, "48");
    let (before, after_bytes) = (bytes(&before), bytes(&after));
    for growth in [
        "append growth",
        "map growth",
        "string concatenation",
        "interface boxing",
        "string conversion",
    ] {
        let of = |bytes: &BTreeMap<(String, String), u64>| {
            let main = bytes
                .iter()
                .filter(|((name, cause), _)| name != "main.main" && cause == growth);
            main.map(|(_, bytes)| bytes).sum::<u64>() as f64
        };
        let (was, is) = (of(&before), of(&after_bytes));
        assert!(was > 0.0 && is <= LEFT * was, "{growth}: {was} became {is}");
    }
    // What was promised is kept, function by function.
    for advice in &found {
        let function = text(advice, "function");
        let saved =
            of_function(&before, function) as f64 - of_function(&after_bytes, function) as f64;
        let promised = advice["saved"]["bytes"].as_f64().expect("a number");
        assert!(
            saved >= 0.9 * promised && saved <= 1.2 * promised,
            "{function}: {promised} promised, {saved} saved"
        );
    }
    let left = advice(&after);
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn advice_mends_what_it_is_about_go1_19() {
    assert_mends(19);
}

#[test]
fn advice_mends_what_it_is_about_go1_24() {
    assert_mends(24);
}

#[test]
fn advice_mends_what_it_is_about_go1_27() {
    assert_mends(27);
}

/// CPU time of a program in which each of its defects is seen.
const WORK: Duration = Duration::from_secs(8);

/// Attached for a while with the overhead bounded, the same lines come out, and the same
/// figures for what grows.
#[test]
fn a_running_process_gets_the_same_advice() {
    let Some((_slot, executable)) = common::traceable(Slot::take_all, 26, Variant::PLAIN, "advice")
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exact = advice(&record(&executable, &folder, "48"));
    let mut running = std::process::Command::new(&executable)
        .args(["-for", "10m"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let clock = CpuClock::of(running.id()).expect("it runs");
    let used = || Duration::from_nanos(clock.now_ns().expect("it runs still"));
    let args = ["advise", "--max-overhead", "10", "--format", "json"];
    let advise = Attached::start(running.id(), &args);
    // Windows go by the CPU time of the program, of which there may be little on a
    // machine that is busy.
    let enough = used() + WORK;
    while used() < enough {
        thread::sleep(WORK / 100);
    }
    let (code, said) = advise.stop();
    running.kill().expect("it runs still");
    running.wait().expect("it is our child");
    assert_eq!(code, 0, "{said:#}");
    let found = pieces_of(&said);
    assert_eq!(defects(&found), DEFECTS, "{found:#?}");
    for advice in &found {
        let same = |it: &&Value| it["function"] == advice["function"];
        let exact = exact.iter().find(same).expect("it is there as well");
        for field in ["line", "capacity", "hint", "size_bytes"] {
            assert_eq!(advice[field], exact[field], "{field}: {advice:#}");
        }
        assert!(
            !advice["bytes_interval"].is_null() || advice["bytes"] == 0,
            "{advice:#}"
        );
    }
}
