//! Whether what is found is what the runtime has there.
//!
//! Addresses may come from machine code, and fields from what is known of a
//! release: each is held against something it must agree with.

use super::counts::Counters;
use super::decode::{HeapStats, Mcache, Mspan};
use super::error::CountersError;
use super::processors::Processors;
use super::reader::{Places, ReadMemory, read_word};
use crate::addr::ProcAddr;
use crate::golang::{CLASS_BYTES, HEAP_STATS_DELTAS, SPAN_CLASSES};
use crate::target::MemoryRange;

/// No program has made as many objects or bytes.
const LIMIT: u64 = 1 << 60;
/// The runtime's pages, where spans begin: go1.19 src/runtime/sizeclasses.go:90.
const PAGE_BYTES: u64 = 8192;
/// Times that a cache is looked at before its contradiction is believed: the
/// target changes it meanwhile.
const LOOKS: usize = 20;

/// Looks at everything once.
pub(super) fn check(
    memory: &impl ReadMemory,
    places: &Places,
    processors: &Processors,
) -> Result<(), CountersError> {
    empty_span(memory, places)?;
    generation(memory, places)?;
    let mcaches = processors.all.iter().filter_map(|it| it.mcache);
    let mut any = false;
    for at in mcaches {
        any = true;
        let mut looks = (0..LOOKS).map(|_| mcache(memory, places, at));
        looks
            .find(|look| matches!(look, Ok(()) | Err(CountersError::Unreadable { .. })))
            .unwrap_or_else(|| mcache(memory, places, at))?;
    }
    if any {
        Ok(())
    } else {
        Err(CountersError::NotStarted)
    }
}

/// Holds the first two reads against each other, each made on its own.
pub(super) fn check_counts(
    places: &Places,
    first: &Counters,
    second: &Counters,
) -> Result<(), CountersError> {
    let implausible = |found| CountersError::Implausible {
        what: "memstats.heapStats",
        at: places.memstats,
        found,
    };
    let objects = second.mallocs();
    let bytes = second.total_alloc_bytes();
    if objects >= LIMIT || bytes >= LIMIT {
        return Err(implausible(format!(
            "{objects} objects in {bytes} bytes allocated"
        )));
    }
    let (large, large_bytes) = (second.large_objects, second.large_bytes);
    if large > large_bytes / PAGE_BYTES || large_bytes % PAGE_BYTES != 0 {
        return Err(implausible(format!(
            "{large} large objects in {large_bytes} bytes"
        )));
    }
    let pairs = first.small.iter().zip(&second.small);
    if pairs.into_iter().any(|(first, second)| first > second) || first.tiny > second.tiny {
        let objects = first.mallocs();
        return Err(implausible(format!(
            "{objects} objects allocated, and fewer later"
        )));
    }
    Ok(())
}

/// `emptymspan` is zero for good.
fn empty_span(memory: &impl ReadMemory, places: &Places) -> Result<(), CountersError> {
    const WHAT: &str = "emptymspan";
    let window = Mspan::window(&places.layout);
    let bytes = read(memory, places.emptymspan, window.start, window.bytes, WHAT)?;
    if bytes.iter().any(|&byte| byte != 0) {
        return Err(CountersError::Implausible {
            what: WHAT,
            at: places.emptymspan,
            found: "it is not empty".to_owned(),
        });
    }
    Ok(())
}

fn generation(memory: &impl ReadMemory, places: &Places) -> Result<(), CountersError> {
    const WHAT: &str = "memstats.heapStats";
    let window = HeapStats::window(&places.layout);
    let bytes = read(memory, places.memstats, window.start, window.bytes, WHAT)?;
    let at = places.memstats;
    let stats = HeapStats::decode(&bytes, &places.layout)
        .ok_or(CountersError::Unreadable { what: WHAT, at })?;
    let found = if stats.generation as usize >= HEAP_STATS_DELTAS {
        format!("generation {}", stats.generation)
    } else if stats.small.first() != Some(&0) {
        "objects of no size class".to_owned()
    } else {
        return Ok(());
    };
    Err(CountersError::Implausible {
        what: WHAT,
        at,
        found,
    })
}

/// Class 0 is never cached, and every other span is one of its class.
fn mcache(memory: &impl ReadMemory, places: &Places, at: ProcAddr) -> Result<(), CountersError> {
    const WHAT: &str = "mcache";
    let implausible = |found| CountersError::Implausible {
        what: WHAT,
        at,
        found,
    };
    let window = Mcache::window(&places.layout);
    let bytes = read(memory, at, window.start, window.bytes, WHAT)?;
    let mcache = Mcache::new(&bytes, &places.layout);
    let unreadable = CountersError::Unreadable { what: WHAT, at };
    let flush_gen = mcache.flush_gen().ok_or(unreadable)?;
    let mut leaving = 0;
    for span_class in 0..SPAN_CLASSES {
        let unreadable = CountersError::Unreadable { what: WHAT, at };
        let span = ProcAddr(mcache.alloc(span_class).ok_or(unreadable)?);
        if span == places.emptymspan {
            continue;
        }
        if span_class < 2 {
            return Err(implausible(format!(
                "it has {span} for large objects, where emptymspan at {} belongs",
                places.emptymspan
            )));
        }
        let fields = mspan(memory, places, span, span_class).map_err(|error| match error {
            CountersError::Implausible { found, .. } => implausible(format!(
                "its span {span} of span class {span_class} has {found}"
            )),
            other => other,
        })?;
        leaving += u32::from(fields.cached_objects(flush_gen, span_class).is_none());
    }
    // The processor gives back one at a time.
    if leaving > 1 {
        return Err(implausible(format!(
            "{leaving} of its spans are not of its sweep generation, {flush_gen}"
        )));
    }
    Ok(())
}

fn mspan(
    memory: &impl ReadMemory,
    places: &Places,
    at: ProcAddr,
    span_class: usize,
) -> Result<Mspan, CountersError> {
    const WHAT: &str = "mspan";
    let layout = &places.layout;
    let field = |offset: u16| places.offset(at, offset.into(), WHAT);
    let start = read_word(memory, field(layout.mspan_start_addr)?, WHAT)?;
    let elem_bytes = read_word(memory, field(layout.mspan_elemsize)?, WHAT)?;
    let window = Mspan::window(layout);
    let bytes = read(memory, at, window.start, window.bytes, WHAT)?;
    let span = Mspan::decode(&bytes, layout).ok_or(CountersError::Unreadable { what: WHAT, at })?;
    let class_bytes = CLASS_BYTES.get(span_class / 2).copied().map(u64::from);
    let found = if usize::from(span.spanclass) != span_class {
        format!("span class {}", span.spanclass)
    } else if Some(elem_bytes) != class_bytes {
        format!("objects of {elem_bytes} bytes")
    } else if start == 0 || start % PAGE_BYTES != 0 {
        format!("its objects at {start:#x}")
    } else if span.alloc_count < span.alloc_count_before_cache {
        format!(
            "{} objects of once {}",
            span.alloc_count, span.alloc_count_before_cache
        )
    } else {
        return Ok(span);
    };
    Err(CountersError::Implausible {
        what: WHAT,
        at,
        found,
    })
}

fn read(
    memory: &impl ReadMemory,
    start: ProcAddr,
    offset: u16,
    bytes: usize,
    what: &'static str,
) -> Result<Vec<u8>, CountersError> {
    let unreadable = CountersError::Unreadable { what, at: start };
    let start = start.0.checked_add(offset.into()).map(ProcAddr);
    let start = start.ok_or(unreadable.clone())?;
    let mut buffer = vec![0; bytes];
    let range = MemoryRange { start, bytes };
    memory
        .read_ranges(&[range], &mut buffer)
        .ok_or(unreadable)?;
    Ok(buffer)
}
