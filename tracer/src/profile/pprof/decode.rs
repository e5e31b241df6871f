//! pprof to profile.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use prost::Message;

use super::super::{
    Coverage, Function, FunctionId, GrowthStep, Labels, Line, Location, LocationId, Method,
    Profile, Sample, Target, Values,
};
use super::error::DecodeError;
use super::ids::Ids;
use super::limits::{MAX_DECODED_BYTES, check_messages};
use super::meta::{Meta, PREFIX, SCHEMA};
use super::split::{Split, split};
use super::stored::Stored;
use super::{LOST_STACK, SAMPLE_TYPES, proto, sampling, timeline};
use crate::addr::ElfAddr;

/// The profile in a pprof file, gzipped or plain.
///
/// Files that goalloc did not write, as the Go runtime's heap profiles, are
/// read as far as they go: what they do not state is empty, the coverage is
/// [`Method::Unknown`], and a warning says so. Bytes of heap set aside are then
/// taken to be `alloc_space`, which the Go runtime counts in size classes.
///
/// # Errors
/// [`DecodeError`], for any bytes that are not such a profile. Never panics.
pub fn decode(bytes: &[u8]) -> Result<Profile, DecodeError> {
    let bytes = decompress(bytes)?;
    check_messages(&bytes)?;
    let Split { samples, rest } = split(&bytes)?;
    let message = proto::Profile::decode(&*rest)?;
    from_proto(&message, &samples)
}

fn decompress(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes)
            .take(MAX_DECODED_BYTES + 1)
            .read_to_end(&mut plain)
            .map_err(|source| DecodeError::Gzip { source })?;
        Cow::Owned(plain)
    } else {
        Cow::Borrowed(bytes)
    };
    if plain.len() as u64 > MAX_DECODED_BYTES {
        return Err(DecodeError::TooLarge);
    }
    Ok(plain)
}

/// The profile of a message without its samples, and of those, each encoded.
fn from_proto(message: &proto::Profile, encoded: &[&[u8]]) -> Result<Profile, DecodeError> {
    let strings = Strings(&message.string_table);
    let columns = Columns::find(strings, &message.sample_type)?;
    let meta = match read_meta(strings, &message.comment)? {
        Some(meta) => meta,
        None => foreign_meta(strings, message)?,
    };
    let (functions, function_ids) = functions(strings, &message.function, &meta)?;
    let (locations, location_ids) = locations(&message.location, &function_ids)?;
    let mut texts = Texts::new(strings);
    let mut samples = Vec::with_capacity(encoded.len());
    let mut stored = Stored::default();
    let mut sample = proto::Sample::default();
    for bytes in encoded {
        sample.clear();
        sample.merge(*bytes)?;
        stored.add(&sample.value);
        samples.push(sample_of(&mut texts, &columns, &location_ids, &sample)?);
    }
    let mut left_out = meta.left_out;
    let strata = sampling::decode(&message.sampling, &stored)
        .map(|sampling| sampling.give_to(&mut samples, left_out.as_mut()))
        .unwrap_or_default();
    Ok(Profile {
        target: meta.target,
        coverage: meta.coverage,
        start_unix_ns: message.time_nanos,
        duration_ns: unsigned(message.duration_nanos),
        losses: meta.losses,
        warnings: meta.warnings,
        functions,
        locations,
        samples,
        left_out,
        strata,
        timeline: timeline::decode(&message.timeline, &stored),
    })
}

/// Which value of a sample means what.
struct Columns {
    types: usize,
    objects: usize,
    bytes: usize,
    heap_bytes: Option<usize>,
    calls: Option<usize>,
}

impl Columns {
    fn find(strings: Strings<'_>, types: &[proto::ValueType]) -> Result<Self, DecodeError> {
        let names = types
            .iter()
            .map(|t| strings.get(t.r#type))
            .collect::<Result<Vec<_>, _>>()?;
        let [objects, bytes, heap_bytes, calls] =
            SAMPLE_TYPES.map(|(wanted, _)| names.iter().position(|name| name == wanted));
        let (Some(objects), Some(bytes)) = (objects, bytes) else {
            let found = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            return Err(DecodeError::NotAllocations { found });
        };
        Ok(Self {
            types: types.len(),
            objects,
            bytes,
            heap_bytes,
            calls,
        })
    }

    fn values(&self, values: &[i64]) -> Result<Values, DecodeError> {
        if values.len() != self.types {
            return Err(DecodeError::ValueCount {
                values: values.len(),
                types: self.types,
            });
        }
        let value = |column: Option<usize>| match column.and_then(|column| values.get(column)) {
            Some(value) => u64::try_from(*value).map_err(|_| DecodeError::Negative),
            None => Ok(0),
        };
        Ok(Values {
            objects: value(Some(self.objects))?,
            bytes: value(Some(self.bytes))?,
            heap_bytes: value(self.heap_bytes.or(Some(self.bytes)))?,
            calls: value(self.calls)?,
        })
    }
}

/// The goalloc comment; several, where a tool merged recordings, become one.
fn read_meta(strings: Strings<'_>, comments: &[i64]) -> Result<Option<Meta>, DecodeError> {
    let mut merged: Option<Meta> = None;
    for index in comments {
        let comment = strings.get(*index)?;
        let Some(json) = comment.strip_prefix(PREFIX) else {
            continue;
        };
        let meta = parse_meta(json)?;
        match &mut merged {
            Some(merged) => merged.merge(meta),
            None => merged = Some(meta),
        }
    }
    Ok(merged)
}

fn parse_meta(json: &str) -> Result<Meta, DecodeError> {
    /// The part that every schema has.
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
        version: String,
    }
    let comment = |source| DecodeError::Comment { source };
    let Version { schema, version } = serde_json::from_str(json).map_err(comment)?;
    if schema > SCHEMA {
        return Err(DecodeError::NewerSchema { version, schema });
    }
    serde_json::from_str(json).map_err(comment)
}

/// What can be said of a profile that goalloc did not write.
fn foreign_meta(strings: Strings<'_>, message: &proto::Profile) -> Result<Meta, DecodeError> {
    let mut target = Target::default();
    if let Some(mapping) = message.mapping.first() {
        target.exe = strings.get(mapping.filename)?.into_owned();
        target.build_id =
            Some(strings.get(mapping.build_id)?.into_owned()).filter(|id| !id.is_empty());
    }
    let mut warning = "not written by goalloc: bytes are in size classes, types and causes are \
                       unknown"
        .to_owned();
    if message.period > 1 {
        warning.push_str(&format!(
            ", and the figures are estimated from one sample every {} bytes",
            message.period
        ));
    }
    Ok(Meta {
        target,
        coverage: Coverage {
            method: Method::Unknown,
            ..Coverage::default()
        },
        warnings: vec![warning],
        ..Meta::default()
    })
}

type FunctionIds = Ids<Option<FunctionId>>;

/// The functions, and what their ids became; `None` is the mark of a lost
/// stack, which is no function of the profile.
fn functions(
    strings: Strings<'_>,
    messages: &[proto::Function],
    meta: &Meta,
) -> Result<(Vec<Function>, FunctionIds), DecodeError> {
    let mut functions = Vec::with_capacity(messages.len());
    let mut ids = Ids::of(messages.len());
    for message in messages {
        let name = strings.get(message.name)?;
        let id = if name == LOST_STACK {
            None
        } else {
            let mut function = Function {
                full_name: full_name(&name, &strings.get(message.system_name)?),
                name: name.into_owned(),
                file: strings.get(message.filename)?.into_owned(),
                start_line: line_number(message.start_line),
                runtime: false,
            };
            function.runtime = meta.is_runtime(&function);
            functions.push(function);
            Some(FunctionId(index_u32(functions.len() - 1)))
        };
        if message.id == 0 || ids.insert(message.id, id).is_some() {
            return Err(DecodeError::Id {
                kind: "function",
                id: message.id,
            });
        }
    }
    Ok((functions, ids))
}

/// What stands for type arguments in the names of tracebacks.
const FOLDED: &str = "[...]";

/// What the linker calls a function, where it is the name with type arguments and not
/// one that is mangled or means another.
fn full_name(name: &str, system_name: &str) -> Option<String> {
    let (head, tail) = name.split_once(FOLDED)?;
    let arguments = system_name
        .strip_prefix(head)?
        .strip_suffix(tail)
        .filter(|arguments| *arguments != FOLDED)?;
    let is_list = arguments.starts_with('[') && arguments.ends_with(']');
    is_list.then(|| system_name.to_owned())
}

type LocationIds = Ids<Option<LocationId>>;

/// The locations, and what their ids became; `None` is the mark of a lost stack.
fn locations(
    messages: &[proto::Location],
    function_ids: &FunctionIds,
) -> Result<(Vec<Location>, LocationIds), DecodeError> {
    let mut locations = Vec::with_capacity(messages.len());
    let mut ids = Ids::of(messages.len());
    for message in messages {
        let mut lines = Vec::with_capacity(message.line.len());
        let mut lost = false;
        for line in &message.line {
            match function_ids.get(line.function_id) {
                Some(Some(function)) => {
                    lines.push(Line {
                        function,
                        line: line_number(line.line),
                    });
                }
                Some(None) => lost = true,
                None => {
                    return Err(DecodeError::Missing {
                        kind: "function",
                        id: line.function_id,
                    });
                }
            }
        }
        let id = if lost && lines.is_empty() {
            None
        } else {
            locations.push(Location {
                address: ElfAddr(message.address),
                lines,
            });
            Some(LocationId(index_u32(locations.len() - 1)))
        };
        if message.id == 0 || ids.insert(message.id, id).is_some() {
            return Err(DecodeError::Id {
                kind: "location",
                id: message.id,
            });
        }
    }
    Ok((locations, ids))
}

fn sample_of(
    texts: &mut Texts<'_>,
    columns: &Columns,
    location_ids: &LocationIds,
    message: &proto::Sample,
) -> Result<Sample, DecodeError> {
    let mut stack = Vec::with_capacity(message.location_id.len());
    for id in &message.location_id {
        match location_ids.get(*id) {
            Some(location) => stack.extend(location),
            None => {
                return Err(DecodeError::Missing {
                    kind: "location",
                    id: *id,
                });
            }
        }
    }
    let mut labels = Labels::default();
    for label in &message.label {
        match &*texts.strings.get(label.key)? {
            "type" if label.str != 0 => labels.type_name = Some(texts.get(label.str)?),
            "cause" if label.str != 0 => labels.cause = Some(texts.get(label.str)?),
            "call" if label.str != 0 => labels.call = Some(texts.get(label.str)?),
            "bytes" if label.str == 0 => labels.size_bytes = u64::try_from(label.num).ok(),
            "element_bytes" if label.str == 0 => {
                labels.element_bytes = u64::try_from(label.num).ok();
            }
            "old_len" if label.str == 0 => growth(&mut labels).old_len = length(label),
            "old_cap" if label.str == 0 => growth(&mut labels).old_cap = length(label),
            "new_cap" if label.str == 0 => growth(&mut labels).new_cap = length(label),
            "pid" if label.str == 0 => labels.pid = u32::try_from(label.num).ok(),
            _ => {}
        }
    }
    Ok(Sample {
        stack,
        values: columns.values(&message.value)?,
        labels,
        parts: Vec::new(),
    })
}

fn growth(labels: &mut Labels) -> &mut GrowthStep {
    labels.growth.get_or_insert_default()
}

fn length(label: &proto::Label) -> u64 {
    u64::try_from(label.num).unwrap_or_default()
}

/// The string table of a message.
#[derive(Clone, Copy)]
struct Strings<'a>(&'a [Vec<u8>]);

impl<'a> Strings<'a> {
    /// The string at `index`; 0 is the empty one, even without a table.
    fn get(self, index: i64) -> Result<Cow<'a, str>, DecodeError> {
        if index == 0 {
            return Ok(Cow::Borrowed(""));
        }
        usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index))
            .map(|bytes| String::from_utf8_lossy(bytes))
            .ok_or(DecodeError::StringIndex {
                index,
                strings: self.0.len(),
            })
    }
}

/// The texts of labels, each made once and shared by all samples that have it.
struct Texts<'a> {
    strings: Strings<'a>,
    /// By index of the string.
    known: Vec<Option<Arc<str>>>,
}

impl<'a> Texts<'a> {
    fn new(strings: Strings<'a>) -> Self {
        Self {
            strings,
            known: vec![None; strings.0.len()],
        }
    }

    fn get(&mut self, index: i64) -> Result<Arc<str>, DecodeError> {
        let text: Arc<str> = match usize::try_from(index)
            .ok()
            .and_then(|it| self.known.get_mut(it))
        {
            Some(known) => match known {
                Some(text) => return Ok(text.clone()),
                None => known.insert(self.strings.get(index)?.into()).clone(),
            },
            None => self.strings.get(index)?.into(),
        };
        Ok(text)
    }
}

/// Indexes stay far below `u32::MAX`, because `limits::MAX_MESSAGES` does.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn line_number(line: i64) -> u32 {
    u32::try_from(line).unwrap_or(0)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
