//! Recordings with the overhead bounded, as is the default: totals are the
//! runtime's own, shares are those of the program, and what is exact stays so.

use std::time::Duration;

use rustix::process::Signal;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::{Recorder, Recording},
    report::{Lost, Report},
    truth::Truth,
};

/// Share of a total by which an estimate of it may be off.
const TOTALS_BOUND: f64 = 0.01;

/// How long the tracer is stopped.
const STOPPED: Duration = Duration::from_secs(10);

/// Attaching one by one, as before Linux 6.10: then used-up spans are traced.
const AS_OLD_KERNELS: &[&str] = &["--attach", "perf"];

/// Records a whole section of a fixture under the default bound, alone on the
/// machine. `None` where this machine cannot.
fn record(
    minor: u32,
    variant: Variant,
    program: &str,
    args: &[&str],
    how: &[&str],
) -> Option<(Recording, Truth)> {
    let (_slots, executable) = common::traceable(Slot::take_all, minor, variant, program)?;
    let mut fixture = Fixture::start(&executable, args);
    let recorder = Recorder::start_bounded(fixture.pid(), how);
    fixture.run_section();
    let recording = recorder.stop();
    let truth = fixture.finish();
    recording.assert_success();
    Some((recording, truth))
}

fn assert_near(what: &str, found: u64, expected: u64, bound: f64) {
    let off = (found as f64 - expected as f64).abs() / expected as f64;
    assert!(off <= bound, "{what}: {found}, and it is {expected}");
}

fn assert_totals(report: &Report, truth: &Truth) {
    assert_eq!(report.lost, Lost::NOTHING);
    assert_near(
        &format!("objects ({:?}, {:?})", report.coverage, report.warnings),
        report.totals.objects,
        truth.mallocs,
        TOTALS_BOUND,
    );
    let heap_bytes = report.totals.heap_bytes;
    assert_near("heap bytes", heap_bytes, truth.total_alloc, TOTALS_BOUND);
    let runtime = report.coverage.objects_runtime.expect("counters were read");
    assert_near(
        "the runtime's objects",
        runtime,
        truth.mallocs,
        TOTALS_BOUND,
    );
}

/// Every site's share of the objects within `points` of a hundred.
fn assert_shares(report: &Report, truth: &Truth, points: f64) {
    for site in &truth.sites {
        let found = report.row(&site.function).map_or(0, |row| row.objects);
        let share = 100.0 * found as f64 / report.totals.objects as f64;
        let expected = 100.0 * site.objects as f64 / truth.mallocs as f64;
        assert!(
            (share - expected).abs() <= points,
            "{}: {share:.2} %, and it is {expected:.2} %",
            site.function
        );
    }
}

fn totals(minor: u32, variant: Variant) {
    // Long enough for some windows even if the first one, which begins before the
    // program is busy, is overdrawn.
    let Some((recording, truth)) = record(minor, variant, "burn", &["-d", "6"], &[]) else {
        return;
    };
    let report = recording.report("function");
    assert_eq!(report.coverage.method, "windows");
    assert!(report.coverage.windows >= 3, "{:?}", report.coverage);
    assert!(report.coverage.traced_ns < report.coverage.recorded_ns);
    assert!(report.coverage.objects_counted < truth.mallocs);
    assert_totals(&report, &truth);
    assert_shares(&report, &truth, 3.0);
}

macro_rules! totals_of_releases {
    ($($name:ident: $minor:expr, $variant:expr;)*) => {$(
        #[test]
        fn $name() {
            totals($minor, $variant);
        }
    )*};
}

totals_of_releases! {
    totals_are_the_runtimes_go1_19: 19, Variant::PLAIN;
    totals_are_the_runtimes_go1_21: 21, Variant::PLAIN;
    totals_are_the_runtimes_go1_22: 22, Variant::PLAIN;
    totals_are_the_runtimes_go1_23: 23, Variant::PLAIN;
    totals_are_the_runtimes_go1_24: 24, Variant::PLAIN;
    totals_are_the_runtimes_go1_25: 25, Variant::PLAIN;
    totals_are_the_runtimes_go1_26: 26, Variant::PLAIN;
    totals_are_the_runtimes_go1_27: 27, Variant::PLAIN;
    totals_of_a_stripped_program_go1_19: 19, crate::variants::STRIPPED;
    totals_of_a_stripped_program_go1_27: 27, crate::variants::STRIPPED;
    totals_of_a_guided_build_go1_24: 24, crate::pgo::MALLOCGC_INLINED;
    totals_of_a_guided_build_go1_26: 26, crate::pgo::MALLOCGC_INLINED;
    totals_of_a_guided_build_go1_27: 27, crate::pgo::LEAVES_INLINED;
}

/// Functions in strict turn: in windows nothing keeps step with them.
fn rotation(minor: u32, how: &[&str], check: impl Fn(&Report, &Truth)) {
    let cases: [&[&str]; 4] = [
        &["-sites", "2"],
        &["-sites", "3", "-gogc", "0"],
        &["-sites", "4"],
        &["-sites", "3", "-burst", "-n", "1500000"],
    ];
    for args in cases {
        let Some((recording, truth)) = record(minor, Variant::PLAIN, "rotation", args, how) else {
            return;
        };
        let report = recording.report("function");
        assert_totals(&report, &truth);
        check(&report, &truth);
    }
}

fn rotation_in_windows(minor: u32) {
    rotation(minor, &[], |report, truth| {
        assert_eq!(report.coverage.method, "windows");
        assert_shares(report, truth, 3.0);
    });
}

#[test]
fn turns_do_not_alias_go1_19() {
    rotation_in_windows(19);
}

#[test]
fn turns_do_not_alias_go1_24() {
    rotation_in_windows(24);
}

#[test]
fn turns_do_not_alias_go1_27() {
    rotation_in_windows(27);
}

/// With spans they may keep step; then it has to be said.
fn rotation_in_spans(minor: u32) {
    rotation(minor, AS_OLD_KERNELS, |report, _| {
        assert_eq!(report.coverage.method, "spans");
        assert!(
            report.warnings.iter().any(|it| it.contains("unreliable")),
            "{:?}",
            report.warnings
        );
    });
}

#[test]
fn spans_say_what_they_are_worth_go1_19() {
    rotation_in_spans(19);
}

#[test]
fn spans_say_what_they_are_worth_go1_27() {
    rotation_in_spans(27);
}

/// Two functions in turn on two threads: garbage collection leaves spans partly
/// filled, and the shares come out nearly even.
fn spans(minor: u32, variant: Variant) {
    let args = ["-d", "4"];
    let Some((recording, truth)) = record(minor, variant, "burn", &args, AS_OLD_KERNELS) else {
        return;
    };
    let report = recording.report("type");
    assert_eq!(report.coverage.method, "spans");
    assert_totals(&report, &truth);
    // The type is read from the call site's own code.
    let cells = report.row("main.cell").map_or(0, |row| row.objects);
    assert_near("objects of the type", cells, truth.mallocs, TOTALS_BOUND);
}

#[test]
fn spans_have_totals_and_types_go1_19() {
    spans(19, Variant::PLAIN);
}

#[test]
fn spans_have_totals_and_types_go1_22() {
    spans(22, Variant::PLAIN);
}

#[test]
fn spans_have_totals_and_types_go1_27() {
    spans(27, Variant::PLAIN);
}

#[test]
fn spans_of_a_guided_build_go1_26() {
    spans(26, crate::pgo::MALLOCGC_INLINED);
}

#[test]
fn a_quiet_program_is_traced_all_the_time() {
    let Some((recording, truth)) = record(27, Variant::PLAIN, "new", &[], &[]) else {
        return;
    };
    let report = recording.report("function");
    // More than any budget can pay at once.
    assert_eq!(report.coverage.method, "windows");
    assert_totals(&report, &truth);

    let Some((_slot, executable)) = common::traceable(Slot::take, 27, Variant::PLAIN, "quiet")
    else {
        return;
    };
    let fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start_bounded(fixture.pid(), &["-d", "2s"]);
    let recording = recorder.wait();
    recording.assert_success();
    let report = recording.report("function");
    assert_eq!(report.coverage.method, "all");
    assert_eq!(report.coverage.windows, 1);
    assert_eq!(report.coverage.traced_ns, report.coverage.recorded_ns);
    // The counters are read a moment before the gate opens and behind it.
    let runtime = report.coverage.objects_runtime.expect("counters were read");
    let counted = report.coverage.objects_counted;
    assert!(runtime.abs_diff(counted) <= 1, "{counted} of {runtime}");
    assert_eq!(report.totals.objects, counted);
    assert!(counted >= 10, "{counted} in two seconds");
}

/// Allocation of a busy program goes on at its own pace, nearly, while the tracer
/// is stopped with a window open: once the gate has let in what it may, hits
/// cost a trap each and are turned away.
#[test]
fn a_stopped_tracer_does_not_stop_its_target() {
    let Some((_slots, executable)) = common::traceable(Slot::take_all, 27, Variant::PLAIN, "burn")
    else {
        return;
    };
    let pace = |how: Option<&[&str]>, stopped: bool| {
        let mut fixture = Fixture::start(&executable, &["-g", "2"]);
        let recorder = how.map(|how| Recorder::start_bounded(fixture.pid(), how));
        if let (Some(recorder), true) = (&recorder, stopped) {
            // The first window is open until enough is allocated.
            recorder.signal(Signal::STOP);
        }
        fixture.begin();
        std::thread::sleep(STOPPED);
        let mallocs = fixture.finish().mallocs;
        let recording = recorder.map(|recorder| {
            recorder.signal(Signal::CONT);
            recorder.stop()
        });
        (mallocs, recording)
    };
    let (untraced, _) = pace(None, false);
    let (traced, _) = pace(Some(&["--max-overhead", "none"]), false);
    let (stopped, recording) = pace(Some(&[]), true);
    println!(
        "slowdown: traced in full {:.1}, tracer stopped with a window open {:.1}",
        untraced as f64 / traced as f64,
        untraced as f64 / stopped as f64
    );
    let report = recording.expect("it was traced").report("function");
    // The gate has let in what the first window may take, and turned away the rest.
    let counted = report.coverage.objects_counted;
    assert!(counted > 0, "the window was open");
    assert!(counted < stopped / 50, "{counted} of {stopped} were let in");
}

#[test]
fn several_processes_share_a_recording() {
    let Some((_slots, executable)) =
        common::traceable(Slot::take_all, 26, Variant::PLAIN, "rotation")
    else {
        return;
    };
    let mut busy = Fixture::start(&executable, &["-sites", "2"]);
    let mut calm = Fixture::start(&executable, &["-sites", "3", "-burst", "-n", "600000"]);
    let pids = format!("{},{}", busy.pid(), calm.pid());
    let recorder = Recorder::start_bounded_of(&pids, &[]);
    busy.begin();
    calm.begin();
    busy.wait_done();
    calm.wait_done();
    let recording = recorder.stop();
    let (busy, calm) = (busy.finish(), calm.finish());
    recording.assert_success();
    let report = recording.report("function");
    let mallocs = busy.mallocs + calm.mallocs;
    assert_near("objects", report.totals.objects, mallocs, TOTALS_BOUND);
    let third = report.row("main.third").map_or(0, |row| row.objects);
    assert_near("main.third", third, calm.mallocs / 3, 0.1);
}
