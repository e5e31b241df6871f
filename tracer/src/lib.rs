//! goalloc's library: everything between a running Go process and a profile
//! of its heap allocations.
//!
//! Data flows one way through these modules, each with its own input and
//! output type, and none imports a later one:
//!
//! `target -> golang -> plan -> attach -> collect / counters -> symbolize -> profile -> view -> report / export`

pub mod addr;
pub mod advise;
pub mod attach;
pub mod budget;
pub mod cause;
pub mod check;
pub mod collect;
pub mod counters;
pub mod diff;
pub mod doctor;
pub mod estimate;
pub mod explain;
pub mod export;
pub mod gc;
pub mod golang;
pub mod heap_profile;
pub mod output;
pub mod plan;
pub mod profile;
pub mod report;
pub mod session;
pub mod symbolize;
pub mod target;
pub mod top;
pub mod trace;
pub mod verify;
pub mod view;
