//! The program for functions by which slices and maps grow: each call counts as a step, by
//! how far it goes.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the attribute macro hands the context over by value"
)]

use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use tracer_ebpf::growth::Step;
use tracer_ebpf::wire::{flags, grower};

use super::maps::add_hit;
use super::programs::Hit;
use super::target::{read_pair, read_u64};

/// Slots of a bucket and of a group (go1.23 src/internal/abi/map.go:12, go1.24
/// src/internal/abi/map_swiss.go:17).
const UNIT_SLOTS: u64 = 8;

/// A call of a function that [`grower`] knows.
#[uprobe]
pub fn growth(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        // First, so that the verifier follows the walk once and not for every function.
        let stack = hit.stack();
        match step(&hit) {
            Some((type_addr, step)) => {
                hit.count(&stack, step.pack(), type_addr, flags::GROWTH, 1);
            }
            // A hit that is in no count is reported as lost.
            None => add_hit(1, 0),
        }
    }
    0
}

/// The type of what grows, and how far; `None` where the target's memory cannot be read.
#[inline(always)]
fn step(hit: &Hit<'_>) -> Option<(u64, Step)> {
    let regs = hit.regs;
    Some(match hit.spec.grower {
        grower::SLICE => {
            let old_len = regs.rbx.wrapping_sub(regs.rdi);
            (regs.rsi, Step::of_slice(old_len, regs.rcx, regs.rbx))
        }
        grower::SLICE_BY_PARTS => (regs.rax, Step::of_slice(regs.rcx, regs.rdi, regs.rsi)),
        grower::BUFFER => {
            let new_len = regs.rbx.wrapping_add(regs.rdi);
            (0, of_buffer(regs.rbx, regs.rcx, new_len))
        }
        grower::BUCKETS => (regs.rax, of_buckets(regs.rbx)?),
        grower::FIRST_GROUP => (regs.rbx, between(0, 0, UNIT_SLOTS)),
        grower::FIRST_TABLE => {
            let entries = read_u64(regs.rax)?;
            (regs.rbx, between(entries, UNIT_SLOTS, 2 * UNIT_SLOTS))
        }
        _ => {
            // `table.used` and `table.capacity`, 16 bits each (go1.24
            // src/internal/runtime/maps/table.go:23). A table that is full doubles, or
            // becomes two of its size (:1009).
            let word = read_u64(regs.rax)?;
            let slots = (word >> 16) & 0xffff;
            (regs.rbx, between(word & 0xffff, slots, 2 * slots))
        }
    })
}

#[inline(always)]
fn between(old_len: u64, old_cap: u64, new_len: u64) -> Step {
    Step {
        old_len,
        old_cap,
        new_len,
    }
}

/// A buffer is doubled at least (go1.27 src/bytes/buffer.go:261): what needs less is one step.
#[inline(always)]
fn of_buffer(len: u64, cap: u64, needed: u64) -> Step {
    let doubled = cap.wrapping_mul(2);
    between(len, cap, if needed < doubled { doubled } else { needed })
}

/// An old map doubles its buckets, or takes as many again if it has merely too many that
/// overflow: `hmap.count`, `hmap.B` (go1.23 src/runtime/map.go:118); `hashGrow`,
/// `overLoadFactor` (:1139, :1183).
#[inline(always)]
fn of_buckets(hmap: u64) -> Option<Step> {
    let [entries, word] = read_pair(hmap)?;
    let buckets = 1_u64 << ((word >> 8) & 31);
    let needed = entries.wrapping_add(1);
    let is_overloaded = needed > UNIT_SLOTS && needed > (buckets >> 1) * 13;
    let slots = UNIT_SLOTS * buckets;
    Some(between(
        entries,
        slots,
        if is_overloaded { 2 * slots } else { slots },
    ))
}
