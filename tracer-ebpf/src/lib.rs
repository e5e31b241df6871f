//! What the BPF programs and the collector agree on: the types that cross the
//! boundary, and nothing else.
//!
//! Everything here is `repr(C)` with its padding written out, so that both
//! sides see the same bytes. The BPF programs themselves are in the `probes`
//! binary of this package; on the host it is an empty program.
#![no_std]

pub mod filter;
pub mod wire;
