//! Under load: nothing lost, nothing mixed up, nothing left behind.

use std::{
    collections::BTreeSet, fs::File, os::unix::fs::FileExt as _, process::Stdio, time::Duration,
};

use procfs::process::{MMPermissions, MMapPath, Process};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    common::{
        self, Slot,
        build::Variant,
        fixture::Fixture,
        goalloc::{Recorder, goalloc},
        report::Lost,
        truth::Truth,
    },
    compare::assert_exact,
};

/// A fixture under load, with the machine to itself.
fn start(minor: u32, program: &str, args: &[&str]) -> Option<(Vec<Slot>, Fixture)> {
    let (slots, executable) = common::traceable(Slot::take_all, minor, Variant::PLAIN, program)?;
    Some((slots, Fixture::start(&executable, args)))
}

/// The two functions of `burn`, and how much they allocated.
fn burnt(truth: &Truth) -> impl Iterator<Item = (&str, u64)> {
    let sites = truth
        .sites
        .iter()
        .filter(|it| it.function.starts_with("main.burn"));
    sites.map(|it| (it.function.as_str(), it.objects))
}

fn saturated(minor: u32, args: &[&str]) {
    let Some((_slots, mut fixture)) = start(minor, "burn", args) else {
        return;
    };
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    let truth = fixture.finish();
    recording.assert_success();
    let report = recording.report("function");
    assert_eq!(report.lost, Lost::NOTHING);
    assert_eq!(report.totals.objects, truth.mallocs);
    for (function, objects) in burnt(&truth) {
        let found = report.row(function).map_or(0, |it| it.objects);
        assert_eq!(found, objects, "{function}");
    }
}

#[test]
fn saturated_cores_lose_nothing_go1_19() {
    saturated(19, &["-d", "10"]);
}

#[test]
fn saturated_cores_lose_nothing_go1_26() {
    saturated(26, &["-d", "10"]);
}

#[test]
fn saturated_cores_lose_nothing_go1_27() {
    saturated(27, &["-d", "10"]);
}

#[test]
fn deep_stacks_lose_nothing() {
    saturated(26, &["-n", "400000", "-depth", "100"]);
}

/// `threadNN_a`, `threadNN_b` and `threadNN_c` of one stack have one number.
fn threads_stay_apart(minor: u32) {
    let Some((_slots, mut fixture)) = start(minor, "threads64", &["-pin"]) else {
        return;
    };
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    assert_exact(&recording, &fixture.finish());
    let mut threads = BTreeSet::new();
    for (frames, _) in recording.folded() {
        let chain: Vec<_> = frames
            .iter()
            .filter_map(|it| it.strip_prefix("main.thread")?.split_once('_'))
            .collect();
        let [(a, "a"), (b, "b"), (c, "c"), ..] = chain.as_slice() else {
            panic!("not a whole chain: {frames:?}");
        };
        assert!(a == b && b == c, "two threads in one stack: {frames:?}");
        threads.insert((*a).to_owned());
    }
    assert_eq!(threads.len(), 64);
}

#[test]
fn threads_on_one_cpu_stay_apart_go1_19() {
    threads_stay_apart(19);
}

#[test]
fn threads_on_one_cpu_stay_apart_go1_27() {
    threads_stay_apart(27);
}

/// Bytes of the executable's code that differ between memory and file.
fn changed_bytes(pid: u32) -> usize {
    let process = Process::new(i32::try_from(pid).expect("a PID")).expect("it runs");
    let memory = File::open(format!("/proc/{pid}/mem")).expect("root may read it");
    let file = File::open(format!("/proc/{pid}/exe")).expect("it has an executable");
    let path = process.exe().expect("it has an executable");
    let mut changed = 0;
    for map in process.maps().expect("it has memory") {
        let code = map.perms.contains(MMPermissions::EXECUTE);
        if !code || map.pathname != MMapPath::Path(path.clone()) {
            continue;
        }
        let length = usize::try_from(map.address.1 - map.address.0).expect("it is mapped");
        let (mut now, mut original) = (vec![0; length], vec![0; length]);
        memory
            .read_exact_at(&mut now, map.address.0)
            .expect("mapped");
        // The last page of the mapping reaches beyond the end of the file.
        let read = file.read_at(&mut original, map.offset).expect("readable");
        changed += now[..read]
            .iter()
            .zip(&original[..read])
            .filter(|(a, b)| a != b)
            .count();
    }
    changed
}

#[test]
fn killed_tracer_leaves_no_probe() {
    let Some((_slots, mut fixture)) = start(27, "burn", &[]) else {
        return;
    };
    assert_eq!(changed_bytes(fixture.pid()), 0);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.begin();
    assert!(
        changed_bytes(fixture.pid()) > 0,
        "the probes cannot be seen"
    );
    recorder.signal(Signal::KILL);
    recorder.wait();
    // The kernel removes them when it cleans up the dead process.
    common::lines::wait_for("original code", || {
        (changed_bytes(fixture.pid()) == 0).then_some(())
    });
    let objects = burnt(&fixture.finish())
        .map(|(_, objects)| objects)
        .sum::<u64>();
    assert!(objects > 0, "the target went on");
}

/// The kernel stops checking a program when a signal comes. Pauses get longer, so that on
/// any machine some are too short to check a program in, and some are not.
#[test]
fn a_tracer_stopped_while_it_starts_starts() {
    let Some((_slots, fixture)) = start(27, "burn", &[]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut goalloc = goalloc()
        .args([
            "record",
            "-d",
            "100ms",
            "-p",
            &fixture.pid().to_string(),
            "-o",
        ])
        .arg(folder.path().join("alloc.pb.gz"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("goalloc is built");
    let pid = i32::try_from(goalloc.id()).ok().and_then(Pid::from_raw);
    let signal = |it| kill_process(pid.expect("a PID"), it).expect("it is our child");
    let mut pause = Duration::from_millis(10);
    let status = loop {
        std::thread::sleep(pause);
        if let Some(status) = goalloc.try_wait().expect("it is our child") {
            break status;
        }
        signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(5));
        signal(Signal::CONT);
        pause = pause.mul_f64(1.3);
    };
    let said = goalloc.stderr.take().expect("piped");
    let said = std::io::read_to_string(said).expect("text");
    assert_eq!(status.code(), Some(0), "{said}");
}
