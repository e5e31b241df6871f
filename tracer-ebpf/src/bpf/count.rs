//! Counting one event: in the map where it has a place, through the ring
//! where it has none, as a loss where the ring is full too.

use aya_ebpf::bindings::pt_regs;
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::maps::PerCpuHashMap;
use aya_ebpf::programs::ProbeContext;
use aya_log_ebpf::{info, warn};
use tracer_ebpf::wire::{
    Config, CountKey, EventRecord, Gate, StackId, TypeRecord, counter, flags, kind,
};

use super::maps::{
    COUNTS, KEPT_COUNTS, RING, STACKS, add, add_first, add_hit, atomic_add, most_frames,
};
use super::stack::{self, NO_WAKEUP, Stack};
use super::stopwatch::Stopwatch;

/// Fail if the key exists (`BPF_NOEXIST`).
const NO_EXIST: u64 = 1;
/// Create or overwrite (`BPF_ANY`).
const ANY: u64 = 0;

/// What a program found out about its hit.
pub struct Event {
    /// Attach cookie of the probe.
    pub probe: u32,
    /// Bytes asked for, 0 for a counted call.
    pub size_bytes: u64,
    /// The type descriptor, or 0.
    pub type_addr: u64,
    /// Bits of [`flags`] about the object.
    pub flags: u16,
    /// How many objects or calls it stands for.
    pub objects: u32,
    /// Whether its probe is on all the time.
    pub always: bool,
    /// What let the hit in.
    pub gate: *mut Gate,
    /// Since when it is dealt with.
    pub stopwatch: Stopwatch,
}

type Counts = PerCpuHashMap<CountKey, u64>;

/// The process that was hit: the one that is traced, or the one that runs.
#[inline(always)]
pub fn pid(config: &Config) -> u32 {
    if config.pid == 0 {
        (bpf_get_current_pid_tgid() >> 32) as u32
    } else {
        config.pid
    }
}

/// Counts `event` under the call stack it happened on.
#[inline(always)]
pub fn count(context: &ProbeContext, config: &Config, stack: &Stack, event: &Event) {
    count_untimed(context, config, stack, event);
    event.stopwatch.stop();
}

#[inline(always)]
fn count_untimed(context: &ProbeContext, config: &Config, stack: &Stack, event: &Event) {
    // SAFETY: the context of a uprobe program is the registers.
    let regs = unsafe { &*context.regs };
    let objects = event.objects;
    let counts = if event.always { &KEPT_COUNTS } else { &COUNTS };
    let asked_bytes = match event.flags & (flags::SPAN | flags::GROWTH) {
        0 => event.size_bytes,
        _ => 0,
    };
    add_hit(objects, asked_bytes);
    let mut key = CountKey {
        stack: stack.id,
        type_addr: event.type_addr,
        size_bytes: event.size_bytes,
        pid: pid(config),
        probe: event.probe as u16,
        flags: event.flags | stack.flags,
    };
    if bump(counts, &key, objects) {
        return;
    }
    if !announce_stack(regs, stack, &key, event.gate) {
        add(counter::LOST_STACKS, 1);
        key.stack = StackId::default();
        key.flags |= flags::STACK_LOST;
        if bump(counts, &key, objects) {
            return;
        }
    }
    announce_type(config, &key);
    insert(context, counts, &key, objects);
}

/// Adds to a count that exists.
#[inline(always)]
fn bump(counts: &Counts, key: &CountKey, objects: u32) -> bool {
    match counts.get_ptr_mut(key) {
        Some(count) => {
            atomic_add(count, u64::from(objects));
            true
        }
        None => false,
    }
}

/// Starts a count, or streams the event when the map has no room.
#[inline(always)]
fn insert(context: &ProbeContext, counts: &Counts, key: &CountKey, objects: u32) {
    if counts.insert(key, u64::from(objects), NO_EXIST).is_ok() {
        return;
    }
    // Another thread may have put it there since `bump` missed.
    if bump(counts, key, objects) {
        return;
    }
    let Some(mut entry) = RING.reserve::<EventRecord>(0) else {
        if add_first(counter::LOST_EVENTS) {
            warn!(context, "the ring is full: events are lost");
        }
        return;
    };
    entry.write(EventRecord {
        kind: kind::EVENT,
        objects,
        key: *key,
    });
    entry.submit(NO_WAKEUP);
    if add_first(counter::STREAMED) {
        info!(
            context,
            "the map of counts is full: new events are streamed"
        );
    }
}

/// Sends the frames of a stack the collector has not seen. `false` if they
/// found no room.
#[inline(always)]
fn announce_stack(regs: &pt_regs, stack: &Stack, key: &CountKey, gate: *mut Gate) -> bool {
    if STACKS.get_ptr(stack.id).is_some() {
        return true;
    }
    // Asked for anew: to carry the number over from the first walk would make the
    // verifier follow the second once for every way out of the first.
    let sent = stack::send(regs, key, most_frames(gate));
    if sent {
        // Without room the stack is merely sent once more.
        let _ = STACKS.insert(stack.id, 1, ANY);
    }
    sent
}

/// Tells the collector of a type it cannot find in the executable, while the
/// process that made it is alive.
#[inline(always)]
fn announce_type(config: &Config, key: &CountKey) {
    if key.type_addr == 0 || config.types_end == 0 {
        return;
    }
    if key.type_addr >= config.types_start && key.type_addr < config.types_end {
        return;
    }
    if let Some(mut entry) = RING.reserve::<TypeRecord>(0) {
        entry.write(TypeRecord {
            kind: kind::TYPE,
            pid: key.pid,
            type_addr: key.type_addr,
        });
        entry.submit(NO_WAKEUP);
    }
}
