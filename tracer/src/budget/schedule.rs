//! When windows begin and end: a token bucket over the target's CPU time.
//!
//! Credit comes in with the CPU time that the target uses and goes out with
//! every hit. With a target that allocates little the first window never uses up its
//! allowance: then every allocation is traced. Otherwise windows last as long as
//! costs the allowance on average, by the time that the target has to itself, and end
//! early only if they cost many times that. Were they to end when they have cost their
//! allowance, what is allocated after a pause would be seen more often than what
//! comes before it. The gaps between windows are random and memoryless, so that
//! nothing periodic in the target can keep step with them.

use std::time::Duration;

/// Windows a second that the allowance of one is cut for.
const WINDOWS_PER_SECOND: f64 = 12.0;

/// Least that a window may cost: below, putting the probes on and off would be
/// most of it.
const LEAST_ALLOWANCE_NS: f64 = 1.0e6;

/// Credit at most, in time of one core at the bound: what a quiet target may
/// allocate at once and still be traced in full.
const MOST_CREDIT_NS: f64 = 0.25e9;

/// The least CPU time a second that the budget is reckoned by. A target that
/// uses less (a twentieth of a core) does not feel the difference.
const LEAST_CPU_SHARE: f64 = 0.05;

/// Shortest mean of the random part of a gap.
const SHORTEST_GAP_NS: f64 = 5.0e6;
/// Longest gap on average, however much was overspent.
const LONGEST_GAP_NS: f64 = 10.0e9;

/// What a window may cost at most, times its allowance: it is to end by its time, and
/// a busy moment in it shall not cut it short.
const MOST_ALLOWANCES: f64 = 3.0;

/// Part of the time a hit holds the target up by which it puts the end of its window
/// off; what a hit costs is not known better.
const PUT_OFF: f64 = 0.9;

/// Part of the time from hit to hit by which one puts the end off at most: where the
/// target does nothing but allocate, next to none of that time is its own, and windows
/// would end at any time.
const MOST_PUT_OFF: f64 = 0.75;

/// Part of a window's allowance that is as good as none.
const USED_UP: f64 = 0.1;

/// Part of what is left over or owed that one gap makes good.
const CORRECTION: f64 = 0.3;

/// How much the newest window counts in the averages over windows.
const NEWEST: f64 = 0.2;

/// And of how much of it: a program that was quiet for an hour is another one when the
/// window ends.
const MOST_OF_WINDOW_NS: f64 = 1.0e9;

/// The budget of one target, and what follows from it. Times are nanoseconds.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Share of the target's CPU time that may be spent.
    share: f64,
    credit_ns: f64,
    /// Credit that comes in per nanosecond, on average.
    rate: f64,
    /// Credit at which the open window ends.
    floor_ns: f64,
    /// Cost of the window that is open, or was last.
    window_cost_ns: f64,
    /// Averages over windows.
    mean: Option<Mean>,
}

/// Averages over windows, the newest counting most.
#[derive(Clone, Copy, Debug)]
struct Mean {
    /// What a window cost in all.
    cost_ns: f64,
    /// How long hits counted in it.
    open_ns: f64,
    /// How many did.
    hits: f64,
}

/// How long a window is to last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    /// So long if no hit comes, nanoseconds.
    pub ns: f64,
    /// And so much longer for each that comes: it holds the target up.
    pub per_hit_ns: f64,
}

impl Schedule {
    /// A budget of `percent` of the target's CPU time. Nothing of it is there yet.
    #[must_use]
    pub fn new(percent: f64) -> Self {
        let share = percent / 100.0;
        Self {
            share,
            credit_ns: 0.0,
            rate: share,
            floor_ns: 0.0,
            window_cost_ns: 0.0,
            mean: None,
        }
    }

    /// Takes in what has happened in `wall_ns`: the CPU time the target used,
    /// tracing included, and what of it went to hits.
    pub fn account(&mut self, wall_ns: f64, cpu_ns: f64, spent_ns: f64) {
        // The time in hits is not the target's own.
        let own_ns = (cpu_ns - spent_ns).max(wall_ns * LEAST_CPU_SHARE);
        let income_ns = own_ns * self.share;
        if wall_ns > 0.0 {
            // An average over about a second.
            let weight = (wall_ns / 1.0e9).min(1.0);
            self.rate += weight * (income_ns / wall_ns - self.rate);
        }
        self.credit_ns = (self.credit_ns + income_ns - spent_ns).min(self.most_credit_ns());
        self.window_cost_ns += spent_ns;
    }

    /// Takes in the CPU time that goalloc itself has put into the window, on a machine
    /// with so many CPUs. The target does not get it, as far as it keeps them busy;
    /// and as much again goes from it where it runs: every page that is changed
    /// interrupts it, and after a pause nothing of it is in the caches.
    pub fn pay(&mut self, ns: f64, cpus: f64) {
        let felt_ns = ns * (1.0 + (self.busy_cpus() / cpus).min(1.0));
        self.credit_ns -= felt_ns;
        self.window_cost_ns += felt_ns;
    }

    /// Share of the target's CPU time that may be spent, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// How many CPUs the target keeps busy on average.
    #[must_use]
    pub fn busy_cpus(&self) -> f64 {
        self.rate / self.share.max(f64::MIN_POSITIVE)
    }

    /// A window begins, in which a hit costs `hit_ns` and holds the target up for
    /// `hold_up_ns`. Returns how long it is to last; `None` for as long as the
    /// allowance does.
    pub fn open(&mut self, hit_ns: f64, hold_up_ns: f64) -> Option<Length> {
        let length = self.length(hit_ns, hold_up_ns);
        let most = length.map_or(1.0, |_| MOST_ALLOWANCES);
        self.floor_ns = (self.credit_ns - most * self.allowance_ns()).min(0.0);
        self.window_cost_ns = 0.0;
        length
    }

    /// In how much of the target's own time a window costs its allowance. `None` before
    /// the first window has ended, and where all of the time can be paid for.
    fn length(&self, hit_ns: f64, hold_up_ns: f64) -> Option<Length> {
        let mean = self.mean.filter(|mean| mean.hits > 0.0)?;
        let period_ns = mean.open_ns / mean.hits;
        let per_hit_ns = (PUT_OFF * hold_up_ns).min(MOST_PUT_OFF * period_ns);
        let own_ns = period_ns - per_hit_ns;
        let hits = self.allowance_ns() / hit_ns.max(1.0);
        (hit_ns > own_ns * self.rate).then_some(Length {
            ns: hits * own_ns,
            per_hit_ns,
        })
    }

    /// The window has ended and its probes are off. It was open for `open_ns`, and so
    /// many hits counted.
    pub fn close(&mut self, open_ns: f64, hits: u64) {
        let most_ns = (1.0 + MOST_ALLOWANCES) * self.allowance_ns();
        let part = (MOST_OF_WINDOW_NS / open_ns.max(1.0)).min(1.0);
        let window = Mean {
            cost_ns: self.window_cost_ns.min(most_ns),
            open_ns: open_ns * part,
            hits: hits as f64 * part,
        };
        let mean = self.mean.get_or_insert(window);
        for (mean, window) in [
            (&mut mean.cost_ns, window.cost_ns),
            (&mut mean.open_ns, window.open_ns),
            (&mut mean.hits, window.hits),
        ] {
            *mean += NEWEST * (window - *mean);
        }
    }

    /// Whether the open window has used up what it may. The gate turns hits away
    /// at the last of it, so a little of it is always left.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.credit_ns - self.floor_ns <= USED_UP * self.allowance_ns()
    }

    /// Hits of this cost that may come in before the next look at it.
    #[must_use]
    pub fn hits_left(&self, hit_ns: f64) -> u64 {
        let left_ns = (self.credit_ns - self.floor_ns).max(0.0);
        (left_ns / hit_ns).ceil() as u64
    }

    /// How long to wait before the next window. `uniform` is a random number from 0 to
    /// 1, and `cycle` the time that putting the probes on and off takes beside the wait.
    pub fn gap(&self, uniform: f64, cycle: Duration) -> Duration {
        let mean_cost_ns = self.mean.map_or(self.allowance_ns(), |mean| mean.cost_ns);
        // On average the next window finds its cost in the bucket, or nearly: what
        // is left over or owed is made good over several windows.
        let wanted_ns = mean_cost_ns - CORRECTION * self.credit_ns;
        let due_ns = wanted_ns / self.rate.max(f64::MIN_POSITIVE);
        let mean_ns = (due_ns - cycle.as_nanos() as f64).clamp(SHORTEST_GAP_NS, LONGEST_GAP_NS);
        let uniform = uniform.clamp(f64::EPSILON, 1.0);
        Duration::from_nanos((-uniform.ln() * mean_ns) as u64)
    }

    /// What a window may cost.
    fn allowance_ns(&self) -> f64 {
        (self.rate * 1.0e9 / WINDOWS_PER_SECOND).max(LEAST_ALLOWANCE_NS)
    }

    /// More credit than this is not kept.
    fn most_credit_ns(&self) -> f64 {
        (self.share.max(self.rate) * MOST_CREDIT_NS).max(self.allowance_ns())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TURNED_AWAY_NS: f64 = 500.0;
    const HIT_NS: f64 = 820.0;
    const SECOND_NS: f64 = 1.0e9;

    /// A target that keeps `cores` busy with allocations at this rate per core
    /// and second while it is not traced; traced it takes longer for each.
    struct Target {
        cores: f64,
        rate: f64,
        cpu_ns: f64,
        traced_ns: f64,
        spent_ns: f64,
        wall_ns: f64,
        windows: u32,
        gaps_ns: Vec<f64>,
    }

    /// Hits of a target in `wall_ns` of an open window.
    fn hits(target: &Target, wall_ns: f64) -> f64 {
        let own_ns = SECOND_NS / target.rate;
        target.cores * wall_ns / (own_ns + HIT_NS)
    }

    fn run(percent: f64, cores: f64, rate: f64, seconds: f64, seed: u64) -> Target {
        let mut schedule = Schedule::new(percent);
        let mut random = fastrand::Rng::with_seed(seed);
        let mut target = Target {
            cores,
            rate,
            cpu_ns: 0.0,
            traced_ns: 0.0,
            spent_ns: 0.0,
            wall_ns: 0.0,
            windows: 0,
            gaps_ns: Vec::new(),
        };
        let step_ns = 1.0e6;
        let cycle = Duration::from_millis(60);
        while target.wall_ns < seconds * SECOND_NS {
            let length = schedule.open(HIT_NS, HIT_NS / cores);
            target.windows += 1;
            let (mut open_ns, mut count) = (0.0, 0.0);
            loop {
                let mut counted = hits(&target, step_ns).min(schedule.hits_left(HIT_NS) as f64);
                if let Some(length) = length {
                    // As far as it ends within this step.
                    let period_ns = step_ns / hits(&target, step_ns);
                    let left_ns = length.ns + length.per_hit_ns * count - open_ns;
                    counted = counted.min(left_ns / (period_ns - length.per_hit_ns));
                }
                let spent_ns = counted * HIT_NS;
                schedule.account(step_ns, cores * step_ns, spent_ns);
                count += counted;
                open_ns += step_ns * counted / hits(&target, step_ns);
                target.spent_ns += spent_ns;
                target.traced_ns += step_ns;
                target.wall_ns += step_ns;
                if schedule.is_used_up()
                    || counted < hits(&target, step_ns)
                    || target.wall_ns > seconds * SECOND_NS
                {
                    break;
                }
            }
            // Hits while the probes go off.
            let late_ns = 600.0 * TURNED_AWAY_NS;
            target.spent_ns += late_ns;
            let cycle_ns = cycle.as_nanos() as f64;
            schedule.account(cycle_ns, cores * cycle_ns, late_ns);
            schedule.close(open_ns, count as u64);
            let gap_ns = schedule.gap(random.f64(), cycle).as_nanos() as f64;
            schedule.account(gap_ns, cores * gap_ns, 0.0);
            target.gaps_ns.push(gap_ns);
            target.wall_ns += gap_ns + cycle_ns;
        }
        target.cpu_ns = target.wall_ns * cores - target.spent_ns;
        target
    }

    #[test]
    fn a_busy_target_pays_the_bound_and_no_more() {
        for percent in [0.5, 1.0, 2.0, 5.0] {
            for cores in [1.0, 2.0, 16.0] {
                let target = run(percent, cores, 5.0e7, 60.0, 7);
                let paid = target.spent_ns / target.cpu_ns * 100.0;
                assert!(
                    (0.7 * percent..1.15 * percent).contains(&paid),
                    "{percent} % on {cores} cores: {paid}"
                );
            }
        }
    }

    #[test]
    fn a_busy_target_feels_what_windows_cost_beside() {
        let credit_after = |cores: f64| {
            let mut schedule = Schedule::new(2.0);
            for _ in 0..10_000 {
                schedule.account(1e6, cores * 1e6, 0.0);
            }
            let before_ns = schedule.credit_ns;
            schedule.pay(1e6, 4.0);
            before_ns - schedule.credit_ns
        };
        assert!((credit_after(4.0) - 2e6).abs() < 1e3);
        assert!((credit_after(1.0) - 1.25e6).abs() < 1e3);
    }

    #[test]
    fn windows_are_short_and_several_a_second() {
        let target = run(2.0, 2.0, 5.0e7, 20.0, 3);
        assert!(target.windows > 100, "{} windows", target.windows);
        let window_ns = target.traced_ns / f64::from(target.windows);
        assert!((1.0e6..10.0e6).contains(&window_ns), "{window_ns}");
    }

    #[test]
    fn a_quiet_target_is_traced_all_the_time() {
        let target = run(2.0, 1.0, 10_000.0, 20.0, 3);
        assert_eq!(target.windows, 1);
        let idle = run(2.0, 0.001, 1_000_000.0, 20.0, 3);
        assert_eq!(idle.windows, 1);
    }

    #[test]
    fn gaps_are_spread_like_those_of_chance() {
        let target = run(2.0, 2.0, 5.0e7, 200.0, 11);
        let count = target.gaps_ns.len() as f64;
        let mean = target.gaps_ns.iter().sum::<f64>() / count;
        let variance = target
            .gaps_ns
            .iter()
            .map(|gap| (gap - mean).powi(2))
            .sum::<f64>()
            / count;
        // An exponential distribution's deviation is its mean.
        let ratio = variance.sqrt() / mean;
        assert!((0.8..1.5).contains(&ratio), "{ratio}");
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(
            steps in prop::collection::vec((0.0..1e10f64, 0.0..1e11f64, 0.0..1e15f64), 1..50),
            uniform in 0.0..1.0f64,
        ) {
            let mut schedule = Schedule::new(2.0);
            for (wall_ns, cpu_ns, spent_ns) in steps {
                let _ = schedule.open(HIT_NS, HIT_NS);
                schedule.account(wall_ns, cpu_ns, spent_ns);
                schedule.close(wall_ns, spent_ns as u64);
                let gap = schedule.gap(uniform, Duration::from_millis(60));
                prop_assert!(gap < Duration::from_secs(600));
                let _ = schedule.hits_left(HIT_NS);
            }
        }
    }
}
