//! A file for <https://www.speedscope.app>, in its own format: its schema is
//! <https://www.speedscope.app/file-format-schema.json>.
//!
//! One profile for each value (bytes asked for, objects, bytes of heap set aside), each
//! of samples with their weights: speedscope's left-heavy and sandwich views are what
//! there is to see, its time order means nothing. Frames are functions; the line of one
//! is where it begins, as far as that is known. Samples that weigh nothing are left out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::seq::Seq;
use super::table::FrameTable;
use super::{Root, Value};
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Line, LocationId, Profile, Sample, summary};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// What the profiles are of.
const VALUES: [(Value, &str, &str); 3] = [
    (Value::Bytes, "bytes asked for", "bytes"),
    (Value::Objects, "objects", "none"),
    (Value::HeapBytes, "bytes of heap set aside", "bytes"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, P> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: String,
    name: String,
    active_profile_index: usize,
    shared: Shared<'a>,
    profiles: [P; VALUES.len()],
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: &'a [Frame<'a>],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct Frame<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    line: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(line: &u32) -> bool {
    *line == 0
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Weighed<S, W> {
    r#type: &'static str,
    name: String,
    unit: &'static str,
    start_value: u64,
    end_value: u64,
    samples: S,
    weights: W,
}

/// Writes `profile` for speedscope.
pub(super) fn write(profile: &Profile, root: Option<Root>, out: &mut dyn Write) -> io::Result<()> {
    let frames = Frames::of(profile, root);
    let of_value = |(value, name, unit): (Value, &str, &'static str)| {
        let weighing = move || {
            let samples = profile.samples.iter();
            samples.filter(move |sample| value.of(sample.values) > 0)
        };
        let frames = &frames;
        let total = weighing().fold(0_u64, |sum, sample| {
            sum.saturating_add(value.of(sample.values))
        });
        Weighed {
            r#type: "sampled",
            name: format!("{} of {}", name, summary::program(profile)),
            unit,
            start_value: 0,
            end_value: total,
            samples: Seq(move || weighing().map(move |it| Seq(move || frames.stack(it)))),
            weights: Seq(move || weighing().map(move |it| value.of(it.values))),
        }
    };
    let document = Document {
        schema: SCHEMA,
        exporter: format!("goalloc {}", env!("CARGO_PKG_VERSION")),
        name: name(profile),
        active_profile_index: 0,
        shared: Shared {
            frames: &frames.frames,
        },
        profiles: VALUES.map(of_value),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// What the file is of, how much was seen and what was lost: there is no other place.
fn name(profile: &Profile) -> String {
    let mut parts = vec![
        format!("Heap allocations of {}", summary::target(profile)),
        summary::coverage(profile),
    ];
    parts.extend(summary::view(profile));
    if profile.losses.any() {
        parts.extend(summary::losses(&profile.losses).map(|lost| format!("LOST: {lost}")));
    }
    parts.join(" | ")
}

/// The frames of all samples, each once, and which of them samples have.
struct Frames<'a> {
    frames: Vec<Frame<'a>>,
    /// Of each location, outermost first.
    table: FrameTable<u32>,
    root: Option<Root>,
    /// Frames of roots by their name.
    roots: HashMap<&'a str, u32>,
    lost: u32,
}

impl<'a> Frames<'a> {
    fn of(profile: &'a Profile, root: Option<Root>) -> Self {
        let mut ids: HashMap<Frame<'a>, u32> = HashMap::new();
        let mut frames = Vec::new();
        let mut id_of = |frame: Frame<'a>| {
            *ids.entry(frame).or_insert_with_key(|frame| {
                frames.push(frame.clone());
                (frames.len() - 1) as u32
            })
        };
        let table = FrameTable::new(profile, |id| {
            let of_location = frames_of(profile, *id);
            let ids: Vec<u32> = of_location.into_iter().rev().map(&mut id_of).collect();
            ids
        });
        let named = |name: &'a str| Frame {
            name: Cow::Borrowed(name),
            file: "",
            line: 0,
        };
        let lost = id_of(named(LOST_STACK));
        let mut roots = HashMap::new();
        for sample in root.iter().flat_map(|_| &profile.samples) {
            if let Some(name) = root.map(|root| root.of(sample)) {
                roots.entry(name).or_insert_with(|| id_of(named(name)));
            }
        }
        Self {
            frames,
            table,
            root,
            roots,
            lost,
        }
    }

    /// Frames of a sample, outermost first.
    fn stack<'s>(&'s self, sample: &'s Sample) -> impl Iterator<Item = u32> + 's {
        let root = self.root.map(|root| root.of(sample));
        let root = root.and_then(|name| self.roots.get(name).copied());
        let known = sample.stack.iter().rev();
        let known = known.flat_map(|id| self.table.of(*id).iter().copied());
        let is_lost = sample.stack.iter().all(|id| self.table.of(*id).is_empty());
        root.into_iter()
            .chain(known)
            .chain(is_lost.then_some(self.lost))
    }
}

/// The functions of a location, innermost first.
fn frames_of(profile: &Profile, id: LocationId) -> Vec<Frame<'_>> {
    let Some(location) = profile.location(id) else {
        return Vec::new();
    };
    if location.lines.is_empty() {
        return vec![Frame {
            name: Cow::Owned(location.address.to_string()),
            file: "",
            line: 0,
        }];
    }
    let frame = |line: &Line| {
        let function = profile.function(line.function)?;
        Some(Frame {
            name: Cow::Borrowed(function.name.as_str()),
            file: &function.file,
            line: function.start_line,
        })
    };
    location.lines.iter().filter_map(frame).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Format, written};
    use super::*;
    use crate::output::golden;
    use crate::profile::{fixture, strategy};

    #[test]
    fn the_file_matches_its_golden_file() {
        let text = written(
            &fixture::service(),
            Format::Speedscope,
            Value::Bytes,
            Some(Root::Cause),
        );
        golden::check("service.speedscope.json", text.as_bytes());
    }

    proptest! {
        #[test]
        fn weights_are_the_totals_and_frames_are_there(mut profile in strategy::profile()) {
            for sample in &mut profile.samples {
                sample.values.objects %= 1 << 40;
            }
            let text = written(&profile, Format::Speedscope, Value::Bytes, None);
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let frames = json["shared"]["frames"].as_array().unwrap().len() as u64;
            let objects = &json["profiles"][1];
            let weights = objects["weights"].as_array().unwrap().iter();
            let sum: u64 = weights.map(|it| it.as_u64().unwrap()).sum();
            prop_assert_eq!(sum, profile.totals().objects);
            for stack in objects["samples"].as_array().unwrap() {
                let stack = stack.as_array().unwrap();
                prop_assert!(!stack.is_empty());
                prop_assert!(stack.iter().all(|it| it.as_u64().unwrap() < frames));
            }
        }
    }
}
