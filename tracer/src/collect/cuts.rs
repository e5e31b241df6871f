//! What was counted between one moment and the next, while the probes are on.
//!
//! Counts cannot be taken out of the kernel's tables then. They only grow, so what has
//! come since is the difference to what was there before.

use super::drain::Counts;

/// Where counts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// Those of probes that go on and off.
    Counts,
    /// Those of probes that are on all the time.
    Kept,
    /// What found no room in a table.
    Streamed,
}

/// Tells what is new in the tables.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// What of each table's contents is known, by [`Table`].
    seen: [Counts; 3],
    /// What came since the last cut, as far as it was looked at.
    since: Counts,
}

impl Cuts {
    /// Takes in what a table holds.
    pub fn look(&mut self, table: Table, counts: &Counts) {
        let Some(seen) = self.seen.get_mut(table as usize) else {
            return;
        };
        for (key, &count) in counts {
            let known = seen.entry(*key).or_default();
            let new = count.saturating_sub(*known);
            if new > 0 {
                *known = count;
                *self.since.entry(*key).or_default() += new;
            }
        }
    }

    /// The same of what a table held, which is empty now.
    pub fn take(&mut self, table: Table, counts: &Counts) {
        self.look(table, counts);
        if let Some(seen) = self.seen.get_mut(table as usize) {
            seen.clear();
        }
    }

    /// What has come since the last cut.
    pub fn cut(&mut self) -> Counts {
        std::mem::take(&mut self.since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracer_ebpf::wire::{CountKey, StackId};

    use super::*;

    fn key(lo: u64) -> CountKey {
        CountKey {
            stack: StackId { lo, hi: 1 },
            ..CountKey::default()
        }
    }

    #[test]
    fn cuts_hold_what_is_new() {
        let mut cuts = Cuts::default();
        cuts.look(Table::Counts, &Counts::from([(key(1), 5)]));
        assert_eq!(cuts.cut(), Counts::from([(key(1), 5)]));
        cuts.look(Table::Counts, &Counts::from([(key(1), 5)]));
        cuts.look(Table::Kept, &Counts::from([(key(1), 2)]));
        assert_eq!(cuts.cut(), Counts::from([(key(1), 2)]));
        cuts.take(Table::Counts, &Counts::from([(key(1), 8)]));
        cuts.look(Table::Counts, &Counts::from([(key(1), 4)]));
        assert_eq!(cuts.cut(), Counts::from([(key(1), 7)]));
        assert_eq!(cuts.cut(), Counts::new());
    }

    proptest! {
        /// Whenever tables are looked at and emptied, cuts sum to what was counted.
        #[test]
        fn cuts_sum_to_what_was_counted(
            steps in prop::collection::vec((0_u64..3, 0_u64..9, any::<bool>(), any::<bool>()), 0..60),
        ) {
            let mut cuts = Cuts::default();
            let (mut table, mut all, mut found) = (Counts::new(), Counts::new(), Counts::new());
            let mut add = |counts: Counts| {
                for (key, count) in counts {
                    *found.entry(key).or_default() += count;
                }
            };
            for (lo, count, takes, cut) in steps {
                *table.entry(key(lo)).or_default() += count;
                *all.entry(key(lo)).or_default() += count;
                if takes {
                    cuts.take(Table::Counts, &std::mem::take(&mut table));
                } else {
                    cuts.look(Table::Counts, &table);
                }
                if cut {
                    add(cuts.cut());
                }
            }
            add(cuts.cut());
            all.retain(|_, count| *count > 0);
            prop_assert_eq!(found, all);
        }
    }
}
