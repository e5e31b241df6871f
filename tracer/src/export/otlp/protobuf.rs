//! The message as protobuf. Samples and stacks are encoded one by one, as they are
//! written: lengths, which come first, take going through them once before.

use std::io::{self, Write};

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::profiles::v1development::{self as proto, ProfilesDictionary};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::dictionary::Dictionary;
use super::resource::{of_process, of_recording};
use super::{SAMPLE_TYPES, SCOPE, start_unix_ns};
use crate::profile::{Profile, Values};

/// Field numbers of what is written bit by bit, as in the `.proto` files.
mod field {
    pub const DATA_RESOURCE_PROFILES: u32 = 1;
    pub const DATA_DICTIONARY: u32 = 2;
    pub const RESOURCE: u32 = 1;
    pub const RESOURCE_SCOPE_PROFILES: u32 = 2;
    pub const SCOPE: u32 = 1;
    pub const SCOPE_PROFILES: u32 = 2;
    pub const PROFILE_SAMPLES: u32 = 2;
    pub const DICTIONARY_STACKS: u32 = 7;
}

/// Writes `profile` as a `ProfilesData` message.
pub(in crate::export) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let mut dictionary = Dictionary::of(profile);
    let resource = Resource {
        attributes: of_process(profile),
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes: of_recording(profile),
        ..InstrumentationScope::default()
    };
    let tables = tables(&mut dictionary);
    let profiles = Profiles {
        profile,
        dictionary: &dictionary,
    };
    let lengths = profiles.lengths();
    let scope_length = field_length(field::SCOPE, scope.encoded_len())
        + lengths
            .iter()
            .map(|length| field_length(field::SCOPE_PROFILES, *length))
            .sum::<usize>();
    let resource_length = field_length(field::RESOURCE, resource.encoded_len())
        + field_length(field::RESOURCE_SCOPE_PROFILES, scope_length);

    let mut out = Fields::new(out);
    out.begin(field::DATA_RESOURCE_PROFILES, resource_length)?;
    out.message(field::RESOURCE, &resource)?;
    out.begin(field::RESOURCE_SCOPE_PROFILES, scope_length)?;
    out.message(field::SCOPE, &scope)?;
    for (which, length) in lengths.into_iter().enumerate() {
        out.begin(field::SCOPE_PROFILES, length)?;
        out.raw(&profiles.opening(which))?;
        profiles.for_each_sample(which, |sample| out.message(field::PROFILE_SAMPLES, sample))?;
        out.raw(&profiles.closing())?;
    }
    let mut stacks_length = 0;
    for_each_stack(&dictionary, |stack| {
        stacks_length += field_length(field::DICTIONARY_STACKS, stack.encoded_len());
        Ok(())
    })?;
    out.begin(field::DATA_DICTIONARY, tables.encoded_len() + stacks_length)?;
    out.raw(&tables)?;
    for_each_stack(&dictionary, |stack| {
        out.message(field::DICTIONARY_STACKS, stack)
    })
}

/// All tables but that of the stacks.
fn tables(dictionary: &mut Dictionary<'_>) -> ProfilesDictionary {
    ProfilesDictionary {
        mapping_table: std::mem::take(&mut dictionary.mappings),
        location_table: std::mem::take(&mut dictionary.locations),
        function_table: std::mem::take(&mut dictionary.functions),
        link_table: std::mem::take(&mut dictionary.links),
        string_table: std::mem::take(&mut dictionary.strings),
        attribute_table: std::mem::take(&mut dictionary.attributes),
        stack_table: Vec::new(),
    }
}

fn for_each_stack(
    dictionary: &Dictionary<'_>,
    mut each: impl FnMut(&proto::Stack) -> io::Result<()>,
) -> io::Result<()> {
    let mut stack = proto::Stack::default();
    for locations in dictionary.stacks() {
        stack.location_indices.clear();
        stack.location_indices.extend(locations.indexes());
        each(&stack)?;
    }
    Ok(())
}

/// The profiles of a message, one for each sample type.
struct Profiles<'a> {
    profile: &'a Profile,
    dictionary: &'a Dictionary<'a>,
}

impl Profiles<'_> {
    /// What precedes the samples of a sample type.
    fn opening(&self, which: usize) -> proto::Profile {
        proto::Profile {
            sample_type: self.dictionary.sample_types.get(which).copied(),
            ..proto::Profile::default()
        }
    }

    /// What follows them.
    fn closing(&self) -> proto::Profile {
        proto::Profile {
            time_unix_nano: start_unix_ns(self.profile),
            duration_nano: self.profile.duration_ns,
            period_type: Some(self.dictionary.period_type),
            period: 1,
            ..proto::Profile::default()
        }
    }

    fn for_each_sample(
        &self,
        which: usize,
        mut each: impl FnMut(&proto::Sample) -> io::Result<()>,
    ) -> io::Result<()> {
        let none: fn(Values) -> u64 = |_| 0;
        let value = SAMPLE_TYPES.get(which).map_or(none, |(_, _, value)| *value);
        let mut sample = proto::Sample::default();
        for (stack, attributes, value) in self.dictionary.samples(&self.profile.samples, value) {
            sample.stack_index = stack;
            sample.attribute_indices.clear();
            sample.attribute_indices.extend_from_slice(attributes);
            sample.values.clear();
            sample.values.push(value);
            each(&sample)?;
        }
        Ok(())
    }

    /// Bytes of each profile.
    fn lengths(&self) -> [usize; SAMPLE_TYPES.len()] {
        std::array::from_fn(|which| {
            let mut length = self.opening(which).encoded_len() + self.closing().encoded_len();
            // Adding up does not fail.
            let _ = self.for_each_sample(which, |sample| {
                length += field_length(field::PROFILE_SAMPLES, sample.encoded_len());
                Ok(())
            });
            length
        })
    }
}

/// Bytes of a field of so many bytes.
fn field_length(tag: u32, length: usize) -> usize {
    key_len(tag) + encoded_len_varint(length as u64) + length
}

/// Fields on their way out.
struct Fields<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
}

impl<'a> Fields<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            buffer: Vec::new(),
        }
    }

    /// Begins a message of so many bytes.
    fn begin(&mut self, tag: u32, length: usize) -> io::Result<()> {
        self.buffer.clear();
        encode_key(tag, WireType::LengthDelimited, &mut self.buffer);
        encode_varint(length as u64, &mut self.buffer);
        self.out.write_all(&self.buffer)
    }

    /// A whole message.
    fn message(&mut self, tag: u32, message: &impl Message) -> io::Result<()> {
        self.buffer.clear();
        encode_key(tag, WireType::LengthDelimited, &mut self.buffer);
        encode_varint(message.encoded_len() as u64, &mut self.buffer);
        message.encode_raw(&mut self.buffer);
        self.out.write_all(&self.buffer)
    }

    /// The fields of a message that was begun.
    fn raw(&mut self, message: &impl Message) -> io::Result<()> {
        self.out.write_all(&message.encode_to_vec())
    }
}
