use proptest::prelude::*;

use super::*;
use crate::profile::{Draw, Labels, Values, strategy};

/// A sample of objects of 10 bytes whose draws are those of groups 0, 1, ...
fn sample(stratum: u16, counted: u64, objects: u64, draws: &[f32]) -> Sample {
    let draw = |(group, objects): (usize, &f32)| Draw {
        group: group as u8,
        objects: *objects,
    };
    Sample {
        values: Values {
            objects,
            bytes: objects * 10,
            ..Values::default()
        },
        parts: vec![Part {
            stratum,
            counted,
            draws: draws.iter().enumerate().map(draw).collect(),
        }],
        ..Sample::default()
    }
}

fn profile(strata: &[(f64, bool)], samples: Vec<Sample>) -> Profile {
    let stratum = |&(untraced, known): &(f64, bool)| Stratum { untraced, known };
    Profile {
        strata: strata.iter().map(stratum).collect(),
        samples,
        ..Profile::default()
    }
}

fn interval(profile: &Profile, row: &[usize], measure: Measure) -> Option<(u64, u64)> {
    let samples = row.iter().map(|i| &profile.samples[*i]);
    let interval = Intervals::of(profile).interval(samples, measure)?;
    Some((interval.low, interval.high))
}

#[test]
fn exact_rows_have_none() {
    let exact = Sample {
        parts: Vec::new(),
        ..sample(0, 0, 7, &[])
    };
    let everything_traced = profile(&[], vec![exact.clone()]);
    assert_eq!(interval(&everything_traced, &[0], Measure::Objects), None);
    assert!(!Intervals::of(&everything_traced).any());

    let nothing_missed = sample(1, 9, 9, &[]);
    let estimated = sample(0, 10, 1000, &[500.0, 490.0]);
    let profile = profile(
        &[(990.0, true), (0.0, true)],
        vec![exact, nothing_missed, estimated],
    );
    assert_eq!(interval(&profile, &[0], Measure::Objects), None);
    assert_eq!(interval(&profile, &[1], Measure::Objects), None);
    assert!(interval(&profile, &[2], Measure::Objects).is_some());
    assert!(Intervals::of(&profile).any());
}

#[test]
fn the_remainder_that_no_window_saw_has_none_and_shifts_others() {
    let remainder = sample(1, 0, 500, &[]);
    let estimated = sample(0, 10, 510, &[250.0, 250.0]);
    let other = sample(0, 10, 510, &[250.0, 250.0]);
    let profile = profile(
        &[(1000.0, true), (500.0, true)],
        vec![remainder, estimated, other],
    );
    assert_eq!(interval(&profile, &[0], Measure::Objects), None);
    let (low, high) = interval(&profile, &[1], Measure::Objects).unwrap();
    let both = interval(&profile, &[0, 1], Measure::Objects).unwrap();
    assert_eq!(both, (low + 500, high + 500));
}

#[test]
fn one_group_of_windows_says_nothing_but_the_limits() {
    let row = sample(0, 10, 310, &[300.0]);
    let other = sample(0, 20, 620, &[600.0]);
    let profile = profile(&[(900.0, true)], vec![row, other]);
    assert_eq!(interval(&profile, &[0], Measure::Objects), Some((10, 910)));
    assert_eq!(interval(&profile, &[0], Measure::Bytes), Some((100, 9100)));
}

#[test]
fn the_half_width_is_student_s_t_times_the_root_of_the_jackknife_s_variance() {
    // Of 200 draws that are left without a group, the row has 100, 50 and 150.
    let row = sample(0, 10_000, 510_000, &[50.0, 100.0, 0.0]);
    let other = sample(0, 10_000, 510_000, &[50.0, 0.0, 100.0]);
    let mut profile = profile(&[(1e6, true)], vec![row, other]);
    let replicates = [0.5, 0.25, 0.75_f64];
    let steps = replicates.windows(2).map(|pair| pair[1] - pair[0]);
    let squares: f64 = steps.map(|step| step * step).sum();
    let prediction = (1.0 + 20_000.0 / 1e6_f64).sqrt();
    let half = 12.706 * (squares / 2.0 * 2.0 / 3.0).sqrt() * 1e6 * prediction;
    // More than there is.
    assert!(half > 500_000.0);
    assert_eq!(
        interval(&profile, &[0], Measure::Objects),
        Some((10_000, 1_010_000))
    );

    // Shares of 0.5, 0.4875 and 0.5125.
    profile.samples[0].parts[0].draws[1].objects = 52.5;
    profile.samples[0].parts[0].draws[2].objects = 47.5;
    profile.samples[1].parts[0].draws[1].objects = 47.5;
    profile.samples[1].parts[0].draws[2].objects = 52.5;
    let squares = 0.0125_f64 * 0.0125 + 0.025 * 0.025;
    let half = 12.706 * (squares / 2.0 * 2.0 / 3.0).sqrt() * 1e6 * prediction;
    let (low, high) = interval(&profile, &[0], Measure::Objects).unwrap();
    // On the log-odds scale an interval around one half is a little narrower.
    assert!(
        (low as f64 - (510_000.0 - half)).abs() < 2.0,
        "{low} {half}"
    );
    assert!(
        (high as f64 - (510_000.0 + half)).abs() < 2.0,
        "{high} {half}"
    );
}

#[test]
fn agreement_of_the_windows_is_not_more_than_sampling_allows() {
    // Four windows that agree to the object, 100 objects traced.
    let row = sample(0, 50, 5_050, &[1_250.0; 4]);
    let other = sample(0, 50, 5_050, &[1_250.0; 4]);
    let profile = profile(&[(10_000.0, true)], vec![row, other]);
    let half = 4.303 * (10_000.0_f64 * 10_100.0 / 100.0 * 0.25).sqrt();
    let (low, high) = interval(&profile, &[0], Measure::Objects).unwrap();
    assert!((low as f64 - (5_050.0 - half)).abs() < 2.0, "{low} {half}");
    assert!(
        (high as f64 - (5_050.0 + half)).abs() < 2.0,
        "{high} {half}"
    );
}

#[test]
fn the_only_site_seen_may_have_missed_company() {
    let row = sample(0, 100, 10_100, &[2_500.0; 4]);
    let profile = profile(&[(10_000.0, true)], vec![row]);
    assert_eq!(
        interval(&profile, &[0], Measure::Objects),
        Some((10_100 - 300, 10_100))
    );
}

#[test]
fn calls_are_so_many_to_so_many_objects() {
    // Gaps of every length, and one call to ten objects in each.
    let objects = [100.0, 5_000.0, 200.0, 9_000.0, 3_000.0, 700.0];
    let calls = objects.map(|objects| objects / 10.0);
    let call = |counted| sample(1, counted, 1_800, &calls);
    let width = |strata: &[(f64, bool)]| {
        let samples = vec![sample(0, 100_000, 18_000, &objects), call(10_000)];
        let profile = profile(strata, samples);
        let (low, high) = interval(&profile, &[1], Measure::Objects).unwrap();
        high - low
    };
    let alone = width(&[(18_000.0, false), (1_800.0, false)]);
    let beside = width(&[(18_000.0, true), (1_800.0, false)]);
    assert!(beside * 10 < alone, "{beside} {alone}");
}

#[test]
fn untraced_objects_that_nobody_counted_have_no_upper_limit() {
    let row = sample(0, 10, 110, &[40.0, 20.0, 40.0]);
    let known = profile(&[(100.0, true)], vec![row]);
    let mut unknown = known.clone();
    unknown.strata[0].known = false;
    assert_eq!(interval(&known, &[0], Measure::Objects).unwrap().1, 110);
    let (low, high) = interval(&unknown, &[0], Measure::Objects).unwrap();
    assert!(low < 80 && high > 170, "{low} {high}");
}

#[test]
fn calls_and_objects_are_apart() {
    let mut call = sample(0, 10, 0, &[40.0, 20.0, 40.0]);
    call.values = Values {
        calls: 110,
        ..Values::default()
    };
    call.labels = Labels {
        call: Some("runtime.mapassign".into()),
        ..Labels::default()
    };
    let profile = profile(&[(100.0, false)], vec![call]);
    assert_eq!(interval(&profile, &[0], Measure::Objects), None);
    assert_eq!(interval(&profile, &[0], Measure::Bytes), None);
    let (low, high) = interval(&profile, &[0], Measure::Calls).unwrap();
    assert!(low < 110 && high > 110, "{low} {high}");
}

#[test]
fn bits_between_the_ends() {
    assert_eq!(between_ends(0), 0);
    assert_eq!(between_ends(0b0010_0100), 0b0011_1100);
    assert_eq!(between_ends(1 | 1 << 63), u64::MAX);
}

proptest! {
    #[test]
    fn any_profile_has_intervals_around_its_values(profile in strategy::profile()) {
        let intervals = Intervals::of(&profile);
        for measure in [Measure::Objects, Measure::Bytes, Measure::Calls] {
            let value: f64 = profile.samples.iter().map(|s| measure.of(s) as f64).sum();
            let value = value.min(u64::MAX as f64);
            if let Some(interval) = intervals.interval(&profile.samples, measure) {
                prop_assert!(interval.low as f64 <= value && value <= interval.high as f64);
            }
        }
    }
}
