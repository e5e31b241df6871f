//! Calls of the runtime one by one, as they happen.
//!
//! Input: the functions that are wanted, and the calls that the programs send. Output:
//! [`Event`]s, and they as lines of text or JSON.
//!
//! - [`Selection`]: which functions carry a probe, and what is to be known of them;
//! - [`Signature`]: the arguments and results of a function, by release;
//! - [`Resolver`]: addresses become names;
//! - [`Follower`]: calls and their returns become events;
//! - [`AllocationTally`]: who allocated between garbage collections.

mod collection;
mod derived;
mod event;
mod follow;
#[cfg(test)]
mod golden;
mod join;
mod json;
mod labels;
mod resolve;
mod results;
mod select;
mod signature;
mod text;

pub use collection::{
    Allocated, AllocationTally, Collected, Collection, CollectionWatch, SiteAllocated,
};
pub use event::{Argument, End, Event, Gap, Label, Outcome, Position, Start, Value};
pub use follow::Follower;
pub use join::{Ending, LONGEST_HELD_NS};
pub use json::{SCHEMA, call_json, collected_json, end_json, gap_json, start_json};
pub use resolve::Resolver;
pub use results::Returned;
pub use select::{ReturnPoint, SelectError, Selection, TracedFunction};
pub use signature::{Facts, Kind, Parameter, Signature, Source};
pub use text::{call_line, collected_line, end_line, gap_line};
