//! From kernel maps and ring records to raw counts.
//!
//! Input: the loaded maps. Output: a [`RawRecording`], in which nothing is
//! resolved yet: symbols, types and causes come later, off the drain path.

mod decode;
mod drain;
mod raw;

pub use decode::{DecodeError, Record, Stack};
pub use drain::{Collector, Error, Totals};
pub use raw::{RawRecording, RuntimeTypeBytes};
