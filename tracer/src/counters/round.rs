//! One look at the counters: what is read, and what it says.
//!
//! The order of the reads is what makes them worth something: `heapStats`, the
//! caches, the spans they held before, `heapStats` again. What a span counted
//! goes to `heapStats` when it leaves its cache; a class whose count there is the
//! same before and after lost no span in between.

use super::batch::Batch;
use super::counts::Counters;
use super::decode::{HeapStats, Mcache, Mspan};
use super::processors::{Processors, Slot, non_zero};
use super::reader::Places;
use crate::addr::ProcAddr;
use crate::golang::bytes::{u32_at, u64_at};
use crate::golang::{CLASS_BYTES, CounterLayout, SIZE_CLASSES, SPAN_CLASSES};

/// The counts that are not known yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    classes: [bool; SIZE_CLASSES],
    tiny: bool,
}

impl Pending {
    pub(super) fn all() -> Self {
        Self {
            classes: [true; SIZE_CLASSES],
            tiny: true,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.tiny && !self.classes.contains(&true)
    }

    fn has_span_class(&self, span_class: usize) -> bool {
        // A span class is a size class and a bit for noscan: `makeSpanClass`,
        // go1.19 src/runtime/mheap.go:540, go1.27 :580.
        self.classes.get(span_class / 2) == Some(&true)
    }
}

/// Where the parts of a batch will be in its buffer.
#[derive(Debug, Default)]
pub(super) struct Parts {
    heap_stats_before: usize,
    allp: usize,
    /// The array of `allp`, when it is to be compared, and each `p.mcache`.
    processors: Option<(usize, Vec<usize>)>,
    /// For each processor; `None` for those without a cache.
    mcaches: Vec<Option<usize>>,
    /// Slots, the spans in them, and where those will be.
    spans: Vec<(usize, ProcAddr, usize)>,
    heap_stats_after: usize,
    numgc: usize,
}

/// What a look came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The runtime has other processors than known.
    OtherProcessors,
    /// The runtime was adding up deltas.
    Rearranging,
    /// It was worth something.
    Counted,
}

impl Parts {
    /// Puts together what is to be read. `compare_processors`: whether each of
    /// them is to be compared, or the length of `allp` alone.
    pub(super) fn plan(
        &mut self,
        batch: &mut Batch,
        places: &Places,
        processors: &Processors,
        pending: &Pending,
        compare_processors: bool,
    ) {
        let layout = &places.layout;
        batch.clear();
        let heap_stats = HeapStats::window(layout);
        let heap_stats_at = after(places.memstats, heap_stats.start);
        self.heap_stats_before = batch.push(heap_stats_at, heap_stats.bytes);
        self.allp = batch.push(places.allp, 16);
        self.processors = compare_processors.then(|| {
            let array = batch.push(processors.allp.0, 8 * processors.all.len());
            let known = processors.all.iter().filter_map(|processor| processor.p);
            let mcache_of = |p| batch.push(after(p, layout.p_mcache), 8);
            (array, known.map(mcache_of).collect())
        });
        let window = Mcache::window(layout);
        self.mcaches.clear();
        self.mcaches.extend(processors.all.iter().map(|processor| {
            let at = after(processor.mcache?, window.start);
            Some(batch.push(at, window.bytes))
        }));
        self.plan_spans(batch, layout, processors, pending);
        self.heap_stats_after = batch.push(heap_stats_at, heap_stats.bytes);
        self.numgc = batch.push(after(places.memstats, layout.memstats_numgc), 4);
    }

    fn plan_spans(
        &mut self,
        batch: &mut Batch,
        layout: &CounterLayout,
        processors: &Processors,
        pending: &Pending,
    ) {
        let window = Mspan::window(layout);
        let mut wanted: Vec<(ProcAddr, usize)> = processors
            .slots
            .iter()
            .enumerate()
            .filter(|(index, _)| pending.has_span_class(index % SPAN_CLASSES))
            .filter_map(|(index, slot)| Some((slot.span?, index)))
            .collect();
        // The runtime makes spans one beside the other.
        wanted.sort_unstable();
        self.spans.clear();
        self.spans.extend(wanted.into_iter().map(|(span, index)| {
            let place = batch.push_near(after(span, window.start), window.bytes);
            (index, span, place)
        }));
    }

    /// What the bytes say, put into `counters`; what is known then is no longer
    /// pending. `None` when there are fewer bytes than planned.
    pub(super) fn evaluate(
        &self,
        bytes: &[u8],
        places: &Places,
        processors: &mut Processors,
        pending: &mut Pending,
        counters: &mut Counters,
    ) -> Option<Outcome> {
        let layout = &places.layout;
        if self.finds_other_processors(bytes, processors)? {
            return Some(Outcome::OtherProcessors);
        }
        let before = HeapStats::decode(bytes.get(self.heap_stats_before..)?, layout)?;
        let after = HeapStats::decode(bytes.get(self.heap_stats_after..)?, layout)?;
        let rearranging = before.merging || after.merging;
        if rearranging || before.generation != after.generation {
            return Some(Outcome::Rearranging);
        }
        let caches = self.caches(bytes, places, processors, pending)?;
        caches.settle(&before, &after, pending, counters);
        counters.large_objects = counters.large_objects.max(after.large_objects);
        counters.large_bytes = counters.large_bytes.max(after.large_bytes);
        counters.gc_cycles = u32_at(bytes, self.numgc)?;
        Some(Outcome::Counted)
    }

    fn finds_other_processors(&self, bytes: &[u8], known: &Processors) -> Option<bool> {
        let allp = (
            ProcAddr(u64_at(bytes, self.allp)?),
            u64_at(bytes, self.allp + 8)?,
        );
        if allp != known.allp {
            return Some(true);
        }
        let Some((array, mcaches)) = &self.processors else {
            return Some(false);
        };
        let mut mcaches = mcaches.iter();
        for (index, processor) in known.all.iter().enumerate() {
            let p = non_zero(u64_at(bytes, array + 8 * index)?);
            let mcache = match processor.p {
                Some(_) => non_zero(u64_at(bytes, *mcaches.next()?)?),
                None => None,
            };
            if (p, mcache) != (processor.p, processor.mcache) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Counts what is in the caches. Slots that hold another span than known are
    /// brought up to date for the next look.
    fn caches(
        &self,
        bytes: &[u8],
        places: &Places,
        processors: &mut Processors,
        pending: &Pending,
    ) -> Option<Caches> {
        let layout = &places.layout;
        let mut caches = Caches::default();
        let mut flush_gens = Vec::with_capacity(self.mcaches.len());
        let slots = processors.slots.chunks_exact_mut(SPAN_CLASSES);
        for (slots, place) in slots.zip(&self.mcaches) {
            let Some(place) = *place else {
                flush_gens.push(0);
                continue;
            };
            let mcache = Mcache::new(bytes.get(place..)?, layout);
            flush_gens.push(mcache.flush_gen()?);
            caches.tiny = caches.tiny.wrapping_add(mcache.tiny_allocs()?);
            for (span_class, slot) in slots.iter_mut().enumerate() {
                let pointer = non_zero(mcache.alloc(span_class)?);
                let span = pointer.filter(|span| *span != places.emptymspan);
                if span != slot.span && pending.has_span_class(span_class) {
                    *slot = Slot {
                        span,
                        leaving: false,
                    };
                    caches.add(span_class / 2, None);
                }
            }
        }
        for &(index, span, place) in &self.spans {
            let slot = processors.slots.get_mut(index)?;
            if slot.span != Some(span) {
                continue;
            }
            let span_class = index % SPAN_CLASSES;
            let flush_gen = *flush_gens.get(index / SPAN_CLASSES)?;
            let span = Mspan::decode(bytes.get(place..)?, layout)?;
            let objects = span.cached_objects(flush_gen, span_class);
            // On its way out, a span is counted in heapStats almost from the start:
            // after a second look, surely.
            let was_leaving = std::mem::replace(&mut slot.leaving, objects.is_none());
            caches.add(span_class / 2, objects.or(was_leaving.then_some(0)));
        }
        Some(caches)
    }
}

/// What all processors' caches count together.
struct Caches {
    small: [u64; SIZE_CLASSES],
    /// What spans may count about which this look says nothing.
    unknown: [u64; SIZE_CLASSES],
    tiny: u64,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            small: [0; SIZE_CLASSES],
            unknown: [0; SIZE_CLASSES],
            tiny: 0,
        }
    }
}

impl Caches {
    /// `None`: as many objects as a span holds, at most.
    fn add(&mut self, class: usize, objects: Option<u64>) {
        let sum = match objects {
            Some(_) => self.small.get_mut(class),
            None => self.unknown.get_mut(class),
        };
        if let Some(sum) = sum {
            *sum = sum.wrapping_add(objects.unwrap_or_else(|| span_objects(class)));
        }
    }

    fn settle(
        &self,
        before: &HeapStats,
        after: &HeapStats,
        pending: &mut Pending,
        counters: &mut Counters,
    ) {
        counters.uncertain_objects = 0;
        counters.uncertain_bytes = 0;
        let mut settle = |pending: &mut bool, count: &mut u64, sums: [u64; 4], bytes: u16| {
            if !*pending {
                return;
            }
            let [before, after, cached, unknown] = sums;
            let least = before.wrapping_add(cached);
            let most = after.wrapping_add(cached).wrapping_add(unknown);
            *count = least.max(*count);
            *pending = before != after || unknown > 0;
            let uncertain = most.saturating_sub(*count);
            if *pending {
                let objects = &mut counters.uncertain_objects;
                *objects = objects.saturating_add(uncertain);
                let uncertain_bytes = uncertain.saturating_mul(bytes.into());
                let sum = &mut counters.uncertain_bytes;
                *sum = sum.saturating_add(uncertain_bytes);
            }
        };
        for (class, class_bytes) in CLASS_BYTES.into_iter().enumerate() {
            let (Some(pending), Some(count)) = (
                pending.classes.get_mut(class),
                counters.small.get_mut(class),
            ) else {
                continue;
            };
            let of = |counts: &[u64; SIZE_CLASSES]| counts.get(class).copied().unwrap_or_default();
            let sums = [
                of(&before.small),
                of(&after.small),
                of(&self.small),
                of(&self.unknown),
            ];
            settle(pending, count, sums, class_bytes);
        }
        let sums = [before.tiny, after.tiny, self.tiny, 0];
        settle(&mut pending.tiny, &mut counters.tiny, sums, 0);
    }
}

/// Most objects of a span of this class: one page of 8192 bytes where objects
/// are small, 14 in the longer spans of larger ones (go1.19
/// src/runtime/sizeclasses.go:6, go1.27
/// src/internal/runtime/gc/sizeclasses.go:6).
fn span_objects(class: usize) -> u64 {
    let bytes = CLASS_BYTES.get(class).copied().unwrap_or_default();
    8192_u64.checked_div(bytes.into()).unwrap_or(0).max(14)
}

/// A field of a struct of the process. Past the end of the space it wraps, and
/// the read is a miss.
fn after(start: ProcAddr, offset: u16) -> ProcAddr {
    ProcAddr(start.0.wrapping_add(offset.into()))
}
