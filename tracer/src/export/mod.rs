//! Flame graphs and other formats made from a profile.
//!
//! Input: a [`Profile`](crate::profile::Profile). Output: folded stacks, an SVG
//! flame graph, a page for a browser, or JSON with every sample. The pprof format is the recording
//! itself ([`crate::profile::pprof`]).

use clap::ValueEnum;

use crate::profile::{Sample, Values};

mod differential;
mod folded;
mod html;
mod json;
mod svg;

pub use differential::to_differential_svg;
pub use folded::to_folded;
pub use html::to_html;
pub use json::{SCHEMA, to_json};
pub use svg::{SvgError, to_svg};

/// What the width of a frame stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Value {
    /// Bytes the program asked for
    #[default]
    Bytes,
    /// Heap objects
    Objects,
    /// Bytes of heap set aside, rounded up to size classes
    HeapBytes,
}

impl Value {
    fn of(self, values: Values) -> u64 {
        match self {
            Self::Bytes => values.bytes,
            Self::Objects => values.objects,
            Self::HeapBytes => values.heap_bytes,
        }
    }

    /// What is counted, as `objects`.
    fn unit(self) -> &'static str {
        match self {
            Self::Bytes | Self::HeapBytes => "bytes",
            Self::Objects => "objects",
        }
    }
}

/// A frame put in front of every call chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Root {
    /// The type of the object
    Type,
    /// Why it was allocated
    Cause,
}

impl Root {
    fn of(self, sample: &Sample) -> &str {
        match self {
            Self::Type => sample.labels.type_name.as_deref().unwrap_or("[no type]"),
            Self::Cause => sample.labels.cause.as_deref().unwrap_or("[no cause]"),
        }
    }
}
