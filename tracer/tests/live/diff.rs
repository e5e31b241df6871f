//! `goalloc diff` on runs of one program, and of one that was changed at one site.

use std::{fs, path::Path, path::PathBuf};

use tempfile::TempDir;

use crate::common::{
    self, Slot,
    build::Variant,
    goalloc::{goalloc, output},
};

/// Recordings of the program, each with so many objects of `main.changed` in so many rounds.
struct Runs {
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Runs {
    fn record(executable: &Path, overhead: &str, runs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |run: usize| folder.path().join(format!("{run}.pb.gz"));
        let files: Vec<_> = (0..runs.len()).map(file).collect();
        for (file, (rounds, each)) in files.iter().zip(runs) {
            let mut run = goalloc();
            run.args(["run", "--max-overhead", overhead, "-o"])
                .arg(file)
                .arg("--")
                .arg(executable)
                .args(["-n", rounds, "-k", each]);
            output(&mut run, &[0]);
        }
        Self { folder, files }
    }

    fn diff(&self, before: usize, after: usize, args: &[&str]) -> String {
        let mut diff = goalloc();
        diff.arg("diff")
            .args([&self.files[before], &self.files[after]])
            .args(args);
        output(&mut diff, &[0])
    }

    fn json(&self, before: usize, after: usize, args: &[&str]) -> serde_json::Value {
        let args = [args, &["--format", "json"]].concat();
        serde_json::from_str(&self.diff(before, after, &args)).expect("JSON")
    }

    /// Functions of the sites that changed.
    fn changed(&self, before: usize, after: usize, args: &[&str]) -> Vec<String> {
        let found = self.json(before, after, args);
        let rows = found["rows"].as_array().expect("an array").iter();
        let changed = rows.filter(|row| row["changed"] == true);
        let function = |row: &serde_json::Value| {
            let key = row["key"].as_str().expect("a site");
            key.split(' ').next().unwrap_or_default().to_owned()
        };
        changed.map(function).collect()
    }
}

#[test]
fn a_change_at_one_site_is_named_and_a_second_run_is_none() {
    let Some(toolchain) = common::toolchain(26) else {
        return;
    };
    let Some((_slot, executable)) = common::traceable(Slot::take, 26, Variant::PLAIN, "regression")
    else {
        return;
    };
    let of = [("1000", "5"), ("1000", "5"), ("1000", "6"), ("3000", "5")];
    let runs = Runs::record(&executable, "none", &of);
    for sort in ["bytes", "objects"] {
        let args = ["--sort", sort];
        assert_eq!(runs.changed(0, 1, &args), [""; 0]);
        assert_eq!(runs.changed(0, 2, &args), ["main.changed"]);
        assert_eq!(runs.changed(2, 0, &args), ["main.changed"]);
        // Three times the work is no change of it, but for what a program does once.
        let by_work = runs.changed(0, 3, &[&args[..], &["--ops", "1000,3000"]].concat());
        assert!(
            by_work.iter().all(|it| !it.starts_with("main.")),
            "{by_work:?}"
        );
        assert_eq!(runs.changed(0, 3, &args), ["main.steady", "main.changed"]);
    }
    let found = runs.json(0, 2, &["--sort", "objects", "--ops", "1000"]);
    let row = &found["rows"][0];
    assert_eq!((&row["before"], &row["after"]), (&5.0.into(), &6.0.into()));
    let table = runs.diff(0, 2, &[]);
    assert!(table.contains("+20.0   main.changed"), "{table}");

    let file = runs.folder.path().join("diff.pb.gz");
    let path = file.to_str().expect("a plain path");
    runs.diff(0, 2, &["--format", "pprof", "-o", path]);
    let mut pprof = toolchain.command();
    pprof.args(["tool", "pprof", "-symbolize=none", "-top", "-nodecount=0"]);
    pprof.args(["-nodefraction=0", "-sample_index=alloc_objects"]);
    let top = output(pprof.arg(&file), &[0]);
    // flat flat% sum% cum cum% name
    let cumulative = |name: &str| {
        let line = top.lines().find(|line| line.trim_end().ends_with(name));
        line.and_then(|line| line.split_whitespace().nth(3)?.parse::<i64>().ok())
    };
    assert_eq!(cumulative(" main.changed"), Some(1000), "{top}");
    assert_eq!(cumulative(" main.steady").unwrap_or_default(), 0, "{top}");
    let svg = runs.folder.path().join("diff.svg");
    let path = svg.to_str().expect("a plain path");
    let args = [
        "--format",
        "svg",
        "--runtime-frames",
        "hide",
        "--sort",
        "objects",
    ];
    runs.diff(0, 2, &[&args[..], &["-o", path]].concat());
    let svg = fs::read_to_string(svg).expect("it was made");
    let frame = |name: &str| {
        let title = format!("<title>{name} (");
        let line = svg.split("<g>").find(|it| it.contains(&title));
        line.unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    let changed = frame("main.changed");
    assert!(
        changed.contains("6,000 objects") && changed.contains("; +"),
        "{changed}"
    );
    // As red as it gets, and no color at all.
    assert!(changed.contains("rgb(255,"), "{changed}");
    assert!(frame("main.steady").contains("rgb(250,250,250)"), "{svg}");
}

/// With a bound on the overhead figures have error bars, and the verdicts are the same.
#[test]
fn a_change_at_one_site_is_named_in_windows() {
    let Some((_slots, executable)) =
        common::traceable(Slot::take_all, 26, Variant::PLAIN, "regression")
    else {
        return;
    };
    let of = ["5", "5", "6"].map(|each| ("3000000", each));
    let runs = Runs::record(&executable, "5", &of);
    assert_eq!(runs.changed(0, 1, &[]), [""; 0], "{}", runs.diff(0, 1, &[]));
    let table = runs.diff(0, 2, &[]);
    assert_eq!(runs.changed(0, 2, &[]), ["main.changed"], "{table}");
}
