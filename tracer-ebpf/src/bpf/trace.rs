//! Calls one by one: each goes through the ring with its arguments and its stack, and its
//! return with what it returns.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the attribute macro hands the context over by value"
)]

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::{bpf_ktime_get_ns, bpf_probe_read_user};
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use tracer_ebpf::filter::takes;
use tracer_ebpf::wire::{
    Activation, COPIED_WORDS_BYTES, MAX_FRAMES, ReturnRecord, SHORT_STACK_FRAMES,
    TRACED_MEMORY_BYTES, TraceHeader, TraceRecord, copied, counter, flags, kind,
};

use super::maps::{RING, add, add_hit, most_frames};
use super::programs::Hit;
use super::stack::{self, NO_WAKEUP};
use super::target::{activation, goroutine, is_noscan};

/// A call with the innermost frames of its stack.
#[uprobe]
pub fn trace(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        send::<SHORT_STACK_FRAMES>(&hit);
    }
    0
}

/// A call with as many frames as there is room for in any record.
#[uprobe]
pub fn trace_deep(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        send::<MAX_FRAMES>(&hit);
    }
    0
}

/// The return of a call: the probe is on a `ret`, where the stack pointer is again what it
/// was at the probe of the call (go1.24 src/cmd/compile/abi-internal.md).
#[uprobe]
pub fn trace_return(context: ProbeContext) -> u32 {
    add(counter::RETURN_TRAPS, 1);
    let Some(hit) = Hit::new(&context) else {
        return 0;
    };
    add(counter::RETURNS, 1);
    let regs = hit.regs;
    match RING.reserve::<ReturnRecord>(0) {
        Some(mut entry) => {
            entry.write(ReturnRecord {
                kind: kind::RETURN,
                probe: hit.probe,
                // SAFETY: the helper takes nothing and touches no memory of ours.
                time_ns: unsafe { bpf_ktime_get_ns() },
                activation: activation(regs, &hit.config),
                registers: [regs.rax, regs.rbx, regs.rcx],
            });
            entry.submit(NO_WAKEUP);
        }
        None => add(counter::LOST_EVENTS, 1),
    }
    hit.stopwatch.stop();
    0
}

/// Sends a call, if it is one that is wanted.
#[inline(always)]
fn send<const FRAMES: usize>(hit: &Hit<'_>) {
    if hit.spec.is_filtered != 0 {
        let (size_bytes, type_addr) = (hit.regs.rax, hit.regs.rbx);
        if !takes(&hit.spec.filter, size_bytes, is_noscan(type_addr)) {
            return;
        }
    }
    add_hit(1, 0);
    match RING.reserve::<TraceRecord<FRAMES>>(0) {
        Some(mut entry) => {
            fill(hit, entry.as_mut_ptr());
            entry.submit(NO_WAKEUP);
        }
        None => add(counter::LOST_EVENTS, 1),
    }
    hit.stopwatch.stop();
}

/// Writes a record: field by field, for a value of the whole would not fit the stack.
#[inline(always)]
fn fill<const FRAMES: usize>(hit: &Hit<'_>, record: *mut TraceRecord<FRAMES>) {
    // SAFETY: `record` is ring space of exactly this type, not yet submitted.
    let frames = unsafe { &raw mut (*record).frames }.cast::<u64>();
    let stack = stack::copy::<FRAMES>(hit.regs, frames, most_frames(hit.gate));
    // SAFETY: as above.
    let header: &mut TraceHeader = unsafe { &mut (*record).header };
    header.kind = kind::TRACE;
    header.tid = bpf_get_current_pid_tgid() as u32;
    header.probe = hit.probe as u16;
    header.depth = stack.depth;
    // SAFETY: the helper takes nothing and touches no memory of ours.
    header.time_ns = unsafe { bpf_ktime_get_ns() };
    let running = goroutine(hit.regs, &hit.config);
    header.goid = running.goid;
    header.labels = running.labels;
    header.activation = match hit.config.g_stack_hi {
        0 => Activation::default(),
        _ => activation(hit.regs, &hit.config),
    };
    let regs = hit.regs;
    header.registers = [regs.rax, regs.rbx, regs.rcx, regs.rdi, regs.rsi];
    let is_copied = copy_memory(hit, header.memory.as_mut_ptr());
    header.flags = stack.flags | if is_copied { 0 } else { flags::NOT_COPIED };
}

/// Copies what the probe asks for to `memory`, which has room for
/// [`TRACED_MEMORY_BYTES`]. `false` if it cannot be read.
#[inline(always)]
fn copy_memory(hit: &Hit<'_>, memory: *mut u8) -> bool {
    let regs = hit.regs;
    match hit.spec.copied {
        copied::STRING if regs.rdi >= TRACED_MEMORY_BYTES as u64 => {
            copy(memory, TRACED_MEMORY_BYTES as u32, regs.rcx)
        }
        copied::STRING => {
            // The mask tells the verifier what was just made sure of.
            let bytes = regs.rdi as u32 & (TRACED_MEMORY_BYTES as u32 - 1);
            copy(memory, bytes, regs.rcx)
        }
        copied::AT_AX => copy(memory, COPIED_WORDS_BYTES as u32, regs.rax),
        copied::AT_BX => copy(memory, COPIED_WORDS_BYTES as u32, regs.rbx),
        _ => true,
    }
}

#[inline(always)]
fn copy(memory: *mut u8, bytes: u32, address: u64) -> bool {
    // SAFETY: `memory` has room for as many bytes; the helper checks the address itself.
    unsafe { bpf_probe_read_user(memory.cast(), bytes, address as *const _) == 0 }
}
