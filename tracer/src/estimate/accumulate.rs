//! Windows come one by one; what they stand for is added up by key.

use std::collections::HashMap;

use tracer_ebpf::wire::CountKey;

use super::kind::{ByKind, kind_of};
use super::rate::{Rates, Window};
use crate::collect::{Counts, Tally, key_with_room, regardless_of_cpu};
use crate::profile::WINDOW_GROUPS;

/// Keys kept of one recording. What comes later is counted without its stack.
const MOST_KEYS: usize = 1 << 19;

/// Windows that share out together what was allocated around them.
const BLOCK: usize = 8;

/// A time in which nothing was traced.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gap {
    /// How long it was, nanoseconds.
    pub ns: f64,
    /// How many objects of each kind were allocated in it, where the runtime tells.
    pub objects: Option<ByKind>,
}

/// Adds windows up.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    tallies: HashMap<CountKey, Tally>,
    /// The newest windows, in the order they came.
    block: Vec<Pending>,
    /// Objects of gaps that no window stands for yet.
    untraced: Option<ByKind>,
    windows: u64,
    dropped: u64,
}

/// A window that has not been shared out yet.
#[derive(Clone, Debug)]
struct Pending {
    rates: Rates,
    group: u8,
    /// Untraced time it stands for, nanoseconds.
    stands_for_ns: f64,
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

    /// Adds a window, and the time since the one before.
    pub fn add_window(&mut self, window: &Window, gap: Gap) {
        let group = (self.windows % u64::from(WINDOW_GROUPS)) as u8;
        self.windows += 1;
        self.add_exact(regardless_of_cpu(&window.counts));
        // The time between two windows goes half to the one and half to the other.
        let half = match self.block.last_mut() {
            Some(before) => {
                before.stands_for_ns += gap.ns / 2.0;
                0.5
            }
            None => 1.0,
        };
        if self.block.len() >= BLOCK {
            self.wait_for(gap.objects, 1.0 - half);
            self.settle();
            self.wait_for(gap.objects, half);
        } else {
            self.wait_for(gap.objects, 1.0);
        }
        self.block.push(Pending {
            rates: window.rates(),
            group,
            stands_for_ns: gap.ns * half,
        });
    }

    /// No window comes any more.
    #[must_use]
    pub fn finish(mut self, gap: Gap) -> Accumulated {
        if let Some(newest) = self.block.last_mut() {
            newest.stands_for_ns += gap.ns;
        }
        self.wait_for(gap.objects, 1.0);
        self.settle();
        Accumulated {
            tallies: self.tallies,
            dropped: self.dropped,
        }
    }

    fn wait_for(&mut self, objects: Option<ByKind>, part: f64) {
        if let Some(objects) = objects {
            self.untraced.get_or_insert_default().add(&objects, part);
        }
    }

    /// Shares out what the windows of the block stand for.
    fn settle(&mut self) {
        let block = std::mem::take(&mut self.block);
        let mut expected = ByKind::default();
        for pending in &block {
            expected.add(&pending.objects_per_ns(), pending.stands_for_ns);
        }
        if expected.all() <= 0.0 {
            return;
        }
        // Windows tell in which proportions, the runtime how much there was in all.
        let untraced = self.untraced.take();
        let scale_of = |key: &CountKey| match (&untraced, kind_of(key)) {
            (None, _) => 1.0,
            (Some(untraced), Some(kind)) => untraced.of(kind) / expected.of(kind),
            (Some(untraced), None) => untraced.all() / expected.all(),
        };
        for pending in block {
            for (key, rate) in pending.rates {
                let drawn = rate * pending.stands_for_ns * scale_of(&key);
                if drawn > 0.0
                    && let Some(tally) = self.tally(key)
                {
                    tally.draw(pending.group, drawn);
                }
            }
        }
        self.untraced = untraced.map(|untraced| untraced.without(&expected));
    }

    /// The tally of a key, or of what is left of it when there is no more room.
    fn tally(&mut self, key: CountKey) -> Option<&mut Tally> {
        let key = key_with_room(&self.tallies, key, MOST_KEYS)?;
        Some(self.tallies.entry(key).or_default())
    }
}

impl Pending {
    fn objects_per_ns(&self) -> ByKind {
        ByKind::of_counts(self.rates.iter().map(|(key, rate)| (key, *rate)))
    }
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::wire::{StackId, flags};

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

    fn window(open_ns: f64, counts: &[(CountKey, u64)]) -> Window {
        Window {
            counts: counts
                .iter()
                .map(|(key, count)| ((*key, None), *count))
                .collect(),
            open_ns,
            hit_ns: 0.0,
        }
    }

    /// A gap with so many objects of 64 bytes.
    fn gap(ns: f64, objects: f64) -> Gap {
        Gap {
            ns,
            objects: Some(ByKind::of_counts([(&key(0), objects)].into_iter())),
        }
    }

    #[test]
    fn windows_stand_for_the_time_around_them() {
        let mut all = Accumulator::default();
        all.add_window(
            &window(10.0, &[(key(1), 10), (key(2), 30)]),
            gap(300.0, 0.0),
        );
        // The same in twice the time: half as much in each.
        let behind = window(20.0, &[(key(2), 40), (call(), 2)]);
        all.add_window(&behind, gap(1000.0, 3200.0));
        let end = all.finish(gap(100.0, 0.0));
        let tally = |key| &end.tallies[&key];
        // 800 ns at 4 a ns to 600 ns at 2 a ns, together 4400 for 3200 objects.
        let scale = 3200.0 / 4400.0;
        assert_eq!(tally(key(1)).drawn, [(0, 800.0 * scale)]);
        assert_eq!(
            tally(key(2)).drawn,
            [(0, 2400.0 * scale), (1, 1200.0 * scale)]
        );
        assert_eq!(tally(call()).drawn, [(1, 60.0 * scale)]);
        assert_eq!(tally(key(2)).counted, 70);
        assert_eq!(end.dropped, 0);
    }

    #[test]
    fn a_window_without_objects_stands_for_time_without() {
        let mut all = Accumulator::default();
        all.add_window(&window(10.0, &[]), gap(100.0, 50.0));
        all.add_window(&window(10.0, &[(key(1), 1)]), gap(100.0, 100.0));
        all.add_window(&window(10.0, &[(call(), 7)]), gap(100.0, 20.0));
        assert_eq!(all.windows(), 3);
        let end = all.finish(gap(100.0, 8.0));
        assert_eq!(end.tallies[&key(1)].drawn, [(1, 178.0)]);
        assert_eq!(end.tallies[&call()].counted, 7);
    }

    #[test]
    fn each_block_shares_out_what_was_allocated_around_it() {
        let mut all = Accumulator::default();
        for _ in 0..BLOCK {
            all.add_window(&window(10.0, &[(key(1), 10)]), gap(100.0, 10.0));
        }
        for _ in 0..BLOCK {
            all.add_window(&window(10.0, &[(key(2), 10)]), gap(100.0, 1000.0));
        }
        let end = all.finish(gap(100.0, 1000.0));
        let of_first = end.tallies[&key(1)].drawn_objects();
        let of_second = end.tallies[&key(2)].drawn_objects();
        // The gap between the blocks belongs to both.
        assert!(
            (of_first - (10.0 * BLOCK as f64 + 500.0)).abs() < 1e-6,
            "{of_first}"
        );
        assert!(
            (of_first + of_second - 10.0 * BLOCK as f64 - 1000.0 * (BLOCK + 1) as f64).abs() < 1e-6
        );
    }

    #[test]
    fn objects_of_each_kind_are_shared_out_among_their_own() {
        let mut all = Accumulator::default();
        let (small, other) = (key(1), key(2));
        let big = CountKey {
            size_bytes: 400,
            ..key(3)
        };
        let objects = |of_small, of_big| {
            let counts = [(&small, of_small), (&big, of_big)];
            Gap {
                ns: 100.0,
                objects: Some(ByKind::of_counts(counts.into_iter())),
            }
        };
        all.add_window(&window(10.0, &[(small, 10), (big, 30)]), objects(50.0, 0.0));
        all.add_window(&window(10.0, &[(other, 10), (big, 10)]), objects(50.0, 8.0));
        let end = all.finish(objects(0.0, 0.0));
        let drawn = |key: CountKey| end.tallies[&key].drawn_objects();
        assert!((drawn(small) - 50.0).abs() < 1e-9 && (drawn(other) - 50.0).abs() < 1e-9);
        assert!((drawn(big) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn objects_that_a_block_saw_nothing_of_go_on() {
        let mut all = Accumulator::default();
        for _ in 0..BLOCK {
            all.add_window(&window(10.0, &[]), gap(100.0, 10.0));
        }
        all.add_window(&window(10.0, &[(key(1), 1)]), gap(100.0, 10.0));
        let end = all.finish(gap(100.0, 0.0));
        let drawn = end.tallies[&key(1)].drawn_objects();
        assert!((drawn - 10.0 * (BLOCK + 1) as f64).abs() < 1e-6, "{drawn}");
    }

    #[test]
    fn without_the_runtimes_counters_by_time() {
        let mut all = Accumulator::default();
        let unknown = |ns| Gap { ns, objects: None };
        all.add_window(&window(1e6, &[(key(1), 3)]), unknown(0.0));
        all.add_window(&window(1e6, &[(key(1), 5000)]), unknown(1e9));
        let end = all.finish(unknown(1e9));
        let drawn = end.tallies[&key(1)].drawn_objects();
        assert!((drawn - (1_500.0 + 7_500_000.0)).abs() < 1.0, "{drawn}");
    }

    #[test]
    fn nothing_untraced_nothing_drawn() {
        let mut all = Accumulator::default();
        all.add_window(&window(1e9, &[(key(1), 9)]), gap(0.0, 0.0));
        all.add_exact(Counts::from([(key(1), 1)]));
        let end = all.finish(Gap::default());
        assert_eq!(end.tallies[&key(1)], Tally::exact(10));
    }

    #[test]
    fn memory_is_bounded_and_what_does_not_fit_is_said() {
        let mut all = Accumulator::default();
        let many = (MOST_KEYS + 10) as u64;
        all.add_exact((0..many).map(|lo| (key(lo), 1 + lo / 10)).collect());
        let end = all.finish(Gap::default());
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
