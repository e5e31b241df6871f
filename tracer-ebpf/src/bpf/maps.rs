//! The maps, and the one way to add to a counter.

use core::intrinsics::{AtomicOrdering, atomic_xadd};
use core::mem::offset_of;
use core::ptr;

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, LruHashMap, PerCpuArray, PerCpuHashMap, RingBuf};
use tracer_ebpf::wire::{
    AtExit, Config, CountKey, Counters, Gate, MAX_PROBES, ProbeSpec, StackId, counter, gate,
};

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
    mcache_tiny_allocs: 0,
    mcache_alloc: 0,
    mspan_alloc_count: 0,
    mspan_alloc_count_before_cache: 0,
    mspan_nelems: 0,
    g_goid: 0,
    m_curg: 0,
    g_labels: 0,
    g_stack_hi: 0,
    padding: [0; 2],
};

/// Lets a process map the values of an array (`BPF_F_MMAPABLE`, linux 5.5
/// include/uapi/linux/bpf.h:382).
const SHARED: u32 = 1 << 10;

/// What lets hits in. The collector switches all probes of a gate on and off at
/// one instant with it, while attaching and detaching them takes its time.
#[map]
pub static GATES: Array<Gate> = Array::with_max_entries(gate::COUNT, SHARED);

/// What a program must know of its probe, by attach cookie.
#[map]
pub static PROBES: Array<ProbeSpec> = Array::with_max_entries(MAX_PROBES, 0);

/// The counts. The size is set by the collector.
#[map]
pub static COUNTS: PerCpuHashMap<CountKey, u64> = PerCpuHashMap::with_max_entries(1, 0);

/// The counts of probes that are on all the time. Apart from the others, which
/// the collector takes away while these move.
#[map]
pub static KEPT_COUNTS: PerCpuHashMap<CountKey, u64> = PerCpuHashMap::with_max_entries(1, 0);

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

/// What the runtime had counted when it ended the process.
#[map]
pub static AT_EXIT: Array<AtExit> = Array::with_max_entries(1, 0);

/// The configuration of this load.
#[inline(always)]
pub fn config() -> Config {
    // SAFETY: `CONFIG` is a plain static that the loader fills before the
    // program runs; volatile, or the compiler would fold the zeros above in.
    unsafe { ptr::read_volatile(&raw const CONFIG) }
}

/// The gate, if it is open and has neither let in as many hits as it may nor
/// passed its deadline.
#[inline(always)]
pub fn open_gate(number: u8) -> Option<*mut Gate> {
    let gate = GATES.get_ptr_mut(u32::from(number) & (gate::COUNT - 1))?;
    if read(gate, OPEN) == 0 {
        return None;
    }
    let taken = read(gate, TAKEN);
    let deadline_ns = read(gate, DEADLINE_NS);
    if taken < read(gate, LIMIT) {
        if deadline_ns == 0 {
            return Some(gate);
        }
        let held_up_ns = taken.wrapping_mul(read(gate, HOLD_UP_NS));
        let left_ns = deadline_ns.wrapping_add(held_up_ns).wrapping_sub(now_ns());
        if left_ns.cast_signed() > 0 {
            return Some(gate);
        }
    }
    if read(gate, EXHAUSTED_NS) == 0 {
        write(gate, EXHAUSTED_NS, now_ns());
    }
    None
}

#[inline(always)]
fn now_ns() -> u64 {
    // SAFETY: the helper takes nothing and touches no memory of ours.
    unsafe { bpf_ktime_get_ns() }
}

/// Words of a [`Gate`].
const OPEN: usize = offset_of!(Gate, open) / 8;
const LIMIT: usize = offset_of!(Gate, limit) / 8;
const TAKEN: usize = offset_of!(Gate, taken) / 8;
const MOST_FRAMES: usize = offset_of!(Gate, most_frames) / 8;
const DEADLINE_NS: usize = offset_of!(Gate, deadline_ns) / 8;
const HOLD_UP_NS: usize = offset_of!(Gate, hold_up_ns) / 8;
const EXHAUSTED_NS: usize = offset_of!(Gate, exhausted_ns) / 8;

/// A word of a gate, which comes from a map look-up.
#[inline(always)]
fn read(gate: *mut Gate, word: usize) -> u64 {
    // SAFETY: `gate` points at a live map value; the collector writes it
    // concurrently, so the read must not be cached.
    unsafe { ptr::read_volatile(gate.cast::<u64>().wrapping_add(word)) }
}

/// Sets a word of a gate.
#[inline(always)]
fn write(gate: *mut Gate, word: usize, value: u64) {
    // SAFETY: as above; whoever else writes it has the same to say.
    unsafe { ptr::write_volatile(gate.cast::<u64>().wrapping_add(word), value) }
}

/// Frames to walk at most.
#[inline(always)]
pub fn most_frames(gate: *mut Gate) -> u64 {
    read(gate, MOST_FRAMES)
}

/// Counts a hit against the limit of its gate.
#[inline(always)]
pub fn pass(gate: *mut Gate) {
    atomic_add(gate.cast::<u64>().wrapping_add(TAKEN), 1);
}

/// A counter of this CPU.
#[inline(always)]
fn counter(slot: u32) -> Option<*mut u64> {
    let counters = COUNTERS.get_ptr_mut(0)?.cast::<u64>();
    Some(counters.wrapping_add((slot % counter::COUNT) as usize))
}

/// Counts what a hit stands for, and what it asked for.
#[inline(always)]
pub fn add_hit(objects: u32, size_bytes: u64) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        let counters = counters.cast::<u64>();
        atomic_add(
            counters.wrapping_add(counter::HITS as usize),
            u64::from(objects),
        );
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
