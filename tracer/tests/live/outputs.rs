//! Recordings opened by programs that are not goalloc.

use std::{fs, io::Cursor, process::Command};

use xtask::go::Toolchain;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::{Recorder, Recording, goalloc, output},
    truth::Truth,
};

/// The `slices` fixture, recorded.
fn recorded() -> Option<(Recording, Truth)> {
    let (_slot, executable) = common::traceable(Slot::take, 27, Variant::PLAIN, "slices")?;
    let mut fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    recording.assert_success();
    Some((recording, fixture.finish()))
}

fn pprof(toolchain: &Toolchain, recording: &Recording, args: &[&str]) -> String {
    let mut pprof: Command = toolchain.command();
    pprof
        .args(["tool", "pprof", "-symbolize=none"])
        .args(args)
        .arg(recording.file());
    output(&mut pprof, &[0])
}

/// The flat value of a line of `-top` that ends with `name`.
fn flat(top: &str, name: &str) -> Option<u64> {
    let line = top.lines().find(|line| {
        line.trim_end()
            .trim_end_matches("(inline)")
            .trim_end()
            .ends_with(&format!(" {name}"))
    })?;
    // flat flat% sum% cum cum% name
    line.split_whitespace().nth(3)?.parse().ok()
}

#[test]
fn go_tool_pprof_reads_the_same_numbers() {
    let Some(toolchain) = common::toolchain(27) else {
        return;
    };
    let Some((recording, truth)) = recorded() else {
        return;
    };
    let top = pprof(
        &toolchain,
        &recording,
        &[
            "-top",
            "-nodecount=0",
            "-nodefraction=0",
            "-sample_index=alloc_objects",
        ],
    );
    for site in truth.sites.iter().filter(|site| site.objects > 0) {
        assert_eq!(
            flat(&top, &site.function),
            Some(site.objects),
            "{}:\n{top}",
            site.function
        );
    }

    let report = recording.report("type");
    let tags = pprof(
        &toolchain,
        &recording,
        &["-tags", "-sample_index=alloc_objects"],
    );
    for tag in ["type:", "cause:", "bytes:"] {
        assert!(tags.contains(tag), "no tag {tag}\n{tags}");
    }
    let rooted = pprof(
        &toolchain,
        &recording,
        &[
            "-top",
            "-nodecount=0",
            "-nodefraction=0",
            "-tagroot=type",
            "-sample_index=alloc_objects",
        ],
    );
    let row = report
        .rows
        .iter()
        .max_by_key(|row| row.objects)
        .expect("rows");
    assert_eq!(flat(&rooted, &row.key), Some(row.objects), "{rooted}");
}

#[test]
fn inferno_reads_the_folded_stacks() {
    let Some((recording, truth)) = recorded() else {
        return;
    };
    let folded = output(
        goalloc()
            .args([
                "export", "--format", "folded", "--value", "objects", "-o", "-",
            ])
            .arg(recording.file()),
        &[0],
    );
    let mut svg = Vec::new();
    let mut options = inferno::flamegraph::Options::default();
    inferno::flamegraph::from_reader(&mut options, Cursor::new(&folded), &mut svg)
        .expect("inferno takes it");
    assert!(String::from_utf8_lossy(&svg).contains("main."));
    let sum: u64 = recording.folded().iter().map(|(_, objects)| objects).sum();
    assert_eq!(sum, truth.mallocs);
}

#[test]
fn histogram_totals_are_the_report_s() {
    let Some((recording, truth)) = recorded() else {
        return;
    };
    let hgrm = output(
        goalloc()
            .arg("report")
            .arg(recording.file())
            .args(["--format", "hgrm"]),
        &[0],
    );
    let total = hgrm
        .lines()
        .rev()
        .find_map(|line| line.split("Total count").nth(1))
        .expect("a total")
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse::<u64>()
        .expect("a number");
    assert_eq!(total, truth.mallocs);
    assert_eq!(total, recording.report("site").totals.objects);
    let hlog = output(
        goalloc()
            .arg("report")
            .arg(recording.file())
            .args(["--format", "hlog"]),
        &[0],
    );
    let mut count = 0;
    for entry in
        hdrhistogram::serialization::interval_log::IntervalLogIterator::new(hlog.as_bytes())
    {
        let hdrhistogram::serialization::interval_log::LogEntry::Interval(interval) =
            entry.expect("a log as HdrHistogram writes it")
        else {
            continue;
        };
        if interval.tag().is_some() {
            continue;
        }
        let encoded = base64_decode(interval.encoded_histogram());
        let histogram: hdrhistogram::Histogram<u64> =
            hdrhistogram::serialization::Deserializer::new()
                .deserialize(&mut Cursor::new(encoded))
                .expect("a V2 histogram");
        count += histogram.len();
    }
    assert_eq!(count, total);
}

/// Standard base64, with padding.
fn base64_decode(text: &str) -> Vec<u8> {
    let value = |c: u8| -> u32 {
        match c {
            b'A'..=b'Z' => u32::from(c - b'A'),
            b'a'..=b'z' => u32::from(c - b'a') + 26,
            b'0'..=b'9' => u32::from(c - b'0') + 52,
            b'+' => 62,
            b'/' => 63,
            _ => panic!("not base64: {c}"),
        }
    };
    let mut bytes = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0, |bits, &c| bits << 6 | value(c)) << (6 * (4 - chunk.len()));
        bytes.extend(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

/// The recording is there whole, for its owner alone, and is not overwritten
/// unasked.
#[test]
fn the_file_is_private_and_never_overwritten_unasked() {
    let Some((recording, _)) = recorded() else {
        return;
    };
    let metadata = fs::metadata(recording.file()).expect("it is there");
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(recording.file()).expect("readable");
    let again = goalloc()
        .args(["record", "-p", &std::process::id().to_string(), "-o"])
        .arg(recording.file())
        .output()
        .expect("goalloc is built");
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("--force"), "{said}");
    assert_eq!(fs::read(recording.file()).expect("readable"), before);
}
