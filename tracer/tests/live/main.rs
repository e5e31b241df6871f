//! Tests on live Go processes: what goalloc records against what the programs
//! know of themselves.
//!
//! They need root, an eBPF-capable kernel and the Go toolchains that `cargo
//! xtask setup --go` fetches. Without them they skip and say so, unless
//! `GOALLOC_REQUIRE_LIVE=1` makes them fail.

#[path = "../common/mod.rs"]
mod common;

mod advise;
mod causes;
mod check;
mod compare;
mod counters;
mod diff;
mod ends;
mod exact;
mod explain;
mod gc;
mod growth;
mod load;
mod losses;
mod outputs;
mod pgo;
mod selfcheck;
mod sites;
mod standard;
mod targets;
mod timeline;
mod top;
mod trace;
mod trace_gc;
mod trace_labels;
mod trace_returns;
mod variants;
mod verify;
mod windows;
