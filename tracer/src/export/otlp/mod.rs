//! OpenTelemetry profiles: a `ProfilesData` message of OTLP, as protobuf or JSON.
//!
//! The messages are those of opentelemetry-proto [`PROTO_VERSION`], package
//! `opentelemetry.proto.profiles.v1development`, which is not stable yet: a receiver has
//! to be of that version.
//!
//! | OTLP | holds |
//! |---|---|
//! | profiles | one for each value, its sample type as in the pprof file: `alloc_space/bytes`, `alloc_objects/count`, `heap_space/bytes`, `calls/count`; samples of 0 are left out |
//! | resource | `service.name`, `process.executable.path`, `process.command_args`, `process.pid` of one process, `process.runtime.name` and `.version` |
//! | scope | `goalloc`; how much was seen and what was lost are its attributes `goalloc.coverage`, `goalloc.lost`, `goalloc.shown`, `goalloc.warnings` |
//! | sample attributes | `goalloc.type`, `goalloc.cause`, `goalloc.call`, `goalloc.object.size` and `goalloc.element.size` in bytes, `process.pid` of several processes |
//! | mapping | the executable; addresses are those of the ELF file |

mod dictionary;
mod json;
mod protobuf;
mod resource;

pub(super) use json::write as write_json;
pub(super) use protobuf::write as write_protobuf;

use crate::profile::{Profile, Values};

/// Version of the schema: the tag of github.com/open-telemetry/opentelemetry-proto.
pub const PROTO_VERSION: &str = "v1.10.0";

/// Name of the instrumentation scope.
const SCOPE: &str = "goalloc";

/// A value of samples: name, unit, and how to get it.
type SampleType = (&'static str, &'static str, fn(Values) -> u64);

/// What there is a profile of, the most asked for first.
const SAMPLE_TYPES: [SampleType; 4] = [
    ("alloc_space", "bytes", |values| values.bytes),
    ("alloc_objects", "count", |values| values.objects),
    ("heap_space", "bytes", |values| values.heap_bytes),
    ("calls", "count", |values| values.calls),
];

fn start_unix_ns(profile: &Profile) -> u64 {
    u64::try_from(profile.start_unix_ns).unwrap_or(0)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An index into a table. Tables have fewer entries than there are samples and frames,
/// of which there are fewer than 2^31.
fn index(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
