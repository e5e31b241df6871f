//! Profile to pprof.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use flate2::{Compression, GzBuilder};
use prost::Message;

use super::super::{Labels, Location, Profile, Sample};
use super::stored::Stored;
use super::{DEFAULT_SAMPLE_TYPE, LOST_STACK, SAMPLE_TYPES, meta, proto, sampling, timeline};

/// Field number of [`proto::Profile::sample`].
pub(super) const SAMPLE_FIELD: u32 = 2;

/// Id of the only mapping.
const MAPPING_ID: u64 = 1;

/// `profile` as a gzipped pprof file. The same profile gives the same bytes.
///
/// pprof's numbers are signed: values above `i64::MAX` become that. An empty
/// label is left out, as pprof tells no difference.
#[must_use]
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(profile, &mut bytes).expect("a Vec takes all that is written to it");
    bytes
}

/// Writes what [`encode`] gives, sample by sample.
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let gzip = GzBuilder::new().write(out, Compression::default());
    let mut gzip = BufWriter::new(gzip);
    write_plain(profile, &mut gzip)?;
    gzip.into_inner()?.finish()?;
    Ok(())
}

/// A message as a gzipped file.
pub(super) fn gzip(message: &proto::Profile) -> Vec<u8> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::default());
    let written = gzip.write_all(&message.encode_to_vec());
    written
        .and_then(|()| gzip.finish())
        .expect("a Vec takes all that is written to it")
}

/// The message, its fields in the order of their numbers.
fn write_plain(profile: &Profile, out: &mut impl Write) -> io::Result<()> {
    let mut strings = Strings::default();
    let opening = proto::Profile {
        sample_type: SAMPLE_TYPES
            .iter()
            .map(|(name, unit)| proto::ValueType {
                r#type: strings.index(name),
                unit: strings.index(unit),
            })
            .collect(),
        ..proto::Profile::default()
    };
    out.write_all(&opening.encode_to_vec())?;
    let (function, location, lost) = tables(&mut strings, profile);
    let mut message = proto::Sample::default();
    let mut buffer = Vec::new();
    let mut stored = Stored::default();
    for sample in &profile.samples {
        fill(&mut message, &mut strings, sample, lost);
        stored.add(&message.value);
        buffer.clear();
        prost::encoding::message::encode(SAMPLE_FIELD, &message, &mut buffer);
        out.write_all(&buffer)?;
    }
    let closing = proto::Profile {
        mapping: vec![mapping(&mut strings, profile)],
        location,
        function,
        time_nanos: profile.start_unix_ns,
        duration_nanos: signed(profile.duration_ns),
        // As the Go runtime's own heap profiles state it
        // (go1.24 src/runtime/pprof/protomem.go:20), every byte being sampled.
        period_type: Some(proto::ValueType {
            r#type: strings.index("space"),
            unit: strings.index("bytes"),
        }),
        period: 1,
        comment: meta::comments(profile)
            .iter()
            .map(|text| strings.index(text))
            .collect(),
        default_sample_type: strings.index(DEFAULT_SAMPLE_TYPE),
        string_table: strings.table,
        sampling: sampling::encode(profile, &stored),
        timeline: timeline::encode(profile.timeline.as_ref(), &stored),
        ..proto::Profile::default()
    };
    out.write_all(&closing.encode_to_vec())
}

/// `profile` as the message itself.
pub(super) fn to_proto(profile: &Profile) -> proto::Profile {
    let mut bytes = Vec::new();
    write_plain(profile, &mut bytes).expect("a Vec takes all that is written to it");
    proto::Profile::decode(&*bytes).expect("what was encoded as this message is one")
}

/// Functions, locations, and the id of the location that stands for a lost call chain,
/// where there is one.
fn tables(
    strings: &mut Strings,
    profile: &Profile,
) -> (Vec<proto::Function>, Vec<proto::Location>, Option<u64>) {
    let mut function: Vec<_> = profile
        .functions
        .iter()
        .zip(1..)
        .map(|(function, id)| {
            let name = strings.index(&function.name);
            proto::Function {
                id,
                name,
                system_name: match &function.full_name {
                    Some(full_name) => strings.index(full_name),
                    None => name,
                },
                filename: strings.index(&function.file),
                start_line: i64::from(function.start_line),
            }
        })
        .collect();
    let mut location: Vec<_> = profile
        .locations
        .iter()
        .zip(1..)
        .map(|(location, id)| location_message(id, location))
        .collect();
    let any_lost = profile.samples.iter().any(|sample| sample.stack.is_empty());
    let lost = any_lost.then(|| {
        let function_id = function.len() as u64 + 1;
        let name = strings.index(LOST_STACK);
        function.push(proto::Function {
            id: function_id,
            name,
            system_name: name,
            ..Default::default()
        });
        let id = location.len() as u64 + 1;
        location.push(proto::Location {
            id,
            line: vec![proto::Line {
                function_id,
                line: 0,
            }],
            ..Default::default()
        });
        id
    });
    (function, location, lost)
}

/// The executable. Start, limit and offset of 0 tell pprof that addresses are
/// those of the ELF file already
/// (go1.24 src/cmd/vendor/github.com/google/pprof/internal/elfexec/elfexec.go, `GetBase`).
fn mapping(strings: &mut Strings, profile: &Profile) -> proto::Mapping {
    proto::Mapping {
        id: MAPPING_ID,
        filename: strings.index(&profile.target.exe),
        build_id: strings.index(profile.target.build_id.as_deref().unwrap_or_default()),
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Default::default()
    }
}

fn location_message(id: u64, location: &Location) -> proto::Location {
    proto::Location {
        id,
        mapping_id: MAPPING_ID,
        address: location.address.0,
        line: location
            .lines
            .iter()
            .map(|line| proto::Line {
                function_id: u64::from(line.function.0) + 1,
                line: i64::from(line.line),
            })
            .collect(),
    }
}

/// Makes `message` that of `sample`.
fn fill(message: &mut proto::Sample, strings: &mut Strings, sample: &Sample, lost: Option<u64>) {
    message.location_id.clear();
    message
        .location_id
        .extend(sample.stack.iter().map(|id| u64::from(id.0) + 1));
    if sample.stack.is_empty() {
        message.location_id.extend(lost);
    }
    message.value.clear();
    let values = sample.values;
    message.value.extend(
        [
            values.objects,
            values.bytes,
            values.heap_bytes,
            values.calls,
        ]
        .map(signed),
    );
    message.label.clear();
    labels(&mut message.label, strings, &sample.labels);
}

fn labels(messages: &mut Vec<proto::Label>, strings: &mut Strings, labels: &Labels) {
    let Labels {
        type_name,
        cause,
        size_bytes,
        element_bytes,
        call,
        growth,
        pid,
    } = labels;
    for (key, value) in [("type", type_name), ("cause", cause), ("call", call)] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            messages.push(proto::Label {
                key: strings.index(key),
                str: strings.index(value),
                ..Default::default()
            });
        }
    }
    for (key, value) in [("bytes", size_bytes), ("element_bytes", element_bytes)] {
        if let Some(bytes) = value {
            messages.push(proto::Label {
                key: strings.index(key),
                num: signed(*bytes),
                num_unit: strings.index("bytes"),
                ..Default::default()
            });
        }
    }
    if let Some(growth) = growth {
        for (key, number) in [
            ("old_len", growth.old_len),
            ("old_cap", growth.old_cap),
            ("new_cap", growth.new_cap),
        ] {
            messages.push(proto::Label {
                key: strings.index(key),
                num: signed(number),
                ..Default::default()
            });
        }
    }
    if let Some(pid) = pid {
        messages.push(proto::Label {
            key: strings.index("pid"),
            num: i64::from(*pid),
            ..Default::default()
        });
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The string table under construction; each string is in it once.
pub(super) struct Strings {
    table: Vec<Vec<u8>>,
    indexes: HashMap<Vec<u8>, i64>,
}

impl Default for Strings {
    fn default() -> Self {
        Self {
            table: vec![Vec::new()],
            indexes: HashMap::from([(Vec::new(), 0)]),
        }
    }
}

impl Strings {
    /// Those of a table, to be continued.
    pub fn of(table: Vec<Vec<u8>>) -> Self {
        let indexes = table.iter().cloned().zip(0..).collect();
        Self { table, indexes }
    }

    pub fn into_table(self) -> Vec<Vec<u8>> {
        self.table
    }

    /// Index of a string, which is added if need be.
    pub fn index(&mut self, text: &str) -> i64 {
        if let Some(index) = self.indexes.get(text.as_bytes()) {
            return *index;
        }
        let index = signed(self.table.len() as u64);
        self.table.push(text.as_bytes().to_vec());
        self.indexes.insert(text.as_bytes().to_vec(), index);
        index
    }
}
