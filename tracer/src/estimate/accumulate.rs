//! Windows come one by one; what they stand for is added up by key.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, flags};

use crate::collect::{Counts, Tally, key_with_room};
use crate::profile::WINDOW_GROUPS;

/// Keys kept of one recording. What comes later is counted without its stack.
const MOST_KEYS: usize = 1 << 19;

/// Adds windows up.
///
/// The objects of a gap go half to the window before it and half to the window
/// behind. A window that saw nothing cannot stand for anything: its gaps go to
/// the windows beside it.
#[derive(Debug, Default)]
pub struct Accumulator {
    tallies: HashMap<CountKey, Tally>,
    /// The newest window that saw objects: its share of the gap behind it is
    /// not known yet.
    newest: Option<Window>,
    /// Objects of gaps that no window stands for yet.
    waiting: f64,
    windows: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Window {
    counts: Counts,
    objects: u64,
    group: u8,
    /// Untraced objects it stands for so far.
    untraced: f64,
}

/// The end of an accumulation.
#[derive(Debug, Default)]
pub struct Accumulated {
    /// What was counted, and what it stands for.
    pub tallies: HashMap<CountKey, Tally>,
    /// Events that are in no tally, for want of room.
    pub dropped: u64,
}

impl Accumulator {
    /// Windows so far.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows
    }

    /// What part of the room for keys is left, 0 to 1.
    #[must_use]
    pub fn room(&self) -> f64 {
        1.0 - (self.tallies.len() as f64 / MOST_KEYS as f64).min(1.0)
    }

    /// Adds counts that stand for themselves alone.
    pub fn add_exact(&mut self, counts: Counts) {
        let mut counts: Vec<(CountKey, u64)> = counts.into_iter().collect();
        if self.tallies.len() + counts.len() > MOST_KEYS {
            // What counts most is kept.
            counts.sort_unstable_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        for (key, count) in counts {
            match self.tally(key) {
                Some(tally) => tally.counted += count,
                None => self.dropped += count,
            }
        }
    }

    /// Adds a window: what was counted in it, and how many objects were
    /// allocated untraced since the one before.
    pub fn add_window(&mut self, counts: Counts, untraced_before: f64) {
        let group = (self.windows % u64::from(WINDOW_GROUPS)) as u8;
        self.windows += 1;
        self.waiting += untraced_before.max(0.0);
        let objects = counts
            .iter()
            .filter(|(key, _)| is_objects(key))
            .map(|(_, count)| count)
            .sum();
        if objects == 0 {
            // Calls may be in it all the same.
            self.add_exact(counts);
            return;
        }
        let gap = std::mem::take(&mut self.waiting);
        let mut untraced = gap;
        if let Some(mut before) = self.newest.take() {
            before.untraced += gap / 2.0;
            untraced = gap / 2.0;
            self.settle(before);
        }
        self.newest = Some(Window {
            counts,
            objects,
            group,
            untraced,
        });
    }

    /// No window comes any more; so many objects were allocated since the last.
    #[must_use]
    pub fn finish(mut self, untraced_behind: f64) -> Accumulated {
        self.waiting += untraced_behind.max(0.0);
        if let Some(mut newest) = self.newest.take() {
            newest.untraced += self.waiting;
            self.settle(newest);
        }
        Accumulated {
            tallies: self.tallies,
            dropped: self.dropped,
        }
    }

    fn settle(&mut self, window: Window) {
        // Calls are shared out at the same rate as objects.
        let per_event = window.untraced / window.objects as f64;
        for (key, count) in window.counts {
            match self.tally(key) {
                Some(tally) => {
                    tally.counted += count;
                    if per_event > 0.0 {
                        tally.draw(window.group, count as f64 * per_event);
                    }
                }
                None => self.dropped += count,
            }
        }
    }

    /// The tally of a key, or of what is left of it when there is no more room.
    fn tally(&mut self, key: CountKey) -> Option<&mut Tally> {
        let key = key_with_room(&self.tallies, key, MOST_KEYS)?;
        Some(self.tallies.entry(key).or_default())
    }
}

/// Whether a key counts objects and not calls.
fn is_objects(key: &CountKey) -> bool {
    key.size_bytes > 0 || key.flags & flags::SPAN != 0
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::wire::StackId;

    use super::*;

    fn key(lo: u64) -> CountKey {
        CountKey {
            stack: StackId { lo, hi: 1 },
            size_bytes: 64,
            ..CountKey::default()
        }
    }

    fn call() -> CountKey {
        CountKey {
            size_bytes: 0,
            ..key(99)
        }
    }

    #[test]
    fn a_gap_goes_to_the_windows_on_both_sides() {
        let mut all = Accumulator::default();
        all.add_window(Counts::from([(key(1), 10), (key(2), 30)]), 400.0);
        all.add_window(Counts::from([(key(2), 5), (call(), 2)]), 1000.0);
        let end = all.finish(70.0);
        let tally = |key| &end.tallies[&key];
        // 400 before it and half of 1000 behind it, a quarter of it.
        assert_eq!(tally(key(1)).drawn, [(0, 225.0)]);
        assert_eq!(tally(key(2)).drawn, [(0, 675.0), (1, 570.0)]);
        assert_eq!(tally(call()).drawn, [(1, 228.0)]);
        assert_eq!(tally(key(2)).counted, 35);
        assert_eq!(end.dropped, 0);
    }

    #[test]
    fn what_an_empty_window_cannot_stand_for_goes_on() {
        let mut all = Accumulator::default();
        all.add_window(Counts::new(), 100.0);
        all.add_window(Counts::from([(key(1), 1)]), 50.0);
        all.add_window(Counts::from([(call(), 7)]), 20.0);
        assert_eq!(all.windows(), 3);
        let end = all.finish(8.0);
        assert_eq!(end.tallies[&key(1)].drawn, [(1, 178.0)]);
        assert_eq!(end.tallies[&call()].counted, 7);
    }

    #[test]
    fn nothing_untraced_nothing_drawn() {
        let mut all = Accumulator::default();
        all.add_window(Counts::from([(key(1), 9)]), 0.0);
        all.add_exact(Counts::from([(key(1), 1)]));
        let end = all.finish(0.0);
        assert_eq!(end.tallies[&key(1)], Tally::exact(10));
    }

    #[test]
    fn memory_is_bounded_and_what_does_not_fit_is_said() {
        let mut all = Accumulator::default();
        let many = (MOST_KEYS + 10) as u64;
        all.add_exact((0..many).map(|lo| (key(lo), 1 + lo / 10)).collect());
        let end = all.finish(0.0);
        assert_eq!(end.tallies.len(), MOST_KEYS + 1);
        let without_stack: u64 = end
            .tallies
            .iter()
            .filter(|(key, _)| key.flags & flags::STACK_LOST != 0)
            .map(|(_, tally)| tally.counted)
            .sum();
        assert_eq!(without_stack, 10, "the least of all");
        assert_eq!(end.dropped, 0);
    }
}
