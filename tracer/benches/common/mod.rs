//! What the benches share: targets, tracers, and how their figures are taken
//! and shown.

pub mod bpftrace;
pub mod goalloc;
pub mod http;
pub mod markdown;
pub mod options;
pub mod own;
pub mod program;
pub mod report;
pub mod tracing;
pub mod usage;
pub mod workload;

// The fixtures' side of their protocol is that of the tests.
#[path = "../../tests/common/fixture.rs"]
pub mod fixture;
#[path = "../../tests/common/lines.rs"]
pub mod lines;
#[path = "../../tests/common/truth.rs"]
pub mod truth;
