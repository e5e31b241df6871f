//! Every export is read back by a program that is not goalloc, and sums up to what the
//! recording does.
//!
//! One live process is recorded for all of them. What reads is fetched by `cargo xtask
//! setup --test`; without it, and without root, tests skip and say so, unless
//! `GOALLOC_REQUIRE_LIVE=1` makes them fail.

#[allow(dead_code, reason = "the live tests use all of it")]
#[path = "../common/mod.rs"]
mod common;

mod tools;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value as Json;
use tracer::profile::{Profile, Values, pprof};

use common::Slot;
use common::build::Variant;
use common::fixture::Fixture;
use common::goalloc::{Recorder, Recording, goalloc, output};

/// A recording and what is in it.
struct Recorded {
    recording: Recording,
    profile: Profile,
}

/// The `maps` fixture, recorded once with Go 1.27: types, causes, counted calls.
fn recorded() -> Option<&'static Recorded> {
    static RECORDED: OnceLock<Option<Recorded>> = OnceLock::new();
    RECORDED.get_or_init(record).as_ref()
}

fn record() -> Option<Recorded> {
    let (_slot, executable) = common::traceable(Slot::take, 27, Variant::PLAIN, "maps")?;
    let mut fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    recording.assert_success();
    fixture.finish();
    let bytes = std::fs::read(recording.file()).expect("a recording");
    let profile = pprof::decode(&bytes).expect("a profile");
    assert!(profile.totals().objects > 0 && profile.totals().calls > 0);
    Some(Recorded { recording, profile })
}

/// What `goalloc export` makes of the recording, in a file.
fn export(recorded: &Recorded, format: &str, args: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("export");
    let mut command = goalloc();
    command.arg("export").arg(recorded.recording.file());
    command
        .args(["--format", format])
        .args(args)
        .arg("-o")
        .arg(&file);
    output(&mut command, &[0]);
    (folder, file)
}

/// Checks sums by name.
fn assert_sums(sums: &Json, values: Values, names: &[&str]) {
    for name in names {
        let expected = match *name {
            "objects" => values.objects,
            "bytes" => values.bytes,
            "heap_bytes" => values.heap_bytes,
            _ => values.calls,
        };
        assert_eq!(sums[name], expected, "{name} of {sums}");
    }
}

/// Checks what a Python library reads of a format.
fn assert_python_reads(format: &str, names: &[&str]) -> Option<Json> {
    let recorded = recorded()?;
    let (_folder, file) = export(recorded, format, &[]);
    let sums = tools::python(format, &file)?;
    assert_sums(&sums, recorded.profile.totals(), names);
    Some(sums)
}

const ALL: [&str; 4] = ["objects", "bytes", "heap_bytes", "calls"];

#[test]
fn csv_by_pythons_csv() {
    assert_python_reads("csv", &ALL);
}

#[test]
fn json_by_pythons_json() {
    assert_python_reads("json", &ALL);
}

#[test]
fn svg_by_pythons_elementtree() {
    assert_python_reads("svg", &["bytes"]);
}

#[test]
fn otlp_by_what_the_published_schema_generates() {
    let Some(recorded) = recorded() else {
        return;
    };
    let strings = |json: &Json| -> HashSet<String> {
        let array = json.as_array().expect("names").iter();
        array.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let types: HashSet<String> = recorded
        .profile
        .samples
        .iter()
        .filter_map(|sample| sample.labels.type_name.as_deref().map(str::to_owned))
        .collect();
    for format in ["otlp", "otlp-json"] {
        let Some(read) = assert_python_reads(format, &ALL) else {
            return;
        };
        assert_eq!(strings(&read["types"]), types, "{format}");
        let functions = strings(&read["functions"]);
        for function in &recorded.profile.functions {
            assert!(
                functions.contains(&function.name),
                "{format}: {}",
                function.name
            );
        }
    }
}

#[test]
fn speedscope_by_itself() {
    let Some(recorded) = recorded() else {
        return;
    };
    let (_folder, file) = export(recorded, "speedscope", &[]);
    let Some(saved) = tools::speedscope(&file) else {
        return;
    };
    let profiles = saved["profiles"].as_array().expect("profiles");
    let frames = saved["shared"]["frames"].as_array().expect("frames");
    let weights: Vec<_> = profiles.iter().map(|it| chains(frames, it)).collect();
    let sums: Vec<u64> = weights.iter().map(|it| it.values().sum()).collect();
    let totals = recorded.profile.totals();
    assert_eq!(sums, [totals.bytes, totals.objects, totals.heap_bytes]);
    // It shows the call chains that folded stacks have.
    let (_folder, file) = export(recorded, "folded", &[]);
    let folded = std::fs::read_to_string(file).expect("folded stacks");
    let folded: HashMap<_, _> = folded
        .lines()
        .map(|line| {
            let (chain, bytes) = line.rsplit_once(' ').expect("a weight");
            (chain.to_owned(), bytes.parse().expect("bytes"))
        })
        .collect();
    assert_eq!(weights[0], folded);
}

/// Weights by call chain of a profile as speedscope saves it: frames that open and close.
fn chains(frames: &[Json], profile: &Json) -> HashMap<String, u64> {
    let mut chains = HashMap::new();
    let mut open: Vec<&str> = Vec::new();
    let mut before = profile["startValue"].as_u64().expect("a weight");
    for event in profile["events"].as_array().expect("events") {
        let at = event["at"].as_u64().expect("a weight");
        if at > before {
            *chains.entry(open.join(";")).or_default() += at - before;
            before = at;
        }
        if event["type"] == "O" {
            let frame = event["frame"].as_u64().expect("a frame") as usize;
            open.push(frames[frame]["name"].as_str().expect("a name"));
        } else {
            open.pop();
        }
    }
    assert!(open.is_empty(), "{open:?}");
    chains
}

#[test]
fn dot_by_graphviz() {
    let Some(recorded) = recorded() else {
        return;
    };
    let (_folder, file) = export(recorded, "dot", &[]);
    let Some(graph) = tools::graphviz(&file) else {
        return;
    };
    // What each function has anywhere in a call chain, counted here.
    let profile = &recorded.profile;
    let mut cumulative: HashMap<String, u64> = HashMap::new();
    for sample in &profile.samples {
        let names: HashSet<String> = profile
            .frames(&sample.stack)
            .map(|frame| frame.function.into_owned())
            .collect();
        for name in names {
            *cumulative.entry(name).or_default() += sample.values.bytes;
        }
    }
    let total = profile.totals().bytes;
    assert_eq!(graph["total"], total.to_string());
    let nodes: Vec<&Json> = graph["objects"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter(|node| node["name"] != "legend")
        .collect();
    for node in &nodes {
        let name = node["tooltip"].as_str().expect("a name");
        assert_eq!(node["cumulative"], cumulative[name].to_string(), "{name}");
    }
    let shown = cumulative
        .values()
        .filter(|bytes| **bytes as f64 >= total as f64 * 0.005);
    assert_eq!(nodes.len(), shown.count());
    assert!(
        graph["edges"]
            .as_array()
            .is_some_and(|edges| !edges.is_empty())
    );
}

#[test]
fn folded_by_inferno() {
    let Some(recorded) = recorded() else {
        return;
    };
    let totals = recorded.profile.totals();
    for (value, sum) in [
        ("bytes", totals.bytes),
        ("objects", totals.objects),
        ("heap-bytes", totals.heap_bytes),
    ] {
        let (_folder, file) = export(recorded, "folded", &["--value", value]);
        let folded = std::fs::read(file).expect("an export");
        let mut svg = Vec::new();
        let mut options = inferno::flamegraph::Options::default();
        options.count_name = "things".to_owned();
        inferno::flamegraph::from_reader(&mut options, &*folded, &mut svg).expect("it is read");
        let all = format!("all ({} things, 100%)", tracer::report::units::count(sum));
        assert!(
            String::from_utf8_lossy(&svg).contains(&all),
            "{value}: {all}"
        );
    }
}

#[test]
fn pprof_by_go_tool_pprof() {
    let (Some(toolchain), Some(recorded)) = (common::toolchain(27), recorded()) else {
        return;
    };
    // What is filtered stays a profile, and one that pprof reads.
    for args in [
        &[][..],
        &["--runtime-frames", "hide"],
        &["--focus", "^main"],
    ] {
        let (_folder, file) = export(recorded, "pprof", args);
        let bytes = std::fs::read(&file).expect("an export");
        let totals = pprof::decode(&bytes).expect("a profile").totals();
        let mut command: Command = toolchain.command();
        command
            .args(["tool", "pprof", "-symbolize=none", "-raw"])
            .arg(&file);
        let raw = output(&mut command, &[0]);
        assert_eq!(
            raw_sums(&raw),
            [
                totals.objects,
                totals.bytes,
                totals.heap_bytes,
                totals.calls
            ]
        );
    }
}

/// Sums of the values that `pprof -raw` lists.
fn raw_sums(raw: &str) -> [u64; 4] {
    let samples = raw.lines().skip_while(|line| !line.starts_with("Samples:"));
    let mut sums = [0; 4];
    for line in samples
        .skip(2)
        .take_while(|line| !line.starts_with("Locations"))
    {
        // values: locations; labels are on lines of their own.
        let Some((values, _)) = line.split_once(": ") else {
            continue;
        };
        let values: Vec<u64> = values
            .split_whitespace()
            .filter_map(|it| it.parse().ok())
            .collect();
        if let Ok(values) = <[u64; 4]>::try_from(values) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
    }
    sums
}

#[test]
fn histogram_log_by_hdrhistogram() {
    let Some(recorded) = recorded() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("sizes.hlog");
    let mut command = goalloc();
    command.arg("report").arg(recorded.recording.file());
    command.args(["--top", "0", "--format", "hlog", "-o"]);
    output(command.arg(&file), &[0]);
    let Some(read) = tools::python("hlog", &file) else {
        return;
    };
    let totals = recorded.profile.totals();
    assert_eq!(read["objects"], totals.objects);
    assert_eq!(read["objects_of_tags"], totals.objects);
}
