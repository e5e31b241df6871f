//! The runtime's structs, decoded from bytes that nobody vouches for.

use crate::golang::bytes::{u16_at, u32_at, u64_at};
use crate::golang::{CounterLayout, HEAP_STATS_DELTAS, SIZE_CLASSES, SPAN_CLASSES};

/// A part of a struct that is read as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Its first byte, from the start of the struct.
    pub(super) start: u16,
    /// How many.
    pub(super) bytes: usize,
}

impl Window {
    /// From the first to the last of some fields, each an offset and a size.
    fn around(fields: &[(u16, usize)]) -> Self {
        let start = fields.iter().map(|field| field.0).min().unwrap_or_default();
        let ends = fields
            .iter()
            .map(|&(offset, bytes)| usize::from(offset) + bytes);
        Self {
            start,
            bytes: ends.max().unwrap_or_default() - usize::from(start),
        }
    }

    /// Where a field of the struct is among the window's bytes.
    fn place(self, field: u16) -> usize {
        // A field of the window never begins before it.
        usize::from(field.saturating_sub(self.start))
    }
}

/// `memstats.heapStats`: counts of what is in no processor's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeapStats {
    /// Objects of each size class.
    pub(super) small: [u64; SIZE_CLASSES],
    /// Tiny objects in a block that was open already.
    pub(super) tiny: u64,
    pub(super) large_objects: u64,
    pub(super) large_bytes: u64,
    /// Which delta is written to.
    pub(super) generation: u32,
    /// Whether the runtime is adding one delta to another: until it has cleared
    /// the first, counts are there twice.
    pub(super) merging: bool,
}

impl HeapStats {
    pub(super) fn window(layout: &CounterLayout) -> Window {
        let deltas = HEAP_STATS_DELTAS * usize::from(layout.heap_stats_delta_bytes);
        Window::around(&[
            (layout.memstats_heap_stats, deltas),
            (layout.memstats_heap_stats_gen, 4),
        ])
    }

    /// Whether any count is higher than it was later. None ever falls, so one of the
    /// two was read while the runtime moved counts from one delta to another, which
    /// the generation does not tell when it has come round meanwhile.
    pub(super) fn contradicts(&self, later: &Self) -> bool {
        let mut small = self.small.iter().zip(&later.small);
        small.any(|(count, later)| count > later)
            || self.tiny > later.tiny
            || self.large_objects > later.large_objects
            || self.large_bytes > later.large_bytes
    }

    /// From the bytes of [`HeapStats::window`]; `None` when they are fewer.
    ///
    /// The next delta to write to is zero but while one is added to another:
    /// `consistentHeapStats.read`, go1.19 src/runtime/mstats.go:837, go1.27 :847.
    pub(super) fn decode(bytes: &[u8], layout: &CounterLayout) -> Option<Self> {
        let window = Self::window(layout);
        let generation = u32_at(bytes, window.place(layout.memstats_heap_stats_gen))?;
        let mut stats = Self {
            small: [0; SIZE_CLASSES],
            tiny: 0,
            large_objects: 0,
            large_bytes: 0,
            generation,
            merging: false,
        };
        let deltas = window.place(layout.memstats_heap_stats);
        for index in 0..HEAP_STATS_DELTAS {
            let delta = deltas + index * usize::from(layout.heap_stats_delta_bytes);
            let word = |offset: u16| u64_at(bytes, delta + usize::from(offset));
            let tiny = word(layout.delta_tiny_alloc_count)?;
            let large_objects = word(layout.delta_large_alloc_count)?;
            let large_bytes = word(layout.delta_large_alloc)?;
            let mut seen = tiny | large_objects | large_bytes;
            let small = delta + usize::from(layout.delta_small_alloc_count);
            for (class, sum) in stats.small.iter_mut().enumerate() {
                let objects = u64_at(bytes, small + 8 * class)?;
                *sum = sum.wrapping_add(objects);
                seen |= objects;
            }
            stats.tiny = stats.tiny.wrapping_add(tiny);
            stats.large_objects = stats.large_objects.wrapping_add(large_objects);
            stats.large_bytes = stats.large_bytes.wrapping_add(large_bytes);
            let is_next = (generation as usize).wrapping_add(1) % HEAP_STATS_DELTAS == index;
            stats.merging |= is_next && seen != 0;
        }
        Some(stats)
    }
}

/// The part of an `mcache` that is read.
#[derive(Clone, Copy)]
pub(super) struct Mcache<'a> {
    bytes: &'a [u8],
    layout: &'a CounterLayout,
    window: Window,
}

impl<'a> Mcache<'a> {
    pub(super) fn window(layout: &CounterLayout) -> Window {
        Window::around(&[
            (layout.mcache_tiny_allocs, 8),
            (layout.mcache_alloc, 8 * SPAN_CLASSES),
            (layout.mcache_flush_gen, 4),
        ])
    }

    pub(super) fn new(bytes: &'a [u8], layout: &'a CounterLayout) -> Self {
        Self {
            bytes,
            layout,
            window: Self::window(layout),
        }
    }

    /// `tinyAllocs`.
    pub(super) fn tiny_allocs(&self) -> Option<u64> {
        u64_at(
            self.bytes,
            self.window.place(self.layout.mcache_tiny_allocs),
        )
    }

    /// `alloc[span_class]`, a pointer.
    pub(super) fn alloc(&self, span_class: usize) -> Option<u64> {
        let alloc = self.window.place(self.layout.mcache_alloc);
        u64_at(self.bytes, alloc + 8 * span_class)
    }

    /// `flushGen`.
    pub(super) fn flush_gen(&self) -> Option<u32> {
        u32_at(self.bytes, self.window.place(self.layout.mcache_flush_gen))
    }
}

/// The part of an `mspan` that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mspan {
    pub(super) sweepgen: u32,
    pub(super) alloc_count: u16,
    pub(super) alloc_count_before_cache: u16,
    pub(super) spanclass: u8,
}

impl Mspan {
    pub(super) fn window(layout: &CounterLayout) -> Window {
        Window::around(&[
            (layout.mspan_sweepgen, 4),
            (layout.mspan_alloc_count, 2),
            (layout.mspan_alloc_count_before_cache, 2),
            (layout.mspan_spanclass, 1),
        ])
    }

    /// From the bytes of [`Mspan::window`]; `None` when they are fewer.
    pub(super) fn decode(bytes: &[u8], layout: &CounterLayout) -> Option<Self> {
        let window = Self::window(layout);
        Some(Self {
            sweepgen: u32_at(bytes, window.place(layout.mspan_sweepgen))?,
            alloc_count: u16_at(bytes, window.place(layout.mspan_alloc_count))?,
            alloc_count_before_cache: u16_at(
                bytes,
                window.place(layout.mspan_alloc_count_before_cache),
            )?,
            spanclass: *bytes.get(window.place(layout.mspan_spanclass))?,
        })
    }

    /// Objects that were made in it since it came into the cache, if it is in one:
    /// that of the processor whose `flushGen` and slot in `mcache.alloc` are
    /// given.
    ///
    /// A cached span has the sweep generation of its cache plus 3 until it leaves
    /// it (`mspan.sweepgen`, go1.19 src/runtime/mheap.go:441, go1.27 :485), also
    /// when a collection has begun meanwhile: a cache takes up the new
    /// generation only after it has given back its spans (`prepareForSweep`,
    /// go1.19 src/runtime/mcache.go:311, go1.27 :350).
    pub(super) fn cached_objects(&self, flush_gen: u32, span_class: usize) -> Option<u64> {
        let is_cached =
            self.sweepgen == flush_gen.wrapping_add(3) && usize::from(self.spanclass) == span_class;
        let objects = self
            .alloc_count
            .checked_sub(self.alloc_count_before_cache)?;
        is_cached.then_some(objects.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golang::GoVersion;

    fn layout(minor: u32) -> CounterLayout {
        CounterLayout::of_release(&GoVersion::parse(&format!("go1.{minor}")).unwrap()).unwrap()
    }

    #[test]
    fn deltas_add_up() {
        let layout = layout(27);
        let mut bytes = vec![0; HeapStats::window(&layout).bytes];
        let mut put = |delta: usize, field: u16, value: u64| {
            let at = delta * usize::from(layout.heap_stats_delta_bytes) + usize::from(field);
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        };
        put(0, layout.delta_small_alloc_count + 16, 5);
        put(2, layout.delta_small_alloc_count + 16, 7);
        put(2, layout.delta_tiny_alloc_count, 3);
        put(0, layout.delta_large_alloc, 40_960);
        put(0, layout.delta_large_alloc_count, 1);
        let at = usize::from(layout.memstats_heap_stats_gen);
        for (generation, merging) in [(0_u8, false), (1, true), (2, true)] {
            bytes[at] = generation;
            let stats = HeapStats::decode(&bytes, &layout).unwrap();
            assert_eq!(stats.small[2], 12);
            assert_eq!(stats.small.iter().sum::<u64>(), 12);
            assert_eq!((stats.tiny, stats.large_objects), (3, 1));
            assert_eq!(stats.large_bytes, 40_960);
            // Delta 1 alone is empty.
            assert_eq!(stats.merging, merging, "{generation}");
        }
        bytes.pop();
        assert_eq!(HeapStats::decode(&bytes, &layout), None);
    }

    #[test]
    fn a_span_counts_while_it_is_cached() {
        let span = Mspan {
            sweepgen: 11,
            alloc_count: 9,
            alloc_count_before_cache: 4,
            spanclass: 12,
        };
        assert_eq!(span.cached_objects(8, 12), Some(5));
        assert_eq!(span.cached_objects(10, 12), None);
        assert_eq!(span.cached_objects(8, 13), None);
        let shrunk = Mspan {
            alloc_count: 3,
            ..span
        };
        assert_eq!(shrunk.cached_objects(8, 12), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(any::<u8>(), 0..6000),
            minor in 19u32..=27,
            span_class: usize,
        ) {
            let layout = layout(minor);
            let span_class = span_class % SPAN_CLASSES;
            let is_whole = bytes.len() >= HeapStats::window(&layout).bytes;
            prop_assert_eq!(HeapStats::decode(&bytes, &layout).is_some(), is_whole);
            let mcache = Mcache::new(&bytes, &layout);
            let flush_gen = mcache.flush_gen();
            let _ = (mcache.tiny_allocs(), mcache.alloc(span_class));
            if let Some(span) = Mspan::decode(&bytes, &layout) {
                let _ = span.cached_objects(flush_gen.unwrap_or_default(), span_class);
            }
        }
    }
}
