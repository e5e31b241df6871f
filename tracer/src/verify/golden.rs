//! Every format against its golden file, and the verdicts.

use std::collections::BTreeMap;

use super::*;
use crate::counters::Counters;
use crate::golang::size_class;
use crate::heap_profile::{HeapProfile, HeapProfileError};
use crate::output::golden::check;
use crate::profile::{Profile, fixture};

/// Objects that share a block.
const TINY: u64 = 100;

/// Readings between which the runtime counted so much of what a profile has.
fn readings(profile: &Profile, part: f64, samples: &[(u64, u64)]) -> (Reading, Reading) {
    let of = |value: u64| (value as f64 * part).round() as u64;
    let reading = |counters, samples: BTreeMap<u64, u64>| Reading {
        counters,
        heap_profile: Ok(HeapProfile {
            rate_bytes: 512 << 10,
            samples,
        }),
    };
    let mut counted = Counters {
        tiny: TINY,
        gc_cycles: 3,
        ..Counters::default()
    };
    for sample in &profile.samples {
        let (objects, bytes) = (sample.values.objects, sample.values.heap_bytes);
        let each = bytes.checked_div(objects).unwrap_or_default();
        match size_class::number(each) {
            Some(class) => counted.small[usize::from(class)] += of(objects),
            None => {
                counted.large_objects += of(objects);
                counted.large_bytes += of(bytes);
            }
        }
    }
    // As many other objects fewer as share a block.
    let most = counted.small.iter_mut().max().unwrap();
    *most -= TINY.min(*most);
    (
        reading(Counters::default(), BTreeMap::new()),
        reading(counted, samples.iter().copied().collect()),
    )
}

/// About what would be sampled of the profile.
const SAMPLES: [(u64, u64); 5] = [
    (96, 23),
    (512, 9),
    (4_096, 35),
    (65_536, 36),
    (1_048_576, 6),
];

#[test]
fn every_format_matches_its_golden_file() {
    let profile = fixture::service();
    let (start, end) = readings(&profile, 1.0, &SAMPLES);
    let verification = verify(&profile, &start, &end);
    assert!(!verification.disagrees());
    check("verify.txt", to_table(&verification).as_bytes());
    check("verify.json", to_json(&verification).as_bytes());

    let profile = fixture::sampled();
    let (start, end) = readings(&profile, 1.0, &[(96, 80)]);
    let verification = verify(&profile, &start, &end);
    assert!(verification.disagrees());
    check("verify-disagrees.txt", to_table(&verification).as_bytes());
    check("verify-disagrees.json", to_json(&verification).as_bytes());

    let profile = fixture::service();
    let (start, mut end) = readings(&profile, 1.5, &SAMPLES);
    end.heap_profile = Err(HeapProfileError::Off { rate: 0 });
    let verification = verify(&profile, &start, &end);
    assert!(verification.disagrees());
    check("verify-off.txt", to_table(&verification).as_bytes());
}

#[test]
fn one_percent_is_allowed_and_no_more() {
    let profile = fixture::service();
    for (part, verdict) in [
        (1.0, Verdict::Agrees),
        (1.009, Verdict::Agrees),
        (0.991, Verdict::Agrees),
        (1.02, Verdict::Disagrees),
        (0.98, Verdict::Disagrees),
    ] {
        let (start, end) = readings(&profile, part, &SAMPLES);
        let verification = verify(&profile, &start, &end);
        assert_eq!(verification.goalloc.verdict(), verdict, "{part}");
    }
}

#[test]
fn a_few_samples_say_nothing() {
    let profile = fixture::service();
    for (samples, verdict) in [
        (&[][..], Verdict::Disagrees),
        (&[(96, 4)], Verdict::Disagrees),
        (&SAMPLES, Verdict::Agrees),
    ] {
        let (start, end) = readings(&profile, 1.0, samples);
        let found = verify(&profile, &start, &end).heap_profile.unwrap();
        assert_eq!(found.verdict(), verdict, "{samples:?}");
    }
    // Of a hundredth of it some three would be sampled: none is no contradiction.
    let (start, end) = readings(&profile, 0.04, &[]);
    let found = verify(&profile, &start, &end).heap_profile.unwrap();
    assert_eq!(found.verdict(), Verdict::Unsure);
}

#[test]
fn a_rate_that_changes_leaves_no_heap_profile() {
    let profile = fixture::service();
    let (mut start, end) = readings(&profile, 1.0, &SAMPLES);
    start.heap_profile.as_mut().unwrap().rate_bytes = 1;
    let verification = verify(&profile, &start, &end);
    assert!(matches!(
        verification.heap_profile,
        Err(HeapProfileError::RateChanged { .. })
    ));
    assert!(!verification.disagrees());
}
