//! Totals of programs that end while they are recorded: they go up to the very end.

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Service,
    goalloc::{Recorder, goalloc, output},
    report::Report,
};

const PIE: Variant = Variant {
    name: "pie",
    flags: &["-buildmode=pie"],
    ..Variant::PLAIN
};

/// What the program allocates beside that, and what may lie in the caches of its
/// processors at the end, is less than this.
const OBJECTS: u64 = 6_000_000;
const OTHERS: u64 = OBJECTS / 1000;

/// The recording of a program that ends so, with the overhead bounded.
fn record(minor: u32, variant: Variant, how: &str) -> Option<Report> {
    let (_slots, executable) = common::traceable(Slot::take_all, minor, variant, "ends")?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ends.pb.gz");
    let mut run = goalloc();
    run.args(["run", "--max-overhead", "5", "-o"]).arg(&file);
    run.arg("--").arg(executable);
    run.args(["-n", &OBJECTS.to_string(), "-how", how]);
    let ran = run.output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(said.trim(), format!("objects {OBJECTS}"));
    let mut report = goalloc();
    report.arg("report").arg(&file).args(["--format", "json"]);
    let json = output(&mut report, &[0]);
    let report: Report = serde_json::from_str(&json).expect("as agreed");
    assert_ne!(report.coverage.method, "all");
    Some(report)
}

fn assert_whole(minor: u32, variant: Variant, how: &str) {
    let Some(report) = record(minor, variant, how) else {
        return;
    };
    let found = report.coverage.objects_runtime.expect("they were read");
    assert!(
        found.abs_diff(OBJECTS) <= OTHERS,
        "{how}, go1.{minor}: {found} of {OBJECTS}"
    );
    let total = report.totals.objects;
    assert!(total.abs_diff(found) <= OTHERS, "{how}: {total} of {found}");
}

#[test]
fn by_returning() {
    assert_whole(27, PIE, "return");
}

#[test]
fn by_exiting() {
    assert_whole(24, Variant::PLAIN, "exit");
}

#[test]
fn by_a_signal() {
    assert_whole(19, PIE, "terminate");
}

/// What is done behind the end of a recording is no time in which nothing was read.
#[test]
fn by_the_end_of_the_recording() {
    let traceable = common::traceable(Slot::take_all, 27, Variant::PLAIN, "service");
    let Some((_slots, executable)) = traceable else {
        return;
    };
    let service = Service::start(&executable);
    let recorder = Recorder::start_bounded(service.pid(), &["-d", "500ms"]);
    let report = recorder.wait().report("site");
    assert_eq!(report.coverage.method, "windows");
    assert_eq!(report.warnings, Vec::<String>::new());
}

/// Nobody hears of that beforehand: what is missing is little, or is said to be missing.
#[test]
fn by_being_killed() {
    let Some(report) = record(26, Variant::PLAIN, "kill") else {
        return;
    };
    let found = report.coverage.objects_runtime.expect("they were read");
    let is_said = report.warnings.iter().any(|it| it.contains("last read"));
    assert!(found <= OBJECTS + OTHERS, "{found}");
    assert!(is_said || found >= OBJECTS / 100 * 95, "{found}");
}
