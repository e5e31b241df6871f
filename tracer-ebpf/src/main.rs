//! The BPF programs: one per shape of probe, each attached to as many
//! functions of the Go runtime as have that shape.
//!
//! A hit walks the goroutine's stack by frame pointers, and adds one to the
//! count of (stack, probe, size, type) in a per-CPU map. Only what is new, or
//! finds no room in the map, goes through the ring buffer.
//!
//! A uprobe program can be preempted by another thread of the same CPU, so
//! nothing here keeps state in per-CPU scratch: a stack is hashed while it is
//! walked, and walked again straight into the ring when it is new; counters
//! move by atomic adds.
//!
//! On the host this is an empty program, so that the whole workspace builds.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![cfg_attr(
    target_arch = "bpf",
    feature(core_intrinsics),
    allow(
        internal_features,
        reason = "the BPF target has no stable atomic add; the intrinsic compiles to one instruction"
    )
)]

#[cfg(target_arch = "bpf")]
mod bpf;

#[cfg(not(target_arch = "bpf"))]
fn main() {}
