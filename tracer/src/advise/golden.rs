//! Every format against its golden file.

use super::{advise, fixture, to_json, to_text};
use crate::output::golden::check;
use crate::profile;

#[test]
fn every_format_matches_its_golden_file() {
    let advisory = advise(&fixture::defects()).unwrap();
    check("advise.txt", to_text(&advisory).as_bytes());
    check("advise.json", to_json(&advisory).as_bytes());
}

#[test]
fn counted_steps_are_told() {
    let advisory = advise(&fixture::counted_defects()).unwrap();
    check("advise.counted.txt", to_text(&advisory).as_bytes());
    check("advise.counted.json", to_json(&advisory).as_bytes());
}

#[test]
fn estimates_have_their_intervals() {
    let mut sampled = profile::fixture::sampled();
    for sample in &mut sampled.samples {
        if sample.labels.size_bytes == Some(96) {
            sample.labels.cause = Some("interface boxing".into());
        }
    }
    let advisory = advise(&sampled).unwrap();
    check("advise.sampled.txt", to_text(&advisory).as_bytes());
}
