//! Offsets of what the runtime counts its allocations in.
//!
//! An object is counted in the span it lies in until the span leaves its
//! processor's cache, and in `memstats.heapStats` from then on. Which field is
//! what: `(*mcache).refill` and `releaseAll`, go1.19 src/runtime/mcache.go:146
//! and :258, go1.27 :160 and :290; `readmemstats_m`, go1.27
//! src/runtime/mstats.go:375.

use super::layout::LayoutSource;
use super::size_class::SIZE_CLASSES;
use super::version::GoVersion;

/// Entries of `mcache.alloc`, one span for each size class and each of scan and
/// noscan: `numSpanClasses`, go1.19 src/runtime/mheap.go:536, go1.27 :576.
pub const SPAN_CLASSES: usize = SIZE_CLASSES * 2;

/// Deltas in `consistentHeapStats.stats`, go1.19 src/runtime/mstats.go:732,
/// go1.27 :745.
pub const HEAP_STATS_DELTAS: usize = 3;

/// Offsets in bytes within `runtime.memstats`, `heapStatsDelta`, `p`, `mcache`
/// and `mspan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterLayout {
    /// `memstats.heapStats.stats`, three deltas in a row.
    pub memstats_heap_stats: u16,
    /// `memstats.heapStats.gen`, a `uint32`: which of the deltas is written to.
    pub memstats_heap_stats_gen: u16,
    /// `memstats.numgc`, a `uint32`.
    pub memstats_numgc: u16,
    /// Size of a `heapStatsDelta`.
    pub heap_stats_delta_bytes: u16,
    /// `heapStatsDelta.tinyAllocCount`, objects.
    pub delta_tiny_alloc_count: u16,
    /// `heapStatsDelta.largeAlloc`, bytes.
    pub delta_large_alloc: u16,
    /// `heapStatsDelta.largeAllocCount`, objects.
    pub delta_large_alloc_count: u16,
    /// `heapStatsDelta.smallAllocCount`, objects by size class.
    pub delta_small_alloc_count: u16,
    /// `p.mcache`.
    pub p_mcache: u16,
    /// `mcache.tinyAllocs`, objects.
    pub mcache_tiny_allocs: u16,
    /// `mcache.alloc`, a pointer for each span class.
    pub mcache_alloc: u16,
    /// `mcache.flushGen`, a `uint32`.
    pub mcache_flush_gen: u16,
    /// `mspan.startAddr`.
    pub mspan_start_addr: u16,
    /// `mspan.sweepgen`, a `uint32`.
    pub mspan_sweepgen: u16,
    /// `mspan.allocCount`, a `uint16`.
    pub mspan_alloc_count: u16,
    /// `mspan.spanclass`, a byte.
    pub mspan_spanclass: u16,
    /// `mspan.allocCountBeforeCache`, a `uint16`.
    pub mspan_alloc_count_before_cache: u16,
    /// `mspan.elemsize`.
    pub mspan_elemsize: u16,
    /// `mspan.nelems`: a `uint16`, up to Go 1.21 a `uintptr` of which the
    /// first two bytes hold all there can be.
    pub mspan_nelems: u16,
    /// Where these were taken from.
    pub source: LayoutSource,
}

impl CounterLayout {
    /// What is known of a release, built with its default experiments; `None` when
    /// it is newer or older than any that is known.
    ///
    /// Taken from the debug information of programs built by each release; a test
    /// compares the two. Go 1.20: as 1.19, by the machine code of `refill`,
    /// `releaseAll`, `prepareForSweep` and `gcMarkTermination` of a program built
    /// by it. Sources: `type heapStatsDelta` (go1.19 src/runtime/mstats.go:655,
    /// go1.27 :670), `type mcache` (go1.19 src/runtime/mcache.go:20, go1.27 :20),
    /// `type mspan` (go1.19 src/runtime/mheap.go:377, go1.21 :410, go1.27 :422).
    #[must_use]
    pub fn of_release(version: &GoVersion) -> Option<Self> {
        if version.is_newer_than_known() || version.is_too_old() {
            return None;
        }
        let since = |minor| version.at_least(1, minor);
        // inPtrScalarBits is gone since Go 1.25.
        let delta = |offset| if since(25) { offset } else { offset + 8 };
        // memProfRate is new in Go 1.24.
        let mcache = |offset| if since(24) { offset + 8 } else { offset };
        // pinnerBits is new in Go 1.21; nelems and freeindex shrank in 1.22.
        let mspan = |offset| {
            if since(21) && !since(22) {
                offset + 8
            } else {
                offset
            }
        };
        let heap_stats_delta_bytes = delta(0x490);
        Some(Self {
            memstats_heap_stats: 0,
            memstats_heap_stats_gen: 3 * heap_stats_delta_bytes,
            memstats_numgc: if since(25) { 0x1e00 } else { 0x1e18 },
            heap_stats_delta_bytes,
            delta_tiny_alloc_count: delta(0x28),
            delta_large_alloc: delta(0x30),
            delta_large_alloc_count: delta(0x38),
            delta_small_alloc_count: delta(0x40),
            p_mcache: if since(23) { 0x38 } else { 0x40 },
            mcache_tiny_allocs: mcache(0x20),
            mcache_alloc: mcache(0x28),
            // reusableNoscan lies between since Go 1.26.
            mcache_flush_gen: if since(26) { 0x8f0 } else { mcache(0x4a8) },
            mspan_start_addr: 0x18,
            mspan_sweepgen: mspan(0x58),
            mspan_alloc_count: mspan(0x60),
            mspan_spanclass: mspan(0x62),
            mspan_alloc_count_before_cache: mspan(0x66),
            mspan_elemsize: mspan(0x68),
            mspan_nelems: if since(22) { 0x32 } else { 0x38 },
            source: LayoutSource::Release,
        })
    }

    /// Whether the arrays have as many elements as is assumed here.
    pub(super) fn is_consistent(&self) -> bool {
        let words = |count: usize| 8 * count as u32;
        let small = u32::from(self.delta_small_alloc_count);
        let stats = u32::from(self.memstats_heap_stats);
        let delta_bytes = u32::from(self.heap_stats_delta_bytes);
        // Behind the allocations of each class: two words and the frees of each.
        let delta_end = small + words(SIZE_CLASSES) + words(2) + words(SIZE_CLASSES);
        let gen_at = stats + HEAP_STATS_DELTAS as u32 * delta_bytes;
        let alloc_end = u32::from(self.mcache_alloc) + words(SPAN_CLASSES);
        delta_end == delta_bytes
            && gen_at == u32::from(self.memstats_heap_stats_gen)
            && alloc_end <= u32::from(self.mcache_flush_gen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_release_is_consistent() {
        for minor in GoVersion::OLDEST.1..=GoVersion::NEWEST.1 {
            let version = GoVersion::parse(&format!("go1.{minor}")).unwrap();
            let layout = CounterLayout::of_release(&version).unwrap();
            assert!(layout.is_consistent(), "{layout:#x?}");
        }
        let newer = GoVersion::parse("go1.28").unwrap();
        assert_eq!(CounterLayout::of_release(&newer), None);
    }
}
