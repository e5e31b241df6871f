//! Timelines against programs that allocate in phases and know them.

use serde::Deserialize;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::{Recorder, goalloc, output},
    report::{Report, Timeline},
};

/// What the program says of itself.
#[derive(Debug, Deserialize)]
struct Account {
    phases: [Phase; 2],
}

/// A time in which one function allocated evenly.
#[derive(Debug, Deserialize)]
struct Phase {
    function: String,
    begin_ns: u64,
    end_ns: u64,
    objects: u64,
    heap_bytes: u64,
}

/// A recording of the program at so many objects in a millisecond, in phases of so many
/// milliseconds: its report, and the truth.
fn record(minor: u32, phases: [&str; 2], args: &[&str]) -> Option<(Report, Account)> {
    let (_slots, executable) = common::traceable(Slot::take_all, minor, Variant::PLAIN, "phases")?;
    let mut fixture = Fixture::start(&executable, &phases);
    let recorder = Recorder::start_bounded(fixture.pid(), args);
    fixture.run_section();
    let recording = recorder.stop();
    recording.assert_success();
    let mut top = goalloc();
    let shown = output(top.arg("report").arg(recording.file()), &[0]);
    assert!(shown.contains("\nOver time "), "{shown}");
    Some((recording.report("site"), fixture.finish_with()))
}

fn timeline(report: &Report) -> &Timeline {
    let timeline = report.timeline.as_ref().expect("it was asked for");
    for (index, slice) in timeline.slices.iter().enumerate() {
        let series = timeline.series.iter();
        let sums = series.fold((0, 0), |(objects, bytes), it| {
            (objects + it.objects[index], bytes + it.heap_bytes[index])
        });
        assert_eq!(sums, (slice.objects, slice.heap_bytes), "slice {index}");
    }
    timeline
}

/// How long each slice lasted.
fn lengths_ns(timeline: &Timeline) -> Vec<f64> {
    let mut before_ns = 0;
    let length_ns = |slice: &common::report::Slice| {
        let length_ns = slice.end_ns - before_ns;
        before_ns = slice.end_ns;
        length_ns as f64
    };
    timeline.slices.iter().map(length_ns).collect()
}

/// Numbers of the first and the last slice in which there are more than a hundredth of all
/// objects that a function made; and all of them.
fn extent(timeline: &Timeline, function: &str) -> (usize, usize, u64) {
    let series = timeline.series.iter();
    let mut series = series.filter(|it| it.site.split(' ').next() == Some(function));
    let objects = &series.next().expect("a series of its own").objects;
    assert!(series.next().is_none());
    let all: u64 = objects.iter().sum();
    let is_some = |it: &u64| *it > all / 100;
    let first = objects.iter().position(is_some).expect("some objects");
    let last = objects.iter().rposition(is_some).expect("some objects");
    (first, last, all)
}

/// Traced exactly the slices have the phases, and every object of them.
fn exact(minor: u32) {
    let args = ["--max-overhead", "none", "--interval", "100ms"];
    let Some((report, account)) = record(minor, ["20", "800"], &args) else {
        return;
    };
    let timeline = timeline(&report);
    let slices = &timeline.slices;
    let sum = |of: fn(&common::report::Slice) -> u64| slices.iter().map(of).sum::<u64>();
    assert_eq!(sum(|it| it.objects), report.totals.objects);
    assert_eq!(sum(|it| it.heap_bytes), report.totals.heap_bytes);

    let slice_ns = timeline.interval_ns;
    assert_eq!(slice_ns, 100_000_000);
    let [slowly, quickly] = &account.phases;
    let mut before = None;
    for phase in &account.phases {
        let (first, last, all) = extent(timeline, &phase.function);
        assert_eq!(all, phase.objects);
        let expected = (phase.end_ns - phase.begin_ns).div_ceil(slice_ns) as usize;
        let extent = last + 1 - first;
        assert!(extent.abs_diff(expected) <= 1, "{timeline:?} {account:?}");
        if let Some((function, before)) = before.replace((&phase.function, last)) {
            let pause = (quickly.begin_ns - slowly.end_ns) / slice_ns;
            let between = first - before;
            assert!(
                between.abs_diff(pause as usize) <= 2,
                "{function}: {timeline:?}"
            );
        }
    }
}

macro_rules! releases {
    ($($release:ident: $minor:literal,)+) => {
        $(#[test]
        fn $release() {
            exact($minor);
        })+
    };
}

releases! {
    go1_19: 19,
    go1_27: 27,
}

/// With a bound the slices are the runtime's, so the rates are right although few objects
/// are traced.
#[test]
fn in_windows() {
    let args = ["--max-overhead", "50", "--interval", "100ms"];
    // Windows come at random, and a phase has to have some.
    let Some((report, account)) = record(24, ["2000", "2400"], &args) else {
        return;
    };
    assert_eq!(report.coverage.method, "windows");
    let timeline = timeline(&report);
    let objects: u64 = timeline.slices.iter().map(|it| it.objects).sum();
    let off = objects.abs_diff(report.totals.objects);
    assert!(off * 1000 <= report.totals.objects, "{off} off: {report:?}");
    let [slowly, quickly] = &account.phases;
    let all = slowly.heap_bytes + quickly.heap_bytes;
    let bytes: Vec<u64> = timeline.slices.iter().map(|it| it.heap_bytes).collect();
    // The pause begins with the first idle slice behind most of the first phase.
    let mut heap_bytes = 0;
    let is_most = |bytes: &u64| {
        heap_bytes += bytes;
        heap_bytes > slowly.heap_bytes * 9 / 10
    };
    let most = bytes.iter().position(is_most).expect("a first phase");
    let is_idle = |bytes: &u64| bytes * 1000 < all;
    let idle = bytes[most..].iter().position(is_idle).expect("a pause");
    let first = most + idle;
    let busy = bytes[first..].iter().position(|it| !is_idle(it));
    let second = first + busy.expect("a second phase");
    let behind = &bytes[second..];
    let part = behind.iter().sum::<u64>() as f64 / all as f64;
    assert!((part - 0.8).abs() < 0.02, "{part} of {bytes:?}");
    // Of the slices around the pause, what allocating at the rate of their phase leaves.
    // Slices differ in length: they end when no window is being closed.
    let lengths_ns = lengths_ns(timeline);
    let rest_ns = |slice: usize, phase: &Phase| {
        let rate = phase.heap_bytes as f64 / (phase.end_ns - phase.begin_ns) as f64;
        (lengths_ns[slice] - bytes[slice] as f64 / rate).max(0.0)
    };
    let pause_ns = lengths_ns[first..second].iter().sum::<f64>()
        + rest_ns(first - 1, slowly)
        + rest_ns(second, quickly);
    let expected_ns = (quickly.begin_ns - slowly.end_ns) as f64;
    assert!(
        (pause_ns - expected_ns).abs() <= timeline.interval_ns as f64,
        "{pause_ns} of {expected_ns}: {timeline:?}"
    );
    // What windows saw is of the function whose turn it was.
    let of = |slices: std::ops::Range<usize>, function: &str| -> u64 {
        let series = timeline.series.iter();
        let series = series.filter(|it| it.site.split(' ').next() == Some(function));
        series.flat_map(|it| &it.heap_bytes[slices.clone()]).sum()
    };
    let end = bytes.len();
    assert!(of(second..end, &quickly.function) > 0, "{timeline:?}");
    // The second phase may begin at the very end of the last idle slice.
    assert_eq!(of(0..second - 1, &quickly.function), 0, "{timeline:?}");
    let at_end = of(second - 1..second, &quickly.function);
    assert!(is_idle(&at_end), "{timeline:?}");
    assert_eq!(of(second..end, &slowly.function), 0, "{timeline:?}");
}
