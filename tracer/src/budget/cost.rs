//! What hits cost.

/// What a hit costs the thread that makes it, in nanoseconds on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HitCost {
    /// A hit that is turned away at the gate: the trap, mostly.
    pub turned_away_ns: f64,
    /// A hit that counts, without the walk over its stack.
    pub counted_ns: f64,
    /// Each frame of its stack on top.
    pub frame_ns: f64,
}

/// Hits, by what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// All of them, counted or not.
    pub traps: u64,
    /// Those that counted.
    pub counted: u64,
    /// Frames walked by those.
    pub frames: u64,
}

impl Spent {
    /// What has come on top of `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            traps: self.traps.saturating_sub(earlier.traps),
            counted: self.counted.saturating_sub(earlier.counted),
            frames: self.frames.saturating_sub(earlier.frames),
        }
    }
}

impl HitCost {
    /// What these hits have cost, nanoseconds.
    #[must_use]
    pub fn of(&self, spent: Spent) -> f64 {
        let turned_away = spent.traps.saturating_sub(spent.counted);
        turned_away as f64 * self.turned_away_ns
            + spent.counted as f64 * self.counted_ns
            + spent.frames as f64 * self.frame_ns
    }

    /// What a counted hit costs whose stack has so many frames, nanoseconds.
    #[must_use]
    pub fn at_depth(&self, frames: f64) -> f64 {
        self.counted_ns + frames * self.frame_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hit_costs() {
        let cost = HitCost {
            turned_away_ns: 500.0,
            counted_ns: 700.0,
            frame_ns: 10.0,
        };
        let spent = Spent {
            traps: 10,
            counted: 4,
            frames: 40,
        };
        assert_eq!(cost.of(spent), 6.0 * 500.0 + 4.0 * 700.0 + 400.0);
        assert_eq!(cost.of(spent.since(spent)), 0.0);
        assert_eq!(cost.at_depth(5.0), 750.0);
    }
}
