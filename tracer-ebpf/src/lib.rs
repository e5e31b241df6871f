//! What the BPF programs and the collector agree on: the types that cross the
//! boundary, and nothing else.
//!
//! Everything here is `repr(C)` with its padding written out, so that both
//! sides see the same bytes. The BPF programs themselves are in the `probes`
//! binary of this package; on the host it is an empty program.
#![no_std]

pub mod filter;
pub mod growth;
pub mod wire;

#[cfg(feature = "user")]
mod pod {
    use crate::wire::{AtExit, Config, CountKey, Gate, ProbeSpec, StackId};

    // SAFETY: these are `repr(C)` structs of plain integers whose padding is
    // written out, so every bit pattern is a value and no byte is undefined.
    unsafe impl aya::Pod for AtExit {}
    // SAFETY: as above.
    unsafe impl aya::Pod for Config {}
    // SAFETY: as above.
    unsafe impl aya::Pod for CountKey {}
    // SAFETY: as above.
    unsafe impl aya::Pod for Gate {}
    // SAFETY: as above.
    unsafe impl aya::Pod for ProbeSpec {}
    // SAFETY: as above.
    unsafe impl aya::Pod for StackId {}
}
