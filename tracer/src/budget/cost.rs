//! What hits cost.

/// What a hit costs the thread that makes it, in nanoseconds on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HitCost {
    /// A hit that is turned away at the gate: the trap, mostly.
    pub turned_away_ns: f64,
    /// Counting it, on top, on a known stack of 16 frames.
    pub work_ns: f64,
}

/// Hits, by what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// All of them, counted or not.
    pub traps: u64,
    /// Those that counted.
    pub counted: u64,
    /// Those of them that were timed.
    pub timed: u64,
    /// Nanoseconds that counting these took.
    pub timed_ns: u64,
    /// Those of all that were at a `ret`.
    pub at_returns: u64,
}

impl Spent {
    /// What has come on top of `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            traps: self.traps.saturating_sub(earlier.traps),
            counted: self.counted.saturating_sub(earlier.counted),
            timed: self.timed.saturating_sub(earlier.timed),
            timed_ns: self.timed_ns.saturating_sub(earlier.timed_ns),
            at_returns: self.at_returns.saturating_sub(earlier.at_returns),
        }
    }
}

/// So many timed hits outweigh what was known before them.
const HORIZON: f64 = 500.0;

/// Reckons what the hits of one target cost: a trap what it costs on this machine,
/// counting what it takes on that target lately.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    turned_away_ns: f64,
    /// What a trap at a `ret` costs beyond that.
    return_extra_ns: f64,
    work_ns: f64,
    total_ns: f64,
    /// All traps, and those at a `ret`.
    traps: u64,
    at_returns: u64,
}

impl Meter {
    /// Until hits have been timed they cost what they cost on goalloc's own function.
    #[must_use]
    pub fn new(cost: HitCost) -> Self {
        Self {
            turned_away_ns: cost.turned_away_ns,
            return_extra_ns: 0.0,
            work_ns: cost.work_ns,
            total_ns: 0.0,
            traps: 0,
            at_returns: 0,
        }
    }

    /// Of hits at a `ret` too, which the kernel steps over: such a trap costs so much,
    /// nanoseconds.
    #[must_use]
    pub fn with_returns(self, turned_away_ns: f64) -> Self {
        Self {
            return_extra_ns: (turned_away_ns - self.turned_away_ns).max(0.0),
            // Before there are any: each call returns.
            traps: 2,
            at_returns: 1,
            ..self
        }
    }

    /// Takes in hits that came since the last time. Returns what they cost,
    /// nanoseconds.
    pub fn take(&mut self, spent: Spent) -> f64 {
        if spent.timed > 0 {
            let timed = spent.timed as f64;
            let weight = (timed / HORIZON).min(1.0);
            self.work_ns += weight * (spent.timed_ns as f64 / timed - self.work_ns);
        }
        self.traps += spent.traps;
        self.at_returns += spent.at_returns;
        let spent_ns = self.of(spent);
        self.total_ns += spent_ns;
        spent_ns
    }

    /// What hits cost as things are, nanoseconds.
    #[must_use]
    pub fn of(&self, spent: Spent) -> f64 {
        spent.traps as f64 * self.turned_away_ns
            + spent.at_returns as f64 * self.return_extra_ns
            + spent.counted as f64 * self.work_ns
    }

    /// What one that counts costs, nanoseconds: on average, where some are returns.
    #[must_use]
    pub fn hit_ns(&self) -> f64 {
        let at_returns = self.at_returns as f64 / self.traps.max(1) as f64;
        self.turned_away_ns + at_returns * self.return_extra_ns + self.work_ns
    }

    /// What all that were taken in have cost, nanoseconds.
    #[must_use]
    pub fn total_ns(&self) -> f64 {
        self.total_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: HitCost = HitCost {
        turned_away_ns: 500.0,
        work_ns: 700.0,
    };

    #[test]
    fn every_hit_costs() {
        let mut meter = Meter::new(COST);
        let spent = Spent {
            traps: 10,
            counted: 4,
            ..Spent::default()
        };
        assert_eq!(meter.take(spent), 10.0 * 500.0 + 4.0 * 700.0);
        assert_eq!(meter.take(spent.since(spent)), 0.0);
        assert_eq!(meter.total_ns(), 7800.0);
        assert_eq!(meter.hit_ns(), 1200.0);
    }

    #[test]
    fn what_was_timed_tells_more_than_what_was_calibrated() {
        let mut meter = Meter::new(COST);
        let dear = Spent {
            traps: 1600,
            counted: 1600,
            timed: 100,
            timed_ns: 200_000,
            at_returns: 0,
        };
        meter.take(dear);
        assert_eq!(meter.hit_ns(), 500.0 + 700.0 + 0.2 * 1300.0);
        for _ in 0..30 {
            meter.take(dear);
        }
        assert!((meter.hit_ns() - 2500.0).abs() < 5.0);
    }

    #[test]
    fn returns_cost_more() {
        let mut meter = Meter::new(COST).with_returns(5000.0);
        assert_eq!(meter.hit_ns(), 500.0 + 0.5 * 4500.0 + 700.0);
        let spent = Spent {
            traps: 98,
            counted: 10,
            at_returns: 24,
            ..Spent::default()
        };
        assert_eq!(meter.take(spent), 98.0 * 500.0 + 24.0 * 4500.0 + 7000.0);
        assert_eq!(meter.hit_ns(), 500.0 + 0.25 * 4500.0 + 700.0);
    }
}
