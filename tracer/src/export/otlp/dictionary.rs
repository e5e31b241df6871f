//! The tables that all profiles of a message share. Entry 0 of each stands for nothing.

use std::collections::HashMap;

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::profiles::v1development::{
    Function, KeyValueAndUnit, Line, Link, Location, Mapping, ValueType,
};

use super::{SAMPLE_TYPES, index, signed};
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Labels, LocationId, Profile, Sample};

/// The mapping of the executable.
const EXECUTABLE: i32 = 1;

/// The tables, and what each sample has of them.
pub(super) struct Dictionary<'a> {
    pub mappings: Vec<Mapping>,
    pub locations: Vec<Location>,
    pub functions: Vec<Function>,
    pub links: Vec<Link>,
    pub strings: Vec<String>,
    pub attributes: Vec<KeyValueAndUnit>,
    /// Locations of each stack, as ids of the profile: [`StackLocations`] says where.
    stacks: Vec<&'a [LocationId]>,
    /// Of each sample.
    stack_of: Vec<u32>,
    /// Attributes of each set of labels.
    label_sets: Vec<Vec<i32>>,
    /// Of each sample.
    label_set_of: Vec<u32>,
    pub sample_types: [ValueType; SAMPLE_TYPES.len()],
    pub period_type: ValueType,
    /// The location that stands for a lost call chain.
    lost: i32,
}

impl<'a> Dictionary<'a> {
    pub fn of(profile: &'a Profile) -> Self {
        let mut strings = Strings::default();
        let mut attributes = Attributes::default();
        let functions = functions(profile, &mut strings);
        let locations = locations(profile, functions.len() - 1);
        let lost = index(locations.len() - 1);
        let value_type = |strings: &mut Strings, name, unit| ValueType {
            type_strindex: strings.index(name),
            unit_strindex: strings.index(unit),
        };
        let sample_types = SAMPLE_TYPES.map(|(name, unit, _)| value_type(&mut strings, name, unit));
        let period_type = value_type(&mut strings, "space", "bytes");
        let mapping = mapping(profile, &mut strings, &mut attributes);
        let mut stack_ids: HashMap<&[LocationId], u32> = HashMap::new();
        let mut stacks: Vec<&[LocationId]> = Vec::new();
        let mut label_set_ids: HashMap<&Labels, u32> = HashMap::new();
        let mut label_sets = Vec::new();
        let mut stack_of = Vec::with_capacity(profile.samples.len());
        let mut label_set_of = Vec::with_capacity(profile.samples.len());
        for sample in &profile.samples {
            let stack = sample.stack.as_slice();
            stack_of.push(*stack_ids.entry(stack).or_insert_with(|| {
                stacks.push(stack);
                (stacks.len() - 1) as u32
            }));
            let labels = &sample.labels;
            label_set_of.push(*label_set_ids.entry(labels).or_insert_with(|| {
                label_sets.push(attributes.of_labels(labels, &mut strings));
                (label_sets.len() - 1) as u32
            }));
        }
        Self {
            mappings: vec![Mapping::default(), mapping],
            locations,
            functions,
            links: vec![Link::default()],
            strings: strings.table,
            attributes: attributes.table,
            stacks,
            stack_of,
            label_sets,
            label_set_of,
            sample_types,
            period_type,
            lost,
        }
    }

    /// Puts the locations of each stack into the function, the one of nothing first.
    pub fn stacks(&self) -> impl Iterator<Item = StackLocations<'_>> {
        let nothing = StackLocations {
            ids: &[],
            lost: None,
        };
        let stacks = self.stacks.iter().map(|ids| StackLocations {
            ids,
            lost: ids.is_empty().then_some(self.lost),
        });
        std::iter::once(nothing).chain(stacks)
    }

    /// Those of `samples` that weigh anything: stack, attributes and value.
    pub fn samples<'s>(
        &'s self,
        samples: &'s [Sample],
        value: fn(crate::profile::Values) -> u64,
    ) -> impl Iterator<Item = (i32, &'s [i32], i64)> {
        let places = self.stack_of.iter().zip(&self.label_set_of);
        let weighing = samples
            .iter()
            .zip(places)
            .filter(move |(sample, _)| value(sample.values) > 0);
        weighing.map(move |(sample, (stack, labels))| {
            let attributes = self.label_sets.get(*labels as usize);
            (
                index(*stack as usize + 1),
                attributes.map(Vec::as_slice).unwrap_or_default(),
                signed(value(sample.values)),
            )
        })
    }
}

/// The locations of a stack, innermost first.
#[derive(Clone, Copy)]
pub(super) struct StackLocations<'a> {
    ids: &'a [LocationId],
    lost: Option<i32>,
}

impl StackLocations<'_> {
    /// Indexes into the table of locations.
    pub fn indexes(self) -> impl Iterator<Item = i32> {
        let known = self.ids.iter().map(|id| index(id.0 as usize + 1));
        known.chain(self.lost)
    }
}

/// Nothing, those of the profile, and the mark of a lost call chain.
fn functions(profile: &Profile, strings: &mut Strings) -> Vec<Function> {
    let mut functions = vec![Function::default()];
    functions.extend(profile.functions.iter().map(|function| {
        let name = strings.index(&function.name);
        let full_name = function.full_name.as_deref();
        Function {
            name_strindex: name,
            system_name_strindex: full_name.map_or(name, |full_name| strings.index(full_name)),
            filename_strindex: strings.index(&function.file),
            start_line: i64::from(function.start_line),
        }
    }));
    functions.push(Function {
        name_strindex: strings.index(LOST_STACK),
        ..Function::default()
    });
    functions
}

/// Nothing, those of the profile, and the mark of a lost call chain.
fn locations(profile: &Profile, lost_function: usize) -> Vec<Location> {
    let mut locations = vec![Location::default()];
    locations.extend(profile.locations.iter().map(|location| {
        Location {
            mapping_index: EXECUTABLE,
            address: location.address.0,
            lines: location
                .lines
                .iter()
                .map(|line| Line {
                    function_index: index(line.function.0 as usize + 1),
                    line: i64::from(line.line),
                    column: 0,
                })
                .collect(),
            attribute_indices: Vec::new(),
        }
    }));
    locations.push(Location {
        mapping_index: 0,
        lines: vec![Line {
            function_index: index(lost_function),
            ..Line::default()
        }],
        ..Location::default()
    });
    locations
}

fn mapping(profile: &Profile, strings: &mut Strings, attributes: &mut Attributes) -> Mapping {
    let build_id = profile.target.build_id.as_deref();
    let build_id = build_id.map(|build_id| {
        // Go's own ids have slashes, those of the GNU linker are hexadecimal.
        let key = if build_id.contains('/') {
            "process.executable.build_id.go"
        } else {
            "process.executable.build_id.gnu"
        };
        attributes.index(strings, key, Value::StringValue(build_id.to_owned()), "")
    });
    Mapping {
        filename_strindex: strings.index(&profile.target.exe),
        attribute_indices: build_id.into_iter().collect(),
        ..Mapping::default()
    }
}

struct Strings {
    table: Vec<String>,
    indexes: HashMap<String, i32>,
}

impl Default for Strings {
    fn default() -> Self {
        Self {
            table: vec![String::new()],
            indexes: HashMap::from([(String::new(), 0)]),
        }
    }
}

impl Strings {
    fn index(&mut self, text: &str) -> i32 {
        if let Some(known) = self.indexes.get(text) {
            return *known;
        }
        let at = index(self.table.len());
        self.table.push(text.to_owned());
        self.indexes.insert(text.to_owned(), at);
        at
    }
}

/// An attribute as what it is known by.
#[derive(PartialEq, Eq, Hash)]
enum Known {
    Text(i32, String),
    Number(i32, i64),
}

struct Attributes {
    table: Vec<KeyValueAndUnit>,
    indexes: HashMap<Known, i32>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            table: vec![KeyValueAndUnit::default()],
            indexes: HashMap::new(),
        }
    }
}

impl Attributes {
    fn of_labels(&mut self, labels: &Labels, strings: &mut Strings) -> Vec<i32> {
        let mut set = Vec::new();
        let texts = [
            ("goalloc.type", &labels.type_name),
            ("goalloc.cause", &labels.cause),
            ("goalloc.call", &labels.call),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                set.push(self.index(strings, key, Value::StringValue(text.to_string()), ""));
            }
        }
        let growth = labels.growth;
        let numbers = [
            ("goalloc.object.size", labels.size_bytes, "By"),
            ("goalloc.element.size", labels.element_bytes, "By"),
            ("goalloc.growth.old_len", growth.map(|it| it.old_len), ""),
            ("goalloc.growth.old_cap", growth.map(|it| it.old_cap), ""),
            ("goalloc.growth.new_cap", growth.map(|it| it.new_cap), ""),
            ("process.pid", labels.pid.map(u64::from), ""),
        ];
        for (key, number, unit) in numbers {
            if let Some(number) = number {
                set.push(self.index(strings, key, Value::IntValue(signed(number)), unit));
            }
        }
        set
    }

    fn index(&mut self, strings: &mut Strings, key: &str, value: Value, unit: &str) -> i32 {
        let key_strindex = strings.index(key);
        let known = match &value {
            Value::StringValue(text) => Known::Text(key_strindex, text.clone()),
            Value::IntValue(number) => Known::Number(key_strindex, *number),
            _ => return 0,
        };
        *self.indexes.entry(known).or_insert_with(|| {
            self.table.push(KeyValueAndUnit {
                key_strindex,
                value: Some(AnyValue { value: Some(value) }),
                unit_strindex: strings.index(unit),
            });
            index(self.table.len() - 1)
        })
    }
}
