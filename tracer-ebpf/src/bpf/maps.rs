//! The maps, and the one way to add to a counter.

use core::intrinsics::{AtomicOrdering, atomic_xadd};
use core::ptr;

use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, LruHashMap, PerCpuArray, PerCpuHashMap, RingBuf};
use tracer_ebpf::wire::{Config, CountKey, Counters, MAX_PROBES, ProbeSpec, StackId, counter};

/// Set by the collector before the programs are loaded; the verifier sees
/// constants and drops the branches that do not apply.
#[unsafe(no_mangle)]
static CONFIG: Config = Config {
    types_start: 0,
    types_end: 0,
    pid: 0,
    g_m: 0,
    m_p: 0,
    p_mcache: 0,
    mcache_tinyoffset: 0,
    padding: [0; 4],
};

/// One when hits count. The collector switches all probes on and off at one
/// instant with it, while attaching and detaching them takes its time.
#[map]
pub static ENABLED: Array<u32> = Array::with_max_entries(1, 0);

/// What a program must know of its probe, by attach cookie.
#[map]
pub static PROBES: Array<ProbeSpec> = Array::with_max_entries(MAX_PROBES, 0);

/// The counts. The size is set by the collector.
#[map]
pub static COUNTS: PerCpuHashMap<CountKey, u64> = PerCpuHashMap::with_max_entries(1, 0);

/// Stacks that went through the ring already. Least recently used ones are
/// forgotten first, and are then sent again.
#[map]
pub static STACKS: LruHashMap<StackId, u32> = LruHashMap::with_max_entries(1, 0);

/// Records for the collector. The size is set by the collector.
#[map]
pub static RING: RingBuf = RingBuf::with_byte_size(4096, 0);

/// What happened to the events, per CPU.
#[map]
pub static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);

/// The configuration of this load.
#[inline(always)]
pub fn config() -> Config {
    // SAFETY: `CONFIG` is a plain static that the loader fills before the
    // program runs; volatile, or the compiler would fold the zeros above in.
    unsafe { ptr::read_volatile(&raw const CONFIG) }
}

/// Whether hits count right now.
#[inline(always)]
pub fn enabled() -> bool {
    let Some(on) = ENABLED.get_ptr(0) else {
        return false;
    };
    // SAFETY: `on` points at a live map value; the collector writes it
    // concurrently, so the read must not be cached.
    unsafe { ptr::read_volatile(on) != 0 }
}

/// A counter of this CPU.
#[inline(always)]
fn counter(slot: u32) -> Option<*mut u64> {
    let counters = COUNTERS.get_ptr_mut(0)?.cast::<u64>();
    Some(counters.wrapping_add((slot % counter::COUNT) as usize))
}

/// Counts a hit and what it asked for.
#[inline(always)]
pub fn add_hit(size_bytes: u64) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        let counters = counters.cast::<u64>();
        atomic_add(counters.wrapping_add(counter::HITS as usize), 1);
        atomic_add(counters.wrapping_add(counter::BYTES as usize), size_bytes);
    }
}

/// Adds to a counter of this CPU, even when another thread preempts this one
/// in between.
#[inline(always)]
pub fn add(slot: u32, by: u64) {
    if let Some(value) = counter(slot) {
        atomic_add(value, by);
    }
}

/// Adds one to a counter of this CPU. `true` the first time, give or take
/// another thread that comes in between.
#[inline(always)]
pub fn add_first(slot: u32) -> bool {
    let Some(value) = counter(slot) else {
        return false;
    };
    // SAFETY: `value` points at a live, aligned map value.
    let first = unsafe { ptr::read_volatile(value) } == 0;
    atomic_add(value, 1);
    first
}

/// `*value += by` in one instruction. `value` comes from a map look-up.
#[inline(always)]
pub fn atomic_add(value: *mut u64, by: u64) {
    // SAFETY: `value` points at a live, aligned map value, as the verifier
    // checks for every path that leads here.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(value, by);
    }
}
