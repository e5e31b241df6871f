//! A [`Profile`](super::Profile) as a pprof file, and back.
//!
//! The recording is an ordinary gzipped pprof profile, which `go tool pprof`,
//! speedscope, Pyroscope and Parca open as it is:
//!
//! | pprof | holds |
//! |---|---|
//! | sample types | `alloc_objects/count`, `alloc_space/bytes` (asked for), `heap_space/bytes` (set aside by the runtime, sums to its `TotalAlloc`), `calls/count` (calls of counted functions) |
//! | labels | strings `type`, `cause`, `call`; numbers `bytes` (size of each object), `element_bytes` (of an element, in arrays), `old_len`, `old_cap`, `new_cap` (elements, of calls by which something grows) and `pid` |
//! | mapping | the executable, with its build id; addresses are those of the ELF file |
//! | comments | target, coverage, losses and warnings in sentences, then the same as `goalloc: {json}` |
//!
//! What pprof has no field for is in the JSON comment, described at [`Meta`].
//! What estimated values are estimated from is in a field of its own
//! ([`proto::Profile::sampling`]), which other tools pass over, and so is what was
//! allocated over time ([`proto::Profile::timeline`]); where one of them changed the
//! samples or left the fields out, the values remain without.
//! A call chain that was lost is a single frame named [`LOST_STACK`], so that
//! viewers show its weight.
//!
//! [`decode()`] also reads heap profiles written by the Go runtime itself, as far
//! as they go, and says so in the profile's warnings.

mod decode;
mod difference;
mod encode;
mod error;
mod ids;
mod limits;
mod meta;
pub mod proto;
mod sampling;
mod split;
mod stored;
mod timeline;

#[cfg(test)]
mod roundtrip;

pub use decode::decode;
pub use difference::encode_difference;
pub use encode::{encode, write};
pub use error::DecodeError;
pub use limits::{MAX_DECODED_BYTES, MAX_MESSAGES};
pub use meta::{Meta, SCHEMA};

/// Name of the frame that stands for a call chain that was lost.
pub const LOST_STACK: &str = "[lost stack]";

/// Names and units of the sample types, in the order of the values.
const SAMPLE_TYPES: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("heap_space", "bytes"),
    ("calls", "count"),
];

/// The sample type viewers show first.
const DEFAULT_SAMPLE_TYPE: &str = "alloc_space";
