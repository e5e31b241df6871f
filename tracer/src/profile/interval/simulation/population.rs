//! Populations of objects, and what windows see of them.

use crate::profile::interval::{ByGroup, Interval, Intervals, Measure};
use crate::profile::{Draw, Labels, Part, Profile, Sample, Stratum, Values, WINDOW_GROUPS};

/// Repetitions of each recording, each with windows of its own.
const REPETITIONS: u64 = 100;

/// Objects in a population.
const OBJECTS: usize = 200_000;

/// SplitMix64: Steele, Lea, Flood, Fast Splittable Pseudorandom Number
/// Generators, OOPSLA 2014.
pub struct Random(pub u64);

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

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    pub fn below(&mut self, n: u64) -> u64 {
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
pub struct Population {
    kinds: Vec<Kind>,
    objects: Vec<usize>,
}

/// How a population is looked at.
#[derive(Clone, Copy)]
pub struct Look {
    pub window: f64,
    /// Mean of the time between windows, which is exponentially distributed.
    pub gap: f64,
    /// Whether the number of untraced objects is known by class.
    pub known: bool,
}

/// About 200 windows of 5 % of the time.
pub const USUAL: Look = Look {
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
    pub fn new(kinds: &[(u16, u64)], of: impl FnMut(usize) -> usize) -> Self {
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
    pub fn assert_covered(&self, look: Look, measure: Measure) -> Vec<f64> {
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
