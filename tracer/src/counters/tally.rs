//! What the looks of one read have come to.

use super::counts::Counters;
use super::decode::HeapStats;
use crate::golang::{CLASS_BYTES, SIZE_CLASSES};

/// The counts as far as they are known.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    small: [Bounds; SIZE_CLASSES],
    tiny: Bounds,
    large_objects: u64,
    large_bytes: u64,
    gc_cycles: u32,
    /// Whether there was any look that was worth something.
    has_looked: bool,
}

/// Between which a count was at an instant of the read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    least: u64,
    most: u64,
}

impl Bounds {
    const UNKNOWN: Self = Self {
        least: 0,
        most: u64::MAX,
    };

    fn width(self) -> u64 {
        self.most.saturating_sub(self.least)
    }

    /// Takes the better bounds of the two; they need not be of the same instant.
    fn narrow(&mut self, other: Self) {
        if other.width() < self.width() {
            *self = other;
        }
    }

    /// The count, never below what it was before, and how much more it may be.
    fn above(self, floor: u64) -> (u64, u64) {
        let count = self.least.max(floor);
        (count, self.most.saturating_sub(count))
    }
}

/// What all processors' caches count together.
#[derive(Clone, Debug)]
pub(super) struct Caches {
    small: [u64; SIZE_CLASSES],
    /// What spans may count about which a look says nothing.
    unknown: [u64; SIZE_CLASSES],
    tiny: u64,
    /// As above.
    unknown_tiny: u64,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            small: [0; SIZE_CLASSES],
            unknown: [0; SIZE_CLASSES],
            tiny: 0,
            unknown_tiny: 0,
        }
    }
}

impl Caches {
    /// Objects of a span; `None` for as many as it holds, at most.
    pub(super) fn add(&mut self, class: usize, objects: Option<u64>) {
        let (sums, objects) = match objects {
            Some(objects) => (&mut self.small, objects),
            None => (&mut self.unknown, span_objects(class)),
        };
        if let Some(sum) = sums.get_mut(class) {
            *sum = sum.wrapping_add(objects);
        }
    }

    pub(super) fn add_tiny(&mut self, objects: u64) {
        self.tiny = self.tiny.wrapping_add(objects);
    }

    /// Tiny objects of a cache that nothing is known of: it gives their number to
    /// `heapStats` when it takes a new span for their blocks (`refill`, go1.19
    /// src/runtime/mcache.go:176, go1.27 :186). A block has 16 bytes, and the object
    /// that opens it is no tiny one here.
    pub(super) fn add_unknown_tiny(&mut self) {
        const MOST_BESIDE_FIRST: u64 = 15;
        let blocks = span_objects(TINY_BLOCK_CLASS);
        self.unknown_tiny = self.unknown_tiny.wrapping_add(blocks * MOST_BESIDE_FIRST);
    }
}

impl Tally {
    /// Nothing is known.
    pub(super) fn new() -> Self {
        Self {
            small: [Bounds::UNKNOWN; SIZE_CLASSES],
            tiny: Bounds::UNKNOWN,
            large_objects: 0,
            large_bytes: 0,
            gc_cycles: 0,
            has_looked: false,
        }
    }

    pub(super) fn has_looked(&self) -> bool {
        self.has_looked
    }

    /// Whether every count is known.
    pub(super) fn is_complete(&self) -> bool {
        let mut bounds = self.small.iter().chain([&self.tiny]);
        bounds.all(|bounds| bounds.width() == 0)
    }

    /// Whether this class is known.
    pub(super) fn knows(&self, class: usize) -> bool {
        let bounds = self.small.get(class);
        bounds.is_none_or(|bounds| bounds.width() == 0)
    }

    /// Takes in a look: the caches, read after `before` and before `after`. A class
    /// that is known already is left alone, so the caches need not have it.
    pub(super) fn look(&mut self, before: &HeapStats, after: &HeapStats, caches: &Caches) {
        self.has_looked = true;
        let stats = before.small.iter().zip(&after.small);
        let cached = caches.small.iter().zip(&caches.unknown);
        for ((bounds, (before, after)), (cached, unknown)) in
            self.small.iter_mut().zip(stats).zip(cached)
        {
            if bounds.width() > 0 {
                bounds.narrow(Bounds {
                    least: before.wrapping_add(*cached),
                    most: after.wrapping_add(*cached).wrapping_add(*unknown),
                });
            }
        }
        self.tiny.narrow(Bounds {
            least: before.tiny.wrapping_add(caches.tiny),
            most: after
                .tiny
                .wrapping_add(caches.tiny)
                .wrapping_add(caches.unknown_tiny),
        });
        // No cache has any: what was there before was true then.
        self.large_objects = before.large_objects;
        self.large_bytes = before.large_bytes;
    }

    pub(super) fn set_gc_cycles(&mut self, gc_cycles: u32) {
        self.gc_cycles = gc_cycles;
    }

    /// The result, in no count below an earlier one.
    pub(super) fn counters(&self, earlier: &Counters) -> Counters {
        let mut counters = Counters {
            large_objects: self.large_objects.max(earlier.large_objects),
            large_bytes: self.large_bytes.max(earlier.large_bytes),
            gc_cycles: self.gc_cycles,
            ..Counters::default()
        };
        let mut uncertain = |objects: u64, class_bytes: u16| {
            let sum = &mut counters.uncertain_objects;
            *sum = sum.saturating_add(objects);
            let sum = &mut counters.uncertain_bytes;
            *sum = sum.saturating_add(objects.saturating_mul(class_bytes.into()));
        };
        let earlier_small = earlier.small.iter().zip(CLASS_BYTES);
        let classes = self.small.iter().zip(earlier_small);
        for (count, (bounds, (floor, class_bytes))) in counters.small.iter_mut().zip(classes) {
            let (least, more) = bounds.above(*floor);
            *count = least;
            uncertain(more, class_bytes);
        }
        let (least, more) = self.tiny.above(earlier.tiny);
        counters.tiny = least;
        uncertain(more, 0);
        counters
    }
}

/// The size class of the blocks that tiny objects share: 16 bytes (`tinySizeClass`,
/// go1.19 src/runtime/malloc.go:110).
const TINY_BLOCK_CLASS: usize = 2;

/// Most objects of a span of this class: one page of 8192 bytes where objects
/// are small, 11 in the longer spans of larger ones (go1.19
/// src/runtime/sizeclasses.go:6, go1.27
/// src/internal/runtime/gc/sizeclasses.go:6).
fn span_objects(class: usize) -> u64 {
    let bytes = CLASS_BYTES.get(class).copied().unwrap_or_default();
    8192_u64.checked_div(bytes.into()).unwrap_or(0).max(11)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(objects: u64) -> HeapStats {
        let mut small = [0; SIZE_CLASSES];
        small[6] = objects;
        HeapStats {
            small,
            tiny: 3,
            large_objects: 1,
            large_bytes: 40_960,
            generation: 0,
            merging: false,
        }
    }

    fn cached(objects: Option<u64>) -> Caches {
        let mut caches = Caches::default();
        caches.add(6, objects);
        caches.add_tiny(4);
        caches
    }

    #[test]
    fn a_class_at_rest_is_known_at_once() {
        let mut tally = Tally::new();
        assert!(!tally.has_looked() && !tally.is_complete() && !tally.knows(6));
        tally.set_gc_cycles(2);
        tally.look(&stats(100), &stats(100), &cached(Some(7)));
        assert!(tally.has_looked() && tally.is_complete() && tally.knows(6));
        // Looks at other classes do not change it.
        tally.look(&stats(128), &stats(128), &Caches::default());
        let counters = tally.counters(&Counters::default());
        assert_eq!((counters.small[6], counters.tiny), (107, 7));
        assert_eq!((counters.large_objects, counters.large_bytes), (1, 40_960));
        assert_eq!((counters.gc_cycles, counters.uncertain_objects), (2, 0));
    }

    #[test]
    fn of_two_restless_looks_the_better_counts() {
        let mut tally = Tally::new();
        tally.look(&stats(100), &stats(900), &cached(Some(7)));
        tally.look(&stats(900), &stats(1000), &cached(Some(9)));
        tally.look(&stats(1000), &stats(1000), &cached(None));
        tally.look(&stats(1000), &stats(2000), &cached(Some(1)));
        assert!(!tally.knows(6) && tally.knows(5) && !tally.is_complete());
        let counters = tally.counters(&Counters::default());
        assert_eq!(counters.small[6], 909);
        assert_eq!(counters.uncertain_objects, 100);
        assert_eq!(counters.uncertain_bytes, 6400);
    }

    #[test]
    fn counts_never_decrease() {
        let mut tally = Tally::new();
        tally.look(&stats(100), &stats(150), &cached(Some(7)));
        let mut earlier = Counters::default();
        earlier.small[6] = 130;
        earlier.large_objects = 2;
        let counters = tally.counters(&earlier);
        assert_eq!((counters.small[6], counters.uncertain_objects), (130, 27));
        assert_eq!(counters.large_objects, 2);
    }

    #[test]
    fn no_span_holds_more() {
        assert_eq!(span_objects(1), 1024);
        assert_eq!(span_objects(6), 128);
        // Of 1408 bytes: two pages, the fullest of any span longer than one.
        assert_eq!(span_objects(34), 11);
        assert_eq!(span_objects(usize::MAX), 11);
    }
}
