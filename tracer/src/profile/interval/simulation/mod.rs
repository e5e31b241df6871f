//! Windows drawn at random from populations whose truth is known.

mod population;

use self::population::{Look, Population, Random, USUAL};
use super::Measure;

fn small(count: u64) -> Vec<(u16, u64)> {
    (0..count).map(|kind| (0, 16 + 8 * kind)).collect()
}

/// Runs of objects of one mixture, of random length.
fn phases(mean: f64) -> Population {
    let mut random = Random(11);
    let (mut mixture, mut left) = (0, 0.0);
    Population::new(&small(4), |_| {
        if left <= 0.0 {
            mixture = random.below(4);
            left = random.exponential(mean);
        }
        left -= 1.0;
        match (mixture, random.below(10)) {
            (0, 0..9) => 0,
            (0, 9) | (1, 0..5) => 1,
            (3, 0) => 3,
            _ => 2,
        }
    })
}

#[test]
fn strictly_alternating_sites() {
    let population = Population::new(&small(2), |i| i % 2);
    for width in population.assert_covered(USUAL, Measure::Objects) {
        assert!(width < 0.04, "{width}");
    }
}

#[test]
fn independent_sites_of_every_frequency() {
    let mut random = Random(7);
    let population = Population::new(&small(6), |_| match random.below(200_000) {
        0..20 => 0,
        20..100 => 1,
        100..500 => 2,
        500..2_500 => 3,
        2_500..25_000 => 4,
        _ => 5,
    });
    let widths = population.assert_covered(USUAL, Measure::Objects);
    assert!(widths.is_sorted_by(|a, b| a > b), "{widths:?}");
    assert!(widths[3] < 0.4 && widths[5] < 0.02, "{widths:?}");
    let half = Look {
        window: 500.0,
        gap: 500.0,
        known: true,
    };
    let widths = population.assert_covered(half, Measure::Objects);
    assert!(widths[3] < 0.1 && widths[5] < 0.005, "{widths:?}");
}

#[test]
fn clustered_phases() {
    for mean in [30.0, 300.0, 3_000.0, 20_000.0] {
        let widths = phases(mean).assert_covered(USUAL, Measure::Objects);
        assert!(widths[2] < 0.2, "{mean}: {widths:?}");
    }
}

#[test]
fn rare_big_objects() {
    let mut random = Random(3);
    let kinds = [(0, 40_960), (0, 10 << 20), (1, 96)];
    let population = Population::new(&kinds, |_| match random.below(1_000) {
        0 => 1,
        1..200 => 0,
        _ => 2,
    });
    let widths = population.assert_covered(USUAL, Measure::Bytes);
    assert!(widths[1] > 0.2 && widths[1] < 2.0, "{widths:?}");
    assert!(widths[0] < 0.02, "{widths:?}");
}

#[test]
fn windows_scaled_by_time_alone() {
    let unknown = Look {
        known: false,
        ..USUAL
    };
    let mut random = Random(5);
    let population = Population::new(&small(3), |_| match random.below(200) {
        0 => 0,
        1..40 => 1,
        _ => 2,
    });
    let widths = population.assert_covered(unknown, Measure::Objects);
    assert!(widths[2] > 0.05 && widths[2] < 0.4, "{widths:?}");
}

#[test]
fn one_thing_after_the_other() {
    const STAGES: [u64; 5] = [20_000, 70_000, 90_000, 150_000, 200_000];
    let mut random = Random(13);
    let population = Population::new(&small(4), |i| {
        let stage = STAGES.partition_point(|end| *end <= i as u64) as u64;
        match random.below(10) {
            0..6 => (stage % 3) as usize,
            6 => 3,
            chance => (chance % 3) as usize,
        }
    });
    let few = Look {
        window: 400.0,
        gap: 7_600.0,
        known: true,
    };
    let widths = population.assert_covered(few, Measure::Objects);
    assert!(widths[1] < 0.4 && widths[3] < 0.4, "{widths:?}");
}
