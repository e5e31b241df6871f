//! Runs the lab under `goalloc record`, which traces every allocation, and sets what
//! it recorded beside what the program's own counters say.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use xtask::{bpf, command, paths};

use super::{
    figures::{Count, Figures, Measured},
    scenario::Variant,
};

/// What the lab prints when it is through: testdata/go/truth.
#[derive(Deserialize)]
struct Truth {
    sites: Vec<Site>,
}

#[derive(Deserialize)]
struct Site {
    function: String,
    objects: u64,
    heap_bytes: u64,
}

/// `goalloc export --format json`, as far as it is needed.
#[derive(Deserialize)]
struct Export {
    frames: Vec<Frame>,
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Frame {
    function: String,
}

#[derive(Deserialize)]
struct Sample {
    stack: Vec<usize>,
    #[serde(rename = "type")]
    type_name: Option<String>,
    cause: Option<String>,
    size_bytes: Option<u64>,
    objects: u64,
    heap_bytes: u64,
}

/// A child that is killed when it goes, on failure as well.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Builds goalloc and returns its path.
pub fn goalloc() -> Result<PathBuf> {
    let mut build = Command::new(bpf::cargo());
    build
        .current_dir(paths::workspace())
        // With xtask, as the tests do: of itself it would be built with other features of
        // its dependencies, and again.
        .args(["build", "--package", "tracer", "--package", "xtask"]);
    command::run(&mut build, "mend what the compiler says above")?;
    Ok(paths::target().join("debug/goalloc"))
}

/// Runs these variants, one after the other, in one process. Those that the release
/// could not compile are not in what comes back.
pub fn measure(goalloc: &Path, executable: &Path, variants: &[&Variant]) -> Result<Measured> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let recording = folder.path().join("alloc.pb.gz");
    let truth = record(goalloc, executable, variants, &recording)?;
    let mut export = Command::new(goalloc);
    export
        .args(["export", "--format", "json", "-o", "-"])
        .arg(&recording);
    let export = command::output(&mut export, "see what it says")?;
    let export = serde_json::from_str(&export).context("the export is not as documented")?;
    Ok(join(&truth, &export, variants))
}

/// Records one run of the lab and returns what it printed.
fn record(
    goalloc: &Path,
    executable: &Path,
    variants: &[&Variant],
    recording: &Path,
) -> Result<Truth> {
    let arguments = variants
        .iter()
        .map(|it| format!("{}={}", it.function, it.operations));
    let mut lab = Command::new(executable);
    lab.args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut lab = Running(lab.spawn().context("cannot start the lab")?);
    let mut stdin = lab.0.stdin.take().context("it is piped")?;
    let mut stdout = BufReader::new(lab.0.stdout.take().context("it is piped")?);
    let mut pid = String::new();
    stdout.read_line(&mut pid)?;
    ensure!(!pid.is_empty(), "the lab ended before it was ready");

    let mut record = Command::new(goalloc);
    record
        .args(["record", "--max-overhead", "none", "--probes", "alloc"])
        .args(["-p", pid.trim(), "-o"])
        .arg(recording)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let mut recorder = Running(record.spawn().context("cannot start goalloc")?);
    let mut stderr = BufReader::new(recorder.0.stderr.take().context("it is piped")?);
    wait_for_probes(&mut stderr)?;
    let said = thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).map(|_| said)
    });

    // One byte starts the section, the other says that it may end.
    stdin.write_all(b"\n\n")?;
    let mut printed = String::new();
    stdout.read_to_string(&mut printed)?;
    // It ends with the program it records.
    let status = recorder.0.wait()?;
    let said = said.join().ok().context("reading does not panic")??;
    ensure!(
        status.success(),
        "goalloc record ended with {status}: {said}"
    );
    let truth = printed.lines().last().context("the lab printed nothing")?;
    serde_json::from_str(truth).context("the lab printed something else")
}

/// Reads what goalloc says until its probes are on.
fn wait_for_probes(stderr: &mut impl std::io::BufRead) -> Result<()> {
    let mut said = String::new();
    loop {
        let start = said.len();
        if stderr.read_line(&mut said)? == 0 {
            bail!("goalloc does not record: {}", said.trim());
        }
        if said.get(start..).is_some_and(|it| it.contains("recording")) {
            return Ok(());
        }
    }
}

/// Sets what was recorded below each function beside what the program counted.
fn join(truth: &Truth, export: &Export, variants: &[&Variant]) -> Measured {
    let mut measured = Measured::new();
    for variant in variants {
        let name = format!("main.{}", variant.function);
        let Some(site) = truth.sites.iter().find(|it| it.function == name) else {
            continue;
        };
        let figures = Figures {
            operations: variant.operations,
            memstats: Count {
                objects: site.objects,
                heap_bytes: site.heap_bytes,
            },
            ..Figures::default()
        };
        measured.insert(variant.function.clone(), figures);
    }
    let of_frame: BTreeMap<usize, &str> = export
        .frames
        .iter()
        .enumerate()
        .filter_map(|(index, frame)| Some((index, variant_of(&frame.function)?)))
        .collect();
    for sample in &export.samples {
        let variant = sample.stack.iter().find_map(|it| of_frame.get(it));
        let Some(figures) = variant.and_then(|it| measured.get_mut(*it)) else {
            continue;
        };
        figures.goalloc.objects += sample.objects;
        figures.goalloc.heap_bytes += sample.heap_bytes;
        if sample.objects > 0 {
            let cause = sample.cause.clone().unwrap_or_default();
            *figures.causes.entry(cause).or_default() += sample.objects;
            let size_bytes = sample.size_bytes.unwrap_or_default();
            figures.largest_bytes = figures.largest_bytes.max(size_bytes);
            if sample.type_name.as_deref().is_some_and(is_table) {
                figures.table_sizes_bytes.insert(size_bytes);
            }
        }
    }
    measured
}

/// Whether a type is one that holds a map's entries: buckets up to Go 1.23, groups
/// since (go1.24 src/cmd/compile/internal/reflectdata/map_swiss.go).
fn is_table(type_name: &str) -> bool {
    let element = type_name.strip_prefix("[]").unwrap_or(type_name);
    element.starts_with("map.bucket[") || element.starts_with("map.group[")
}

/// `s01Read` of the frames `main.s01Read` and `main.s01Read.func1`: a goroutine's
/// stack has no frame of the function that started it, but its body's name has.
fn variant_of(function: &str) -> Option<&str> {
    let name = function.strip_prefix("main.")?;
    let name = name.split('.').next()?;
    let digits = name.strip_prefix('s')?.get(..2)?;
    digits.bytes().all(|it| it.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_name_the_variant() {
        for (function, variant) in [
            ("main.s01Read", Some("s01Read")),
            ("main.s26Leak.func1", Some("s26Leak")),
            ("main.(*variant).repeat", None),
            ("main.section", None),
            ("runtime.newobject", None),
        ] {
            assert_eq!(variant_of(function), variant);
        }
    }

    #[test]
    fn samples_go_to_the_function_they_are_below() {
        let truth: Truth = serde_json::from_str(
            r#"{"sites": [{"function": "main.s01Read", "objects": 3, "heap_bytes": 48}]}"#,
        )
        .unwrap();
        let export: Export = serde_json::from_str(
            r#"{"frames": [{"function": "runtime.newarray"}, {"function": "main.s01Read"},
                           {"function": "main.section"}],
                "samples": [{"stack": [0, 1, 2], "type": "[]map.group[int]int", "cause": "map growth",
                             "size_bytes": 16, "objects": 3, "heap_bytes": 48},
                            {"stack": [0, 2], "cause": "new", "size_bytes": 8, "objects": 9,
                             "heap_bytes": 72}]}"#,
        )
        .unwrap();
        let variant = |function: &str| Variant {
            function: function.to_owned(),
            code: String::new(),
            operations: 3,
            seeded: false,
            also: Vec::new(),
        };
        let (read, newer) = (variant("s01Read"), variant("s01Newer"));
        let measured = join(&truth, &export, &[&read, &newer]);
        assert_eq!(measured.len(), 1);
        let figures = &measured["s01Read"];
        assert!(figures.agree());
        assert_eq!(figures.largest_bytes, 16);
        assert_eq!(figures.table_sizes_bytes, [16].into());
        assert_eq!(figures.causes_by_objects(), ["map growth"]);
    }
}
