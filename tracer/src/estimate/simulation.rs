//! A target that pauses and then allocates in a rush, traced in windows as the budget
//! sets them: what comes first after a pause is not seen more often than its share.

use std::time::Duration;

use tracer_ebpf::wire::{CountKey, StackId};

use super::{Accumulator, ByKind, Gap, Window};
use crate::budget::Schedule;
use crate::collect::CpuCounts;

/// What a hit costs, and holds the one thread of the target up.
const HIT_NS: f64 = 1_000.0;

/// What putting the probes on and off takes.
const CYCLE: Duration = Duration::from_millis(60);

/// Objects of one request: so many from each site in turn, each this long after the
/// one before.
const PER_SITE: u64 = 400;
const SITES: u64 = 3;
const OBJECT_NS: f64 = 200.0;
const OBJECT_BYTES: u64 = 64;

/// Time between requests, on average.
const PAUSE_NS: f64 = 300_000.0;

/// A target that serves one request after the other.
struct Target {
    random: fastrand::Rng,
    /// Objects of the present request so far.
    done: u64,
    /// Its own time to the next.
    next_ns: f64,
    made: [u64; SITES as usize],
}

impl Target {
    fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            done: 0,
            next_ns: PAUSE_NS,
            made: [0; SITES as usize],
        }
    }

    /// Makes the next object. Returns its site.
    fn make(&mut self) -> u64 {
        let site = self.done / PER_SITE;
        self.made[site as usize] += 1;
        self.done += 1;
        self.next_ns = OBJECT_NS;
        if self.done == SITES * PER_SITE {
            self.done = 0;
            self.next_ns = -PAUSE_NS * (1.0 - self.random.f64()).ln();
        }
        site
    }

    /// Lets it run untraced. Returns how many objects it made.
    fn run(&mut self, mut ns: f64) -> u64 {
        let before: u64 = self.made.iter().sum();
        while self.next_ns <= ns {
            ns -= self.next_ns;
            self.make();
        }
        self.next_ns -= ns;
        self.made.iter().sum::<u64>() - before
    }
}

/// What was seen in a window, and how long it was open.
fn window(target: &mut Target, schedule: &mut Schedule) -> (CpuCounts, f64) {
    let length = schedule.open(HIT_NS, HIT_NS);
    let hits_left = schedule.hits_left(HIT_NS);
    let mut counts = CpuCounts::new();
    let (mut open_ns, mut hits) = (0.0, 0);
    while hits < hits_left {
        let end_ns = length.map_or(f64::INFINITY, |length| {
            length.ns + length.per_hit_ns * hits as f64
        });
        if open_ns + target.next_ns > end_ns {
            target.next_ns -= end_ns - open_ns;
            open_ns = end_ns;
            break;
        }
        open_ns += target.next_ns + HIT_NS;
        let key = CountKey {
            stack: StackId {
                lo: target.make(),
                hi: 1,
            },
            size_bytes: OBJECT_BYTES,
            ..CountKey::default()
        };
        *counts.entry((key, None)).or_default() += 1;
        hits += 1;
    }
    schedule.account(open_ns, open_ns, HIT_NS * hits as f64);
    schedule.close(open_ns, hits);
    (counts, open_ns)
}

/// By kind, as the runtime counts them.
fn objects_of(objects: u64) -> ByKind {
    let key = CountKey {
        size_bytes: OBJECT_BYTES,
        ..CountKey::default()
    };
    ByKind::of_counts([(&key, objects as f64)].into_iter())
}

/// Estimates of each site over what there was.
fn ratios(seed: u64) -> [f64; SITES as usize] {
    let mut target = Target::new(seed);
    let mut random = fastrand::Rng::with_seed(!seed);
    let mut schedule = Schedule::new(2.0);
    let mut all = Accumulator::default();
    let mut gap_ns = 0.0;
    for _ in 0..400 {
        let objects = target.run(gap_ns);
        schedule.account(gap_ns, gap_ns, 0.0);
        let (counts, open_ns) = window(&mut target, &mut schedule);
        let window = Window {
            counts,
            open_ns,
            hit_ns: HIT_NS,
        };
        let gap = Gap {
            ns: gap_ns,
            objects: Some(objects_of(objects)),
        };
        all.add_window(&window, gap);
        gap_ns = schedule.gap(random.f64(), CYCLE).as_nanos() as f64;
    }
    let end = all.finish(Gap::default());
    std::array::from_fn(|site| {
        let of_site = |key: &CountKey| key.stack.lo == site as u64;
        let tallies = end.tallies.iter().filter(|(key, _)| of_site(key));
        let estimate: f64 = tallies
            .map(|(_, tally)| tally.counted as f64 + tally.drawn_objects())
            .sum();
        estimate / target.made[site] as f64
    })
}

#[test]
fn what_follows_a_pause_is_seen_as_often_as_what_comes_before() {
    const RECORDINGS: u64 = 8;
    let mut means = [0.0; SITES as usize];
    for seed in 0..RECORDINGS {
        for (mean, ratio) in means.iter_mut().zip(ratios(seed)) {
            *mean += ratio / RECORDINGS as f64;
        }
    }
    for (site, mean) in means.iter().enumerate() {
        assert!((0.95..1.05).contains(mean), "site {site}: {means:?}");
    }
}
