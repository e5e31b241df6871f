//! Every format of the fixture against its golden file.

use super::*;
use crate::output::golden::check;
use crate::profile::fixture;

#[test]
fn every_format_matches_its_golden_file() {
    let profile = fixture::service();
    let by_site = Report::new(&profile, Options::default());
    let by_type = Report::new(
        &profile,
        Options {
            by: By::Type,
            sort: Sort::Objects,
            top: 3,
            ..Options::default()
        },
    );
    check("report-site.txt", to_table(&by_site, 100).as_bytes());
    check("report-type.txt", to_table(&by_type, 100).as_bytes());
    check("report-site.json", to_json(&by_site).as_bytes());
    check("report-site.csv", to_csv(&by_site).unwrap().as_bytes());
    check("report-site.hgrm", to_hgrm(&by_site).as_bytes());
}

#[test]
fn a_sampled_profile_matches_its_golden_files() {
    let profile = fixture::sampled();
    let by_site = Report::new(&profile, Options::default());
    let by_type = Report::new(
        &profile,
        Options {
            by: By::Type,
            sort: Sort::Objects,
            ..Options::default()
        },
    );
    check("sampled-site.txt", to_table(&by_site, 100).as_bytes());
    check("sampled-type.txt", to_table(&by_type, 100).as_bytes());
    check("sampled-site.json", to_json(&by_site).as_bytes());
    check("sampled-site.csv", to_csv(&by_site).unwrap().as_bytes());
}

#[test]
fn a_timeline_matches_its_golden_files() {
    let profile = fixture::over_time();
    let options = Options {
        top: 1,
        ..Options::default()
    };
    let report = Report::new(&profile, options);
    check("over-time.txt", to_table(&report, 100).as_bytes());
    check("over-time.json", to_json(&report).as_bytes());
}

#[test]
fn histograms_say_how_much_was_seen() {
    let profile = fixture::sampled();
    let report = Report::new(&profile, Options::default());
    let said = "coverage: 1,071 windows, 0.502 s of 10.002 s traced; 6,";
    assert!(to_hgrm(&report).contains(said));
    let log = to_hlog(&report).unwrap();
    assert!(String::from_utf8_lossy(&log).contains(said));
}

#[test]
fn the_json_has_the_fields_it_promises() {
    let profile = fixture::service();
    let report = Report::new(&profile, Options::default());
    let json: serde_json::Value = serde_json::from_str(&to_json(&report)).unwrap();
    assert_eq!(json["schema"], SCHEMA);
    assert_eq!(json["coverage"]["method"], "all");
    assert_eq!(json["totals"]["calls"]["runtime.mapassign_fast64"], 165_000);
    assert_eq!(
        json["lost"],
        serde_json::json!({"events": 2, "stacks": 11, "cut": 1})
    );
    assert_eq!(
        json["rows"][0]["key"],
        "io.ReadAll /usr/local/go/src/io/io.go:706"
    );
    assert_eq!(json["rows"][0]["p99"], 65_536);
    assert_eq!(json["calls"][0]["calls"], 120_000);
}

#[test]
fn the_log_reads_back_with_the_objects_of_the_report() {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    let profile = fixture::service();
    let report = Report::new(
        &profile,
        Options {
            top: 0,
            ..Options::default()
        },
    );
    let log = to_hlog(&report).unwrap();
    let mut counts = Vec::new();
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.unwrap() {
            let bytes = base64(interval.encoded_histogram());
            let histogram: Histogram<u64> = Deserializer::new()
                .deserialize(&mut bytes.as_slice())
                .unwrap();
            counts.push((
                interval.tag().map(|tag| tag.as_str().to_owned()),
                histogram.len(),
            ));
        }
    }
    assert_eq!(counts[0], (None, report.totals.objects));
    let tagged: u64 = counts[1..].iter().map(|(_, objects)| objects).sum();
    assert_eq!(tagged, report.totals.objects);
    assert_eq!(
        counts[1].0.as_deref(),
        Some("io.ReadAll_/usr/local/go/src/io/io.go:706")
    );
}

/// Decodes standard base64.
fn base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(value).collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let word = four
            .iter()
            .fold(0_u32, |word, digit| word << 6 | u32::from(*digit))
            << (6 * (4 - four.len()));
        bytes.extend_from_slice(&word.to_be_bytes()[1..four.len()]);
    }
    bytes
}
