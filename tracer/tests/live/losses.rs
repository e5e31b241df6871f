//! Losses: forced, counted by cause, and said in every output.

use std::process::Command;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::{Recorder, Recording, goalloc},
    truth::Truth,
};

/// Exit code of every command that had to do with lost events.
const EVENTS_LOST: i32 = 3;

/// Records a fixture with a ring of one page and a map of 16 entries.
fn starved(extra: &[&str]) -> Option<(Recording, Truth)> {
    // `slices` makes more distinct sizes than the map has room for.
    let (_slots, executable) = common::traceable(Slot::take_all, 27, Variant::PLAIN, "slices")?;
    let mut fixture = Fixture::start(&executable, &[]);
    let mut args = vec!["--ring-size", "4KiB", "--map-entries", "16"];
    args.extend(extra);
    let recorder = Recorder::start(fixture.pid(), &args);
    fixture.run_section();
    Some((recorder.stop(), fixture.finish()))
}

fn assert_says_lost(command: &mut Command) {
    let output = command.output().expect("goalloc starts");
    assert_eq!(output.status.code(), Some(EVENTS_LOST), "{command:?}");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).to_lowercase();
    assert!(said.contains("lost"), "{command:?} says nothing of it");
}

#[test]
fn are_counted_and_said_in_every_output() {
    let Some((recording, truth)) = starved(&["--probes", "alloc"]) else {
        return;
    };
    assert_eq!(recording.status.code(), Some(EVENTS_LOST));
    assert!(recording.stderr.to_lowercase().contains("lost"));
    let report = recording.report("function");
    assert!(report.lost.events > 0, "nothing was lost");
    assert_eq!(
        report.totals.objects + report.lost.events,
        truth.mallocs,
        "what is not counted is counted as lost"
    );
    let file = recording.file();
    for format in ["table", "json", "csv", "hgrm", "hlog"] {
        assert_says_lost(
            goalloc()
                .arg("report")
                .arg(&file)
                .args(["--format", format]),
        );
    }
    for format in ["folded", "svg", "json", "pprof"] {
        let export = &mut goalloc();
        export
            .arg("export")
            .arg(&file)
            .args(["--format", format, "-o", "-"]);
        assert_says_lost(export);
    }
}

#[test]
fn are_counted_with_perf_events_too() {
    let Some((recording, truth)) = starved(&["--attach", "perf", "--probes", "alloc"]) else {
        return;
    };
    assert_eq!(recording.status.code(), Some(EVENTS_LOST));
    let report = recording.report("function");
    assert_eq!(report.totals.objects + report.lost.events, truth.mallocs);
}
