//! Flame graphs and other formats made from a profile.
//!
//! Input: a [`Profile`], and an [`Export`] that says what to make of it. Output: bytes,
//! written as they are made: recordings may have a million samples. The same profile
//! gives the same bytes.
//!
//! Every format but [`pprof`] has a module of its own, which says what it holds.

use std::io::{self, Write};

use clap::ValueEnum;

use crate::profile::{Profile, Sample, Values, pprof};
use crate::report::{NO_CAUSE, NO_TYPE};

mod call_graph;
mod chains;
mod csv;
mod differential;
mod dot;
mod folded;
pub(crate) mod html;
mod json;
mod otlp;
mod seq;
mod speedscope;
mod svg;
mod table;

pub use differential::to_differential_svg;
pub use dot::{MIN_EDGE_SHARE, MIN_NODE_SHARE};
pub use json::SCHEMA;
pub use otlp::PROTO_VERSION;
pub use svg::SvgError;

/// What to make of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// The format.
    pub format: Format,
    /// What is weighed, in formats with one value.
    pub value: Value,
    /// A frame put in front of every call chain, in formats of call chains alone.
    pub root: Option<Root>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Folded stacks, for flamegraph.pl, inferno and speedscope
    Folded,
    /// Flame graph for a browser
    Svg,
    /// Flame graph, tables and timeline in one page for a browser, which needs no network
    Html,
    /// The recording itself, gzipped pprof
    Pprof,
    /// Every sample, with a versioned schema
    Json,
    /// Every sample with its call chain, one a line
    Csv,
    /// Every value by call chain, for <https://www.speedscope.app>
    Speedscope,
    /// Call graph, for Graphviz
    Dot,
    /// OpenTelemetry profiles, protobuf
    Otlp,
    /// OpenTelemetry profiles, JSON
    OtlpJson,
}

impl Format {
    /// Whether it shows one value of each call chain, so that it matters which.
    #[must_use]
    pub fn has_one_value(self) -> bool {
        matches!(self, Self::Folded | Self::Svg | Self::Dot)
    }

    /// Whether it shows call chains without labels, so that a label may be a frame.
    #[must_use]
    pub fn takes_root(self) -> bool {
        matches!(self, Self::Folded | Self::Svg | Self::Speedscope)
    }
}

/// Why a profile could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is no flame graph of it.
    #[error(transparent)]
    Svg(#[from] SvgError),
    /// The bytes could not be written.
    #[error("cannot write the export")]
    Write(#[from] io::Error),
}

/// Writes what `export` makes of `profile`.
///
/// # Errors
/// When it cannot be written, and when there is no flame graph of it.
pub fn write(profile: &Profile, export: Export, out: &mut dyn Write) -> Result<(), ExportError> {
    let Export {
        format,
        value,
        root,
    } = export;
    match format {
        Format::Folded => folded::write(profile, value, root, out)?,
        Format::Svg => svg::write(profile, value, root, out)?,
        Format::Html => html::write(profile, out)?,
        Format::Pprof => pprof::write(profile, out)?,
        Format::Json => json::write(profile, out)?,
        Format::Csv => csv::write(profile, out)?,
        Format::Speedscope => speedscope::write(profile, root, out)?,
        Format::Dot => dot::write(profile, value, out)?,
        Format::Otlp => otlp::write_protobuf(profile, out)?,
        Format::OtlpJson => otlp::write_json(profile, out)?,
    }
    Ok(())
}

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

    /// An amount of it, as `34.8 MiB asked for`.
    fn amount(self, amount: u64) -> String {
        use crate::report::units;
        match self {
            Self::Bytes => format!("{} asked for", units::bytes(amount)),
            Self::HeapBytes => format!("{} of heap set aside", units::bytes(amount)),
            Self::Objects => format!("{} objects", units::count(amount)),
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
            Self::Type => sample.labels.type_name.as_deref().unwrap_or(NO_TYPE),
            Self::Cause => sample.labels.cause.as_deref().unwrap_or(NO_CAUSE),
        }
    }
}

/// What is written of `profile`, for tests.
#[cfg(test)]
fn written(profile: &Profile, format: Format, value: Value, root: Option<Root>) -> String {
    let export = Export {
        format,
        value,
        root,
    };
    let mut bytes = Vec::new();
    write(profile, export, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{GrowthStep, Labels};

    /// Samples that differ in nothing else are told apart.
    #[test]
    fn formats_of_samples_have_every_label() {
        let profile = Profile {
            samples: vec![Sample {
                labels: Labels {
                    element_bytes: Some(70_001),
                    growth: Some(GrowthStep {
                        old_len: 70_002,
                        old_cap: 70_003,
                        new_cap: 70_004,
                    }),
                    pid: Some(70_005),
                    ..Labels::default()
                },
                ..Sample::default()
            }],
            ..Profile::default()
        };
        for format in [Format::Csv, Format::Json, Format::OtlpJson] {
            let text = written(&profile, format, Value::Bytes, None);
            for number in 70_001..=70_005 {
                assert!(text.contains(&number.to_string()), "{format:?}: {number}");
            }
        }
    }
}
