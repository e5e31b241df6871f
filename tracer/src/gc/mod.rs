//! Which call sites bring garbage collections on.
//!
//! A collection begins when the heap has grown by so much since the last one. So what
//! was allocated between the ends of two collections brought the second one on, each
//! site with its share of those bytes; what is allocated while the collector runs
//! counts for the collection that runs. A site's share of the collections is the mean
//! of its shares: one that allocates while the heap is small brings on more of them
//! than its bytes tell.
//!
//! Input: what was counted in each cycle, by site, and what the runtime's counters say
//! of it. Output: [`Cycles`]: [`Cycle`]s and [`SiteShare`]s. Collections that the
//! program calls for are no site's doing.

mod cycle;
mod json;
mod shares;
mod table;

#[cfg(test)]
mod golden;

pub use cycle::{Cycle, SiteBytes};
pub use json::{SCHEMA, to_json};
pub use shares::{Cycles, SiteShare};
pub use table::to_table;
