//! The walk over the stack, by frame pointers.
//!
//! Every probe sits before its function's frame is made, so `[rsp]` is the
//! return address and RBP the caller's frame, in which `[rbp]` is the next
//! frame and `[rbp + 8]` the return address out of it. The runtime always
//! keeps frame pointers on amd64 (go1.19 src/internal/buildcfg/cfg.go:27).
//!
//! The walk believes every link it can read: from the system stack the chain
//! leads on to the goroutine, whose stack may be above or below. What lies
//! past the root of a stack is left for the symbolizer to cut, which knows
//! the functions; the depth bounds the walk in any case.

use aya_ebpf::bindings::pt_regs;
use tracer_ebpf::wire::{CountKey, MAX_FRAMES, StackHeader, StackId, StackRecord, flags, kind};

use super::maps::RING;
use super::target::read_pair;
use super::window::Window;

/// A walked stack.
pub struct Stack {
    /// Its identity.
    pub id: StackId,
    /// Frames seen.
    pub depth: u32,
    /// Bits of [`flags`] that tell how the walk went.
    pub flags: u16,
}

/// Tells the collector not to be woken: it drains on a timer, and a wake-up
/// costs more than everything else here together.
pub const NO_WAKEUP: u64 = 1;

/// Walks the stack of a hit, up to `MOST` frames; `each` sees the index and address of
/// every frame.
#[inline(always)]
fn walk<const MOST: usize>(
    regs: &pt_regs,
    mut read: impl FnMut(u64) -> Option<[u64; 2]>,
    pid: u32,
    limit: u64,
    mut each: impl FnMut(usize, u64),
) -> Stack {
    let mut stack = Stack {
        id: StackId {
            lo: 0x243f_6a88_85a3_08d3 ^ u64::from(pid),
            hi: 0x1319_8a2e_0370_7344 ^ u64::from(pid),
        },
        depth: 0,
        flags: 0,
    };
    let Some([caller, _]) = read(regs.rsp) else {
        stack.flags = flags::CUT_AT_READ;
        return stack;
    };
    mix(&mut stack.id, caller);
    each(0, caller);
    stack.depth = 1;

    let mut frame = regs.rbp;
    for index in 1..MOST {
        if frame == 0 {
            return stack;
        }
        if index as u64 >= limit {
            break;
        }
        let Some([next, pc]) = read(frame) else {
            stack.flags |= flags::CUT_AT_READ;
            return stack;
        };
        if pc == 0 {
            return stack;
        }
        mix(&mut stack.id, pc);
        each(index, pc);
        stack.depth += 1;
        frame = next;
    }
    if frame != 0 {
        stack.flags |= flags::CUT_AT_DEPTH;
    }
    stack
}

/// Mixes one address into both lanes. For a given address each step is a
/// bijection, so stacks that differ in one frame cannot meet in that frame.
#[inline(always)]
fn mix(id: &mut StackId, pc: u64) {
    id.lo = (id.lo ^ pc).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    id.lo ^= id.lo >> 32;
    id.hi = (id.hi ^ (pc << 1)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    id.hi ^= id.hi >> 29;
}

/// The identity of the stack of a hit.
#[inline(always)]
pub fn identify(regs: &pt_regs, pid: u32, limit: u64) -> Stack {
    let mut window = Window::new(regs.rsp);
    walk::<MAX_FRAMES>(regs, |frame| window.read(frame), pid, limit, |_, _| {})
}

/// Writes the frames of a stack to `frames`, which has room for `MOST`.
#[inline(always)]
pub fn copy<const MOST: usize>(regs: &pt_regs, frames: *mut u64, limit: u64) -> Stack {
    let mut window = Window::new(regs.rsp);
    let read = |frame| window.read(frame);
    walk::<MOST>(regs, read, 0, limit, |index, pc| {
        // SAFETY: the walk calls with indices below its limit, for which there is room.
        unsafe { frames.wrapping_add(index).write(pc) };
    })
}

/// Walks the stack again, this time into the ring. `false` if the ring is full.
/// Frame by frame: this is rare, and half the work for the verifier.
#[inline(always)]
pub fn send(regs: &pt_regs, key: &CountKey, limit: u64) -> bool {
    let Some(mut entry) = RING.reserve::<StackRecord>(0) else {
        return false;
    };
    let record = entry.as_mut_ptr();
    // SAFETY: `record` is the ring space just reserved, of exactly this type.
    let frames = unsafe { &raw mut (*record).frames }.cast::<u64>();
    let stack = walk::<MAX_FRAMES>(regs, read_pair, key.pid, limit, |index, pc| {
        // SAFETY: the walk calls with indices below its limit, which is MAX_FRAMES.
        unsafe { frames.wrapping_add(index).write(pc) };
    });
    // Field by field: a value of the whole record would not fit the stack.
    // SAFETY: `record` is ring space of exactly this type, not yet submitted.
    let header = unsafe { &mut *record.cast::<StackHeader>() };
    *header = StackHeader {
        kind: kind::STACK,
        depth: stack.depth,
        id: key.stack,
        probe_ip: regs.rip,
        pid: key.pid,
        probe: u32::from(key.probe),
    };
    entry.submit(NO_WAKEUP);
    true
}
