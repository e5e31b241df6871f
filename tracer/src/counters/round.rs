//! One look at the counters: what is read, and what it says.
//!
//! The order of the reads is what makes them worth something: `heapStats`, the
//! caches, the spans they held before, `heapStats` again. What a span counted
//! goes to `heapStats` when it leaves its cache; a class whose count there is the
//! same before and after lost no span in between.

use super::batch::Batch;
use super::decode::{HeapStats, Mcache, Mspan};
use super::processors::{Processors, Slot, non_zero};
use super::reader::Places;
use super::tally::{Caches, Tally};
use crate::addr::ProcAddr;
use crate::golang::bytes::{u32_at, u64_at};
use crate::golang::{CounterLayout, SPAN_CLASSES};

/// Where the parts of a batch will be in its buffer.
#[derive(Debug, Default)]
pub(super) struct Parts {
    heap_stats_before: StatsCopy,
    /// What the first look of a read has besides.
    first: Option<First>,
    /// For each processor; `None` for those without a cache.
    mcaches: Vec<Option<usize>>,
    /// Slots, the spans in them, and where those will be.
    spans: Vec<(usize, ProcAddr, usize)>,
    heap_stats_after: StatsCopy,
}

/// Where a copy of `heapStats` will be.
#[derive(Clone, Copy, Debug, Default)]
struct StatsCopy {
    /// Its generation, read first; the window has it once more at its end.
    generation: usize,
    window: usize,
}

impl StatsCopy {
    fn plan(batch: &mut Batch, places: &Places) -> Self {
        let layout = &places.layout;
        let window = HeapStats::window(layout);
        Self {
            generation: batch.push(after(places.memstats, layout.memstats_heap_stats_gen), 4),
            window: batch.push(after(places.memstats, window.start), window.bytes),
        }
    }

    /// What was copied. A copy during which the runtime began another delta is
    /// one of a runtime that is merging.
    fn decode(self, bytes: &[u8], layout: &CounterLayout) -> Option<HeapStats> {
        let generation = u32_at(bytes, self.generation)?;
        let mut stats = HeapStats::decode(bytes.get(self.window..)?, layout)?;
        stats.merging |= stats.generation != generation;
        Some(stats)
    }
}

/// Who the processors are, and what need not be read twice.
#[derive(Debug)]
struct First {
    allp: usize,
    array: usize,
    /// Each `p.mcache`.
    mcaches: Vec<usize>,
    numgc: usize,
}

impl First {
    fn finds_other_processors(&self, bytes: &[u8], known: &Processors) -> Option<bool> {
        let array = ProcAddr(u64_at(bytes, self.allp)?);
        let length = u64_at(bytes, self.allp + 8)?;
        if (array, length) != known.allp {
            return Some(true);
        }
        let mut mcaches = self.mcaches.iter();
        for (index, processor) in known.all.iter().enumerate() {
            let p = non_zero(u64_at(bytes, self.array + 8 * index)?);
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
    /// Puts together what is to be read. Whether the processors are those known is
    /// for the first look of a read to find out: one that comes later has made
    /// nothing yet, and one that goes leaves what it made in `heapStats`.
    pub(super) fn plan(
        &mut self,
        batch: &mut Batch,
        places: &Places,
        processors: &Processors,
        tally: &Tally,
        is_first: bool,
    ) {
        let layout = &places.layout;
        batch.clear();
        self.heap_stats_before = StatsCopy::plan(batch, places);
        self.first = is_first.then(|| First {
            allp: batch.push(places.allp, 16),
            array: batch.push(processors.allp.0, 8 * processors.all.len()),
            mcaches: {
                let known = processors.all.iter().filter_map(|processor| processor.p);
                let mcache_of = |p| batch.push(after(p, layout.p_mcache), 8);
                known.map(mcache_of).collect()
            },
            numgc: batch.push(after(places.memstats, layout.memstats_numgc), 4),
        });
        let window = Mcache::window(layout);
        self.mcaches.clear();
        self.mcaches.extend(processors.all.iter().map(|processor| {
            let at = after(processor.mcache?, window.start);
            Some(batch.push_near(at, window.bytes))
        }));
        self.plan_spans(batch, layout, processors, tally);
        self.heap_stats_after = StatsCopy::plan(batch, places);
    }

    fn plan_spans(
        &mut self,
        batch: &mut Batch,
        layout: &CounterLayout,
        processors: &Processors,
        tally: &Tally,
    ) {
        let window = Mspan::window(layout);
        let mut wanted: Vec<(ProcAddr, usize)> = processors
            .slots
            .iter()
            .enumerate()
            .filter(|(index, _)| !tally.knows(size_class(index % SPAN_CLASSES)))
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

    /// Adds to `tally` what the bytes say. `None` when there are fewer than planned.
    pub(super) fn evaluate(
        &self,
        bytes: &[u8],
        places: &Places,
        processors: &mut Processors,
        tally: &mut Tally,
    ) -> Option<Outcome> {
        let layout = &places.layout;
        if let Some(first) = &self.first {
            if first.finds_other_processors(bytes, processors)? {
                return Some(Outcome::OtherProcessors);
            }
            tally.set_gc_cycles(u32_at(bytes, first.numgc)?);
        }
        let before = self.heap_stats_before.decode(bytes, layout)?;
        let after = self.heap_stats_after.decode(bytes, layout)?;
        let rearranging = before.merging || after.merging;
        let rearranged = before.generation != after.generation || before.contradicts(&after);
        if rearranging || rearranged {
            return Some(Outcome::Rearranging);
        }
        let caches = self.caches(bytes, places, processors, tally)?;
        tally.look(&before, &after, &caches);
        Some(Outcome::Counted)
    }

    /// Counts what is in the caches. Slots that hold another span than known are
    /// brought up to date for the next look.
    fn caches(
        &self,
        bytes: &[u8],
        places: &Places,
        processors: &mut Processors,
        tally: &Tally,
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
            caches.add_tiny(mcache.tiny_allocs()?);
            for (span_class, slot) in slots.iter_mut().enumerate() {
                let pointer = non_zero(mcache.alloc(span_class)?);
                let span = pointer.filter(|span| *span != places.emptymspan);
                if span != slot.span && !tally.knows(size_class(span_class)) {
                    *slot = Slot { span };
                    caches.add(size_class(span_class), None);
                }
            }
        }
        for &(index, span, place) in &self.spans {
            let slot = processors.slots.get(index)?;
            if slot.span != Some(span) {
                continue;
            }
            let span_class = index % SPAN_CLASSES;
            let flush_gen = *flush_gens.get(index / SPAN_CLASSES)?;
            let span = Mspan::decode(bytes.get(place..)?, layout)?;
            let objects = span.cached_objects(flush_gen, span_class);
            // A span on its way out is counted in heapStats already, or not yet: its
            // thread may have been suspended in between, for any time.
            caches.add(size_class(span_class), objects);
        }
        Some(caches)
    }
}

/// A span class is a size class and a bit for noscan: `makeSpanClass`, go1.19
/// src/runtime/mheap.go:540, go1.27 :580.
fn size_class(span_class: usize) -> usize {
    span_class / 2
}

/// A field of a struct of the process. Past the end of the space it wraps, and
/// the read is a miss.
fn after(start: ProcAddr, offset: u16) -> ProcAddr {
    ProcAddr(start.0.wrapping_add(offset.into()))
}
