//! Every way to name a target, and every way a target can be out of reach of
//! the usual paths.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    common::{
        self, Slot,
        build::Variant,
        fixture::Fixture,
        goalloc::{Recorder, goalloc, output},
        lines::Lines,
        report::Report,
        truth::Truth,
    },
    compare::assert_exact,
};

/// Time enough to find a new process and to attach to it, on a busy machine.
const FOUND_AND_ATTACHED: std::time::Duration = std::time::Duration::from_secs(3);

/// The `new` fixture of a release, copied to a folder of its own.
fn copied(minor: u32, variant: Variant) -> Option<(TempDir, PathBuf)> {
    let (_slot, built) = common::traceable(Slot::take, minor, variant, "new")?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let executable = folder.path().join("new");
    fs::copy(built, &executable).expect("it can be copied");
    Some((folder, executable))
}

/// Records the section of a fixture that runs already, and compares.
fn assert_recorded(mut fixture: Fixture, args: &[&str]) {
    let recorder = Recorder::start(fixture.pid(), args);
    fixture.run_section();
    let recording = recorder.stop();
    assert_exact(&recording, &fixture.finish());
}

#[test]
fn deleted_executable() {
    let Some((_folder, executable)) = copied(26, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let fixture = Fixture::start(&executable, &[]);
    fs::remove_file(&executable).expect("it can be deleted");
    assert_recorded(fixture, &[]);
}

#[test]
fn replaced_executable() {
    let Some((_folder, executable)) = copied(27, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let fixture = Fixture::start(&executable, &[]);
    fs::remove_file(&executable).expect("it can be deleted");
    fs::write(&executable, "not the program that runs").expect("it can be replaced");
    assert_recorded(fixture, &[]);
}

#[test]
fn perf_events_count_the_same() {
    let Some((_folder, executable)) = copied(25, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    assert_recorded(Fixture::start(&executable, &[]), &["--attach", "perf"]);
}

/// In namespaces of its own, the executable at a path that only it has.
#[test]
fn another_mount_and_pid_namespace() {
    let Some((folder, executable)) = copied(26, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let script = format!(
        "mount -t tmpfs none {0} && cp /proc/self/fd/9 {0}/hidden && chmod +x {0}/hidden && \
         exec 9<&- && exec {0}/hidden",
        folder.path().display()
    );
    let wrapper = folder.path().join("wrapper");
    fs::write(
        &wrapper,
        format!(
            "#!/bin/sh\nexec 9<{}\nexec unshare --mount --pid --fork --mount-proc sh -c '{script}'\n",
            executable.display()
        ),
    )
    .expect("it can be written");
    let mut permissions = fs::metadata(&wrapper).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&wrapper, permissions).expect("it can be made executable");
    let mut fixture = Fixture::start(&wrapper, &[]);
    assert_eq!(fixture.pid(), 1, "it is the first of its namespace");
    let pid = running("hidden");
    let recorder = Recorder::start(pid, &[]);
    fixture.run_section();
    let recording = recorder.stop();
    assert_exact(&recording, &fixture.finish());
}

/// The one process whose executable has this name.
fn running(name: &str) -> u32 {
    let found: Vec<u32> = procfs::process::all_processes()
        .expect("proc is mounted")
        .flatten()
        .filter(|it| it.exe().is_ok_and(|exe| exe.ends_with(name)))
        .map(|it| it.pid.unsigned_abs())
        .collect();
    assert_eq!(found.len(), 1, "processes of {name}");
    found[0]
}

fn report_of(file: &Path) -> Report {
    let mut report = goalloc();
    report.arg("report").arg(file);
    report.args(["--by", "function", "--format", "json", "--top", "0"]);
    serde_json::from_str(&output(&mut report, &[0])).expect("a report")
}

/// One process that runs already, one that starts later; of a position
/// independent executable, so that the two are loaded at different addresses.
#[test]
fn every_process_of_an_executable() {
    let pie = Variant {
        name: "pie",
        flags: &["-buildmode=pie"],
        ..Variant::PLAIN
    };
    let Some((folder, executable)) = copied(27, pie) else {
        return;
    };
    let _slot = Slot::take();
    let mut early = Fixture::start(&executable, &[]);
    let file = folder.path().join("both.pb.gz");
    let mut child = goalloc()
        .args(["record", "--max-overhead", "none", "--exe"])
        .arg(&executable)
        .arg("-o")
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built");
    let mut stderr = Lines::of(child.stderr.take().expect("piped"));
    stderr.find("`recording`", |it| it.contains("recording"));
    early.run_section();
    let mut late = Fixture::start(&executable, &[]);
    late.run_section();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    assert!(child.wait().expect("it is our child").success());
    let (early, late) = (early.finish(), late.finish());
    let report = report_of(&file);
    // The late one is seen from its first allocation on, its warm-up too.
    assert!(report.totals.objects > early.mallocs + late.mallocs);
    for site in early.sites.iter().filter(|site| site.objects > 0) {
        let row = report.row(&site.function);
        let objects = row.map_or(0, |it| it.objects);
        assert!(
            objects >= 2 * site.objects && objects.is_multiple_of(site.objects),
            "{}: {objects} of {} each",
            site.function,
            site.objects
        );
    }
}

/// With a bound, processes are found while the recording runs, each under a budget
/// of its own.
#[test]
fn new_processes_are_found_under_a_bound() {
    let Some((folder, executable)) = copied(27, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let early = Fixture::start(&executable, &[]);
    let file = folder.path().join("found.pb.gz");
    let mut child = goalloc()
        .args(["record", "--exe"])
        .arg(&executable)
        .arg("-o")
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built");
    let mut stderr = Lines::of(child.stderr.take().expect("piped"));
    stderr.find("`recording`", |it| it.contains("recording"));
    let mut late = Fixture::start(&executable, &[]);
    std::thread::sleep(FOUND_AND_ATTACHED);
    late.run_section();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    assert!(child.wait().expect("it is our child").success());
    let report = report_of(&file);
    let mut pids = [early.pid(), late.pid()];
    pids.sort_unstable();
    assert_eq!(report.target.pids, pids);
    drop(early);
    let mallocs = late.finish().mallocs;
    assert!(
        report.totals.objects >= mallocs,
        "{} of {mallocs}",
        report.totals.objects
    );
}

/// Everything from the first instruction on is there, and nothing else.
#[test]
fn a_command_from_its_first_allocation() {
    let Some((folder, executable)) = copied(26, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let file = folder.path().join("run.pb.gz");
    let mut run = goalloc();
    run.args(["run", "--max-overhead", "none", "-o"])
        .arg(&file)
        .arg("--")
        .arg(&executable);
    // Both bytes of the protocol at once; the program runs through.
    let mut child = run
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), b"xx").expect("it reads");
    let mut stdout = Lines::of(child.stdout.take().expect("piped"));
    let line = stdout.find("the truth", |it| it.starts_with('{'));
    assert!(child.wait().expect("it is our child").success());
    let truth: Truth = serde_json::from_str(&line).expect("the truth");
    let report = report_of(&file);
    assert!(
        report.totals.objects > truth.mallocs,
        "start-up allocates too"
    );
    let first: Vec<_> = report.rows.iter().map(|row| row.key.as_str()).collect();
    assert!(
        first.iter().any(|function| function.starts_with("runtime.")
            || function.starts_with("internal/")
            || function.starts_with("os.")),
        "what runs before main is there: {first:?}"
    );
}

#[test]
fn a_target_that_ends_ends_the_recording() {
    let Some((_folder, executable)) = copied(26, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    let mut fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let truth = fixture.finish();
    let recording = recorder.wait();
    recording.assert_success();
    // Printing the truth allocates as well.
    assert!(recording.report("function").totals.objects >= truth.mallocs);
}

#[test]
fn several_signals_end_it_cleanly() {
    let Some((_folder, executable)) = copied(27, Variant::PLAIN) else {
        return;
    };
    let _slot = Slot::take();
    for signal in [
        rustix::process::Signal::INT,
        rustix::process::Signal::TERM,
        rustix::process::Signal::HUP,
    ] {
        let mut fixture = Fixture::start(&executable, &[]);
        let recorder = Recorder::start(fixture.pid(), &[]);
        fixture.run_section();
        recorder.signal(signal);
        let recording = recorder.wait();
        assert_exact(&recording, &fixture.finish());
    }
}

#[test]
fn ps_lists_it() {
    let Some((_folder, executable)) = copied(21, Variant::PLAIN) else {
        return;
    };
    let fixture = Fixture::start(&executable, &[]);
    let listed = output(goalloc().args(["ps", "--format", "json"]), &[0]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let text = listed.to_string();
    assert!(
        text.contains(&format!("\"pid\":{}", fixture.pid())),
        "{text}"
    );
    assert!(text.contains("go1.21"), "{text}");
}

#[test]
fn doctor_finds_this_machine_fit() {
    if !common::can_trace() {
        return;
    }
    let status = Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .arg("doctor")
        .stdout(Stdio::null())
        .status()
        .expect("goalloc is built");
    assert!(status.success());
}
