//! What a program had counted when it ended.
//!
//! A process's memory is gone before anybody hears of its end. The last moment to read it
//! is when the runtime is about to end the process, on the thread that does it: a probe
//! there copies `memstats.heapStats`. What processors held in their caches is not copied,
//! so each count is a lower bound: less than it was by what lay in one span for each
//! processor and span class, at most.

use super::counts::Counters;
use super::decode::HeapStats;
use super::processors::Processors;
use super::reader::Places;
use super::tally::{Caches, Tally};
use crate::addr::FileOffset;
use crate::golang::{GoBinary, SPAN_CLASSES};

/// The functions by which a program ends itself: with a code, and by a signal whose
/// default that is (go1.19 src/runtime/sys_linux_amd64.s:56, :148, go1.27 :51, :143).
/// Both are assembly and allocate nothing.
const EXITS: [&str; 2] = ["runtime.exit", "runtime.raise"];

/// A place in the executable behind which a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitSite {
    /// Where in the file.
    pub offset: FileOffset,
    /// Where `memstats.heapStats` are, in bytes from there on in memory, modulo 2^64.
    pub heap_stats: u64,
    /// How many bytes to copy, those of the generation last.
    pub bytes: u16,
}

/// Where a program of this executable ends. None where the place or the layout of the
/// runtime's counters is not known.
#[must_use]
pub fn exit_sites(binary: &GoBinary) -> Vec<ExitSite> {
    let (Some(layout), Some(data)) = (binary.counter_layout(), binary.runtime_data()) else {
        return Vec::new();
    };
    let window = HeapStats::window(&layout);
    let start = data.memstats.0.wrapping_add(window.start.into());
    let Ok(bytes) = u16::try_from(window.bytes) else {
        return Vec::new();
    };
    let functions = binary.functions_named(&EXITS);
    let sites = functions.iter().filter_map(|function| {
        Some(ExitSite {
            offset: binary.file_offset(function.entry())?,
            heap_stats: start.wrapping_sub(function.entry().0),
            bytes,
        })
    });
    sites.collect()
}

/// What was copied as a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitCopy {
    /// The generation of `memstats.heapStats`, read before they were.
    pub generation: u32,
    /// They, up to and with their generation.
    pub heap_stats: Vec<u8>,
}

impl ExitCopy {
    /// The counts, none below an earlier one. `None` when there are too few bytes, or
    /// when the runtime rearranged its counters just then.
    pub(super) fn counters(
        &self,
        places: &Places,
        processors: &Processors,
        earlier: &Counters,
    ) -> Option<Counters> {
        let stats = HeapStats::decode(&self.heap_stats, &places.layout)?;
        if stats.merging || stats.generation != self.generation {
            return None;
        }
        let mut caches = Caches::default();
        for _ in &processors.all {
            for span_class in 0..SPAN_CLASSES {
                caches.add(span_class / 2, None);
            }
            caches.add_unknown_tiny();
        }
        let mut tally = Tally::new();
        tally.set_gc_cycles(earlier.gc_cycles);
        tally.look(&stats, &stats, &caches);
        Some(tally.counters(earlier))
    }
}
