//! Reads of the target's memory: the fields of the Go runtime that a probe
//! needs.

use aya_ebpf::bindings::pt_regs;
use aya_ebpf::helpers::bpf_probe_read_user;
use tracer_ebpf::wire::{Activation, Config, LeafFilter, general_leaf};

/// One word of the target's memory; `None` if it is not there.
#[inline(always)]
pub fn read_u64(address: u64) -> Option<u64> {
    // SAFETY: the helper checks the address itself and fails on a bad one.
    unsafe { bpf_probe_read_user(address as *const u64) }.ok()
}

/// Two words that follow each other.
#[inline(always)]
pub fn read_pair(address: u64) -> Option<[u64; 2]> {
    // SAFETY: as in `read_u64`.
    unsafe { bpf_probe_read_user(address as *const [u64; 2]) }.ok()
}

/// Whether a type holds no pointers: `abi.Type.PtrBytes`, the second word, is
/// zero (go1.24 src/internal/abi/type.go:21). No type means no pointers.
#[inline(always)]
pub fn is_noscan(type_addr: u64) -> bool {
    type_addr == 0 || matches!(read_u64(type_addr.wrapping_add(8)), Some(0))
}

/// The goroutine's `m`. R14 holds the current `g` at every entry of the
/// internal ABI (go1.24 src/cmd/compile/abi-internal.md).
#[inline(always)]
fn current_m(regs: &pt_regs, config: &Config) -> Option<u64> {
    read_u64(regs.r14.wrapping_add(u64::from(config.g_m)))
}

/// A goroutine.
#[derive(Clone, Copy)]
pub struct Goroutine {
    /// Its number, 0 where there is none.
    pub goid: u64,
    /// Address of its profiler labels, 0 where there are none.
    pub labels: u64,
}

/// The goroutine that is running. On the system stack `g` is `m.g0`, which has no number
/// (go1.24 src/runtime/proc.go:5178 gives them to goroutines alone), and the goroutine is
/// `m.curg`.
#[inline(always)]
pub fn goroutine(regs: &pt_regs, config: &Config) -> Goroutine {
    let mut running = Goroutine { goid: 0, labels: 0 };
    if config.g_goid == 0 {
        return running;
    }
    let field = |g: u64, offset: u16| read_u64(g.wrapping_add(u64::from(offset))).unwrap_or(0);
    let mut g = regs.r14;
    running.goid = field(g, config.g_goid);
    if running.goid == 0 {
        let curg = current_m(regs, config)
            .and_then(|m| read_u64(m.wrapping_add(u64::from(config.m_curg))));
        g = curg.unwrap_or(0);
        if g == 0 {
            return running;
        }
        running.goid = field(g, config.g_goid);
    }
    if config.g_labels != 0 {
        running.labels = field(g, config.g_labels);
    }
    running
}

/// What the call and its return have in common. R14 holds `g` at both.
#[inline(always)]
pub fn activation(regs: &pt_regs, config: &Config) -> Activation {
    let stack_hi = read_u64(regs.r14.wrapping_add(u64::from(config.g_stack_hi))).unwrap_or(0);
    Activation {
        g: regs.r14,
        depth_bytes: stack_hi.wrapping_sub(regs.rsp),
    }
}

/// Whether a tiny object of `size_bytes` will open a new 16-byte block: it
/// does not fit what is left of the block of its P
/// (go1.24 src/runtime/malloc.go:1156). A zero offset is an absent block,
/// because an object in use moves it.
#[inline(always)]
pub fn opens_tiny_block(regs: &pt_regs, config: &Config, size_bytes: u64) -> bool {
    let Some(offset) = tiny_offset(regs, config) else {
        return true;
    };
    let align = if size_bytes & 7 == 0 {
        8
    } else if size_bytes & 3 == 0 {
        4
    } else if size_bytes & 1 == 0 {
        2
    } else {
        1
    };
    let start = (offset + align - 1) & !(align - 1);
    offset == 0 || start + size_bytes > 16
}

#[inline(always)]
fn tiny_offset(regs: &pt_regs, config: &Config) -> Option<u64> {
    let m = current_m(regs, config)?;
    let p = read_u64(m.wrapping_add(u64::from(config.m_p)))?;
    let mcache = read_u64(p.wrapping_add(u64::from(config.p_mcache)))?;
    // A block has 16 bytes; masked so that garbage cannot overflow above.
    Some(read_u64(mcache.wrapping_add(u64::from(config.mcache_tinyoffset)))? & 0xff)
}

/// `tinySpanClass`: spans of 16-byte slots without pointers, which tiny objects
/// share (go1.24 src/runtime/malloc.go:128, src/runtime/mheap.go:617).
const TINY_SPAN_CLASS: u64 = 5;

/// Objects allocated of the span that a P holds for `span_class` since it took
/// it, the way the runtime adds them to its own counters when it gives it back
/// (go1.24 src/runtime/mcache.go:147, `(*mcache).refill`). `None` when there are
/// none, or when the probed function will keep the span.
#[inline(always)]
pub fn used_up_span(
    config: &Config,
    filter: &LeafFilter,
    mcache: u64,
    span_class: u64,
) -> Option<u32> {
    let slot = u64::from(config.mcache_alloc).wrapping_add(span_class.wrapping_mul(8));
    let span = read_u64(mcache.wrapping_add(slot))?;
    let field = |offset: u16| read_u16(span.wrapping_add(u64::from(offset)));
    let allocated = field(config.mspan_alloc_count)?;
    if filter.general & general_leaf::USED_UP_SPAN != 0 && field(config.mspan_nelems)? != allocated
    {
        return None;
    }
    let before = field(config.mspan_alloc_count_before_cache)?;
    let mut objects = u32::from(allocated.saturating_sub(before));
    if span_class == TINY_SPAN_CLASS {
        let tiny = read_u64(mcache.wrapping_add(u64::from(config.mcache_tiny_allocs)))?;
        objects = objects.wrapping_add(tiny as u32);
    }
    (objects > 0).then_some(objects)
}

/// A half-word of the target's memory.
#[inline(always)]
fn read_u16(address: u64) -> Option<u16> {
    // SAFETY: as in `read_u64`.
    unsafe { bpf_probe_read_user(address as *const u16) }.ok()
}
