//! Windows drawn at random from populations whose truth is known.

use super::*;
use crate::profile::{Draw, Labels, Values};

/// Repetitions of each recording, each with windows of its own.
const REPETITIONS: u64 = 100;

/// Objects in a population.
const OBJECTS: usize = 200_000;

/// SplitMix64: Steele, Lea, Flood, Fast Splittable Pseudorandom Number
/// Generators, OOPSLA 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, both excluded.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }
}

/// One kind of object; each is a sample of its own.
#[derive(Clone, Copy)]
struct Kind {
    class: u16,
    bytes: u64,
}

/// Every object in the order of allocation, as index of its kind; time passes by
/// one from each to the next.
struct Population {
    kinds: Vec<Kind>,
    objects: Vec<usize>,
}

/// How a population is looked at.
#[derive(Clone, Copy)]
struct Look {
    window: f64,
    /// Mean of the time between windows, which is exponentially distributed.
    gap: f64,
    /// Whether the number of untraced objects is known by class.
    known: bool,
}

/// About 200 windows of 5 % of the time.
const USUAL: Look = Look {
    window: 50.0,
    gap: 950.0,
    known: true,
};

/// Counts between the end of a window and the end of the next.
#[derive(Default)]
struct Between {
    /// Traced, by kind.
    seen: Vec<u64>,
    /// Not traced, by class.
    gap: Vec<u64>,
    /// All that was not traced.
    gap_time: f64,
}

impl Population {
    /// `of` gives the kind of each object.
    fn new(kinds: &[(u16, u64)], of: impl FnMut(usize) -> usize) -> Self {
        Self {
            kinds: kinds
                .iter()
                .map(|&(class, bytes)| Kind { class, bytes })
                .collect(),
            objects: (0..OBJECTS).map(of).collect(),
        }
    }

    fn classes(&self) -> usize {
        1 + self
            .kinds
            .iter()
            .map(|k| usize::from(k.class))
            .max()
            .unwrap()
    }

    fn nothing_between(&self) -> Between {
        Between {
            seen: vec![0; self.kinds.len()],
            gap: vec![0; self.classes()],
            gap_time: 0.0,
        }
    }

    fn truth(&self, kind: usize, measure: Measure) -> u64 {
        let objects = self.objects.iter().filter(|k| **k == kind).count() as u64;
        match measure {
            Measure::Bytes => objects * self.kinds[kind].bytes,
            Measure::Objects | Measure::Calls => objects,
        }
    }

    /// Counts by window, each with the gap before it.
    fn windows(&self, look: Look, random: &mut Random) -> Vec<Between> {
        let mut windows = Vec::new();
        let mut now = self.nothing_between();
        let mut tracing = false;
        let mut until = random.exponential(look.gap);
        for (clock, kind) in self.objects.iter().enumerate() {
            while clock as f64 >= until {
                if tracing {
                    windows.push(std::mem::replace(&mut now, self.nothing_between()));
                    until += random.exponential(look.gap);
                } else {
                    until += look.window;
                }
                tracing = !tracing;
            }
            if tracing {
                now.seen[*kind] += 1;
            } else {
                now.gap[usize::from(self.kinds[*kind].class)] += 1;
                now.gap_time += 1.0;
            }
        }
        windows.push(now);
        windows
    }

    fn record(&self, look: Look, random: &mut Random) -> Profile {
        let mut counted = vec![0; self.kinds.len()];
        let mut draws = vec![[0.0; WINDOW_GROUPS as usize]; self.kinds.len()];
        let mut untraced = vec![0.0; self.classes()];
        for (number, window) in self.windows(look, random).iter().enumerate() {
            for (class, untraced) in untraced.iter_mut().enumerate() {
                let members = |k: &usize| usize::from(self.kinds[*k].class) == class;
                let members: Vec<_> = (0..self.kinds.len()).filter(members).collect();
                let seen: u64 = members.iter().map(|k| window.seen[*k]).sum();
                for k in members {
                    counted[k] += window.seen[k];
                    let of_kind = window.seen[k] as f64;
                    let stands_for = if look.known {
                        window.gap[class] as f64 / seen.max(1) as f64
                    } else {
                        window.gap_time / look.window
                    };
                    draws[k][number % usize::from(WINDOW_GROUPS)] += of_kind * stands_for;
                    if !look.known {
                        *untraced += of_kind * stands_for;
                    }
                }
                if look.known {
                    *untraced += window.gap[class] as f64;
                }
            }
        }
        self.profile(look, &counted, &draws, &untraced)
    }

    fn profile(&self, look: Look, counted: &[u64], draws: &[ByGroup], untraced: &[f64]) -> Profile {
        let drawn = |class: u16| -> f64 {
            let of_class = self
                .kinds
                .iter()
                .zip(draws)
                .filter(|(k, _)| k.class == class);
            of_class.map(|(_, draws)| draws.iter().sum::<f64>()).sum()
        };
        let samples = self.kinds.iter().enumerate().map(|(k, kind)| {
            let share = draws[k].iter().sum::<f64>() / drawn(kind.class).max(1e-9);
            let estimate = untraced[usize::from(kind.class)] * share;
            let objects = counted[k] + estimate.round() as u64;
            let draw = |(group, objects): (usize, &f64)| Draw {
                group: group as u8,
                objects: *objects as f32,
            };
            let part = Part {
                stratum: kind.class,
                counted: counted[k],
                draws: draws[k].iter().enumerate().map(draw).collect(),
            };
            Sample {
                values: Values {
                    objects,
                    bytes: objects * kind.bytes,
                    ..Values::default()
                },
                labels: Labels {
                    size_bytes: Some(kind.bytes),
                    ..Labels::default()
                },
                parts: vec![part],
                ..Sample::default()
            }
        });
        let stratum = |untraced: &f64| Stratum {
            untraced: *untraced,
            known: look.known,
        };
        Profile {
            samples: samples.collect(),
            strata: untraced.iter().map(stratum).collect(),
            ..Profile::default()
        }
    }

    /// Asserts that of each kind's intervals at least 93 % cover the truth, and
    /// gives the mean of their half widths relative to the truth.
    fn assert_covered(&self, look: Look, measure: Measure) -> Vec<f64> {
        let mut covered = vec![0; self.kinds.len()];
        let mut rows = vec![0; self.kinds.len()];
        let mut widths = vec![0.0; self.kinds.len()];
        let truths: Vec<_> = (0..self.kinds.len())
            .map(|k| self.truth(k, measure))
            .collect();
        for repetition in 0..REPETITIONS {
            let profile = self.record(look, &mut Random(repetition));
            let intervals = Intervals::of(&profile);
            for (k, sample) in profile.samples.iter().enumerate() {
                // What no window has seen is no row.
                if sample.values.objects == 0 {
                    continue;
                }
                let Interval { low, high } = intervals.interval([sample], measure).unwrap();
                rows[k] += 1;
                covered[k] += u64::from((low..=high).contains(&truths[k]));
                widths[k] += (high - low) as f64 / 2.0 / truths[k] as f64;
            }
        }
        for (k, covered) in covered.iter().enumerate() {
            let share = *covered as f64 / f64::from(rows[k]);
            assert!(share >= 0.93, "kind {k}: {covered} of {}", rows[k]);
        }
        let mean = |(width, rows): (&f64, &i32)| width / f64::from(*rows);
        widths.iter().zip(&rows).map(mean).collect()
    }
}

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
