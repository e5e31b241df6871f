//! The target's end: the last moment at which the runtime's counters can be read.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the attribute macro hands the context over by value"
)]

use core::ffi::c_void;
use core::mem::offset_of;

use aya_ebpf::helpers::bpf_get_attach_cookie;
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use tracer_ebpf::wire::{AtExit, MAX_HEAP_STATS_BYTES, ProbeSpec};

use super::maps::{AT_EXIT, PROBES};

/// No arguments that matter: the runtime is about to end the process. Copies what it
/// has counted.
#[uprobe]
pub fn exit(context: ProbeContext) -> u32 {
    // SAFETY: the helper takes the program's own context.
    let cookie = unsafe { bpf_get_attach_cookie(context.regs.cast()) };
    if let (Some(spec), Some(copy)) = (PROBES.get(cookie as u32), AT_EXIT.get_ptr_mut(0)) {
        // SAFETY: the context of a uprobe program is the registers.
        let rip = unsafe { (*context.regs).rip };
        take(copy, spec, rip);
    }
    0
}

/// A process may outlive what is to end it, when that is a signal: then what comes later
/// counts.
#[inline(always)]
fn take(copy: *mut AtExit, spec: &ProbeSpec, rip: u64) {
    let bytes = u32::from(spec.heap_stats_bytes);
    let generation_bytes = size_of::<u32>() as u32;
    if bytes > MAX_HEAP_STATS_BYTES as u32 || bytes < generation_bytes {
        return;
    }
    let at = rip.wrapping_add(spec.heap_stats);
    let generation_at = at.wrapping_add(u64::from(bytes - generation_bytes));
    let field = |offset: usize| copy.cast::<u8>().wrapping_add(offset);
    let is_whole = field(offset_of!(AtExit, is_whole)).cast::<u32>();
    let generation = field(offset_of!(AtExit, generation));
    let heap_stats = field(offset_of!(AtExit, heap_stats));
    // SAFETY: `copy` points at a live, aligned map value.
    unsafe { is_whole.write_volatile(0) };
    let was_read = read(generation, generation_bytes, generation_at) && read(heap_stats, bytes, at);
    // SAFETY: as above.
    unsafe { is_whole.write_volatile(u32::from(was_read)) };
}

/// Copies from the target's memory into a map value that has room for it, as the
/// verifier checks.
#[inline(always)]
fn read(to: *mut u8, bytes: u32, from: u64) -> bool {
    // SAFETY: the helper checks the address it reads from, and the verifier the rest.
    let result = unsafe { bpf_probe_read_user(to.cast::<c_void>(), bytes, from as *const c_void) };
    result == 0
}
