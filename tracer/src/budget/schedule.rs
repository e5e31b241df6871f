//! When windows begin and end: a token bucket over the target's CPU time.
//!
//! Credit comes in with the CPU time that the target uses and goes out with
//! every hit. A window stays open until it has used up its allowance, and with a
//! target that allocates little it never does: then every allocation is traced.
//! The gaps between windows are random and memoryless, so that nothing periodic
//! in the target can keep step with them.

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

/// Part of a window's allowance that is as good as none.
const USED_UP: f64 = 0.1;

/// Part of what is left over or owed that one gap makes good.
const CORRECTION: f64 = 0.3;

/// How much the newest window counts in the average of what windows cost.
const NEWEST: f64 = 0.2;

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
    /// Cost of a window, on average; 0 before the first has ended.
    mean_cost_ns: f64,
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
            mean_cost_ns: 0.0,
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

    /// Takes in what the window cost beside its hits, on a machine with so many CPUs:
    /// time that the target does not get, as far as it keeps them busy.
    pub fn pay(&mut self, ns: f64, cpus: f64) {
        let busy_cpus = self.rate / self.share.max(f64::MIN_POSITIVE);
        let felt_ns = ns * (busy_cpus / cpus).min(1.0);
        self.credit_ns -= felt_ns;
        self.window_cost_ns += felt_ns;
    }

    /// Share of the target's CPU time that may be spent, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// A window begins.
    pub fn open(&mut self) {
        self.floor_ns = (self.credit_ns - self.allowance_ns()).min(0.0);
        self.window_cost_ns = 0.0;
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

    /// The window has ended and its probes are off: how long to wait before the
    /// next. `uniform` is a random number from 0 to 1, and `cycle` the time that
    /// putting the probes on and off takes beside the wait.
    pub fn gap(&mut self, uniform: f64, cycle: Duration) -> Duration {
        if self.mean_cost_ns == 0.0 {
            self.mean_cost_ns = self.allowance_ns();
        }
        self.mean_cost_ns +=
            NEWEST * (self.window_cost_ns.min(4.0 * self.allowance_ns()) - self.mean_cost_ns);
        // On average the next window finds its cost in the bucket, or nearly: what
        // is left over or owed is made good over several windows.
        let wanted_ns = self.mean_cost_ns - CORRECTION * self.credit_ns;
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
            schedule.open();
            target.windows += 1;
            loop {
                let limit = schedule.hits_left(HIT_NS) as f64;
                let counted = hits(&target, step_ns).min(limit);
                let spent_ns = counted * HIT_NS;
                schedule.account(step_ns, cores * step_ns, spent_ns);
                target.spent_ns += spent_ns;
                target.traced_ns += step_ns;
                target.wall_ns += step_ns;
                if schedule.is_used_up() || target.wall_ns > seconds * SECOND_NS {
                    break;
                }
            }
            // Hits while the probes go off.
            let late_ns = 600.0 * TURNED_AWAY_NS;
            target.spent_ns += late_ns;
            let cycle_ns = cycle.as_nanos() as f64;
            schedule.account(cycle_ns, cores * cycle_ns, late_ns);
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
        assert!((credit_after(4.0) - 1e6).abs() < 1e3);
        assert!((credit_after(1.0) - 0.25e6).abs() < 1e3);
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
                schedule.open();
                schedule.account(wall_ns, cpu_ns, spent_ns);
                let gap = schedule.gap(uniform, Duration::from_millis(60));
                prop_assert!(gap < Duration::from_secs(600));
                let _ = schedule.hits_left(HIT_NS);
            }
        }
    }
}
