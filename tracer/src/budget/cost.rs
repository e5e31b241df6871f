//! What hits cost.

/// What a hit costs the thread that makes it, in nanoseconds on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HitCost {
    /// A hit that is turned away at the gate: the trap, mostly.
    pub turned_away_ns: f64,
    /// A hit that counts where there is a count already, without the walk over its
    /// stack.
    pub counted_ns: f64,
    /// Each frame of its stack, on top.
    pub frame_ns: f64,
    /// Each read of the stack on the way, on top: as many as there are frames where
    /// those are large.
    pub read_ns: f64,
    /// Starting a count, on top.
    pub new_key_ns: f64,
    /// Sending a stack that was not sent before, on top of walking it once more.
    pub sent_stack_ns: f64,
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
    /// Reads of stacks by those.
    pub stack_reads: u64,
    /// Those that started a count.
    pub new_keys: u64,
    /// Stacks that were sent.
    pub sent_stacks: u64,
}

/// A hit, as long as nothing is known of the target: 16 frames, some of which are
/// so small that one read does for two.
const TYPICAL: Spent = Spent {
    traps: 1,
    counted: 1,
    frames: 16,
    stack_reads: 10,
    new_keys: 0,
    sent_stacks: 0,
};

impl Spent {
    /// What has come on top of `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            traps: self.traps.saturating_sub(earlier.traps),
            counted: self.counted.saturating_sub(earlier.counted),
            frames: self.frames.saturating_sub(earlier.frames),
            stack_reads: self.stack_reads.saturating_sub(earlier.stack_reads),
            new_keys: self.new_keys.saturating_sub(earlier.new_keys),
            sent_stacks: self.sent_stacks.saturating_sub(earlier.sent_stacks),
        }
    }
}

impl HitCost {
    /// What these hits have cost, nanoseconds.
    #[must_use]
    pub fn of(&self, spent: Spent) -> f64 {
        let turned_away = spent.traps.saturating_sub(spent.counted);
        turned_away as f64 * self.turned_away_ns + self.of_counted(spent)
    }

    /// What those of them that counted have cost, nanoseconds.
    #[must_use]
    pub fn of_counted(&self, spent: Spent) -> f64 {
        spent.counted as f64 * self.counted_ns
            + spent.frames as f64 * self.frame_ns
            + spent.stack_reads as f64 * self.read_ns
            + spent.new_keys as f64 * self.new_key_ns
            + spent.sent_stacks as f64 * self.sent_stack_ns
    }

    /// What a hit costs whose stack is known and typical, nanoseconds.
    #[must_use]
    pub fn of_typical_hit(&self) -> f64 {
        self.of_counted(TYPICAL)
    }

    /// What comes on top when that stack is new, nanoseconds.
    #[must_use]
    pub fn of_typical_new_stack(&self) -> f64 {
        let new = Spent {
            frames: 2 * TYPICAL.frames,
            stack_reads: 2 * TYPICAL.stack_reads,
            new_keys: 1,
            sent_stacks: 1,
            ..TYPICAL
        };
        self.of_counted(new) - self.of_typical_hit()
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
            read_ns: 60.0,
            new_key_ns: 300.0,
            sent_stack_ns: 600.0,
        };
        let spent = Spent {
            traps: 10,
            counted: 4,
            frames: 40,
            stack_reads: 20,
            new_keys: 3,
            sent_stacks: 2,
        };
        let counted_ns = 4.0 * 700.0 + 400.0 + 1200.0 + 900.0 + 1200.0;
        assert_eq!(cost.of_counted(spent), counted_ns);
        assert_eq!(cost.of(spent), 6.0 * 500.0 + counted_ns);
        assert_eq!(cost.of(spent.since(spent)), 0.0);
        assert_eq!(cost.of_typical_hit(), 700.0 + 160.0 + 600.0);
    }
}
