//! The message as JSON, as protobuf's JSON mapping has it: names in camel case, 64-bit
//! integers as strings.

use std::fmt::Display;
use std::io::{self, Write};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::profiles::v1development as proto;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::super::seq::Seq;
use super::dictionary::Dictionary;
use super::resource::{of_process, of_recording};
use super::{SAMPLE_TYPES, SCOPE, start_unix_ns};
use crate::profile::Profile;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfilesData<P, D> {
    resource_profiles: [ResourceProfiles<P>; 1],
    dictionary: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceProfiles<P> {
    resource: Json,
    scope_profiles: [ScopeProfiles<P>; 1],
}

#[derive(Serialize)]
struct ScopeProfiles<P> {
    scope: Json,
    profiles: [P; SAMPLE_TYPES.len()],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileFields<S> {
    sample_type: Json,
    samples: S,
    time_unix_nano: String,
    duration_nano: String,
    period_type: Json,
    period: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SampleFields<'a> {
    stack_index: i32,
    attribute_indices: &'a [i32],
    values: [Text<i64>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DictionaryFields<'a, S> {
    mapping_table: Vec<Json>,
    location_table: Vec<Json>,
    function_table: Vec<Json>,
    link_table: Vec<Json>,
    string_table: &'a [String],
    attribute_table: Vec<Json>,
    stack_table: S,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StackFields<S> {
    location_indices: S,
}

/// A number as a string.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Writes `profile` as a `ProfilesData` message, on one line.
pub(in crate::export) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let dictionary = &Dictionary::of(profile);
    let mut types = dictionary.sample_types.iter();
    let profiles = SAMPLE_TYPES.map(|(_, _, value)| {
        let samples = move || {
            let samples = dictionary.samples(&profile.samples, value);
            samples.map(|(stack_index, attribute_indices, value)| SampleFields {
                stack_index,
                attribute_indices,
                values: [Text(value)],
            })
        };
        ProfileFields {
            sample_type: types.next().map_or(Json::Null, value_type),
            samples: Seq(samples),
            time_unix_nano: start_unix_ns(profile).to_string(),
            duration_nano: profile.duration_ns.to_string(),
            period_type: value_type(&dictionary.period_type),
            period: "1",
        }
    });
    let stacks = || {
        dictionary.stacks().map(|stack| StackFields {
            location_indices: Seq(move || stack.indexes()),
        })
    };
    let data = ProfilesData {
        resource_profiles: [ResourceProfiles {
            resource: json!({"attributes": attributes(&of_process(profile))}),
            scope_profiles: [ScopeProfiles {
                scope: json!({
                    "name": SCOPE,
                    "version": env!("CARGO_PKG_VERSION"),
                    "attributes": attributes(&of_recording(profile)),
                }),
                profiles,
            }],
        }],
        dictionary: DictionaryFields {
            mapping_table: dictionary.mappings.iter().map(mapping).collect(),
            location_table: dictionary.locations.iter().map(location).collect(),
            function_table: dictionary.functions.iter().map(function).collect(),
            link_table: dictionary.links.iter().map(|_| json!({})).collect(),
            string_table: &dictionary.strings,
            attribute_table: dictionary.attributes.iter().map(unit_attribute).collect(),
            stack_table: Seq(stacks),
        },
    };
    serde_json::to_writer(&mut *out, &data)?;
    out.write_all(b"\n")
}

fn value_type(value_type: &proto::ValueType) -> Json {
    json!({"typeStrindex": value_type.type_strindex, "unitStrindex": value_type.unit_strindex})
}

fn mapping(mapping: &proto::Mapping) -> Json {
    json!({
        "filenameStrindex": mapping.filename_strindex,
        "attributeIndices": mapping.attribute_indices,
    })
}

fn location(location: &proto::Location) -> Json {
    let line = |line: &proto::Line| json!({"functionIndex": line.function_index, "line": line.line.to_string()});
    json!({
        "mappingIndex": location.mapping_index,
        "address": location.address.to_string(),
        "lines": location.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn function(function: &proto::Function) -> Json {
    json!({
        "nameStrindex": function.name_strindex,
        "systemNameStrindex": function.system_name_strindex,
        "filenameStrindex": function.filename_strindex,
        "startLine": function.start_line.to_string(),
    })
}

fn unit_attribute(attribute: &proto::KeyValueAndUnit) -> Json {
    json!({
        "keyStrindex": attribute.key_strindex,
        "value": any_value(attribute.value.as_ref()),
        "unitStrindex": attribute.unit_strindex,
    })
}

fn attributes(attributes: &[KeyValue]) -> Vec<Json> {
    let attribute = |it: &KeyValue| json!({"key": it.key, "value": any_value(it.value.as_ref())});
    attributes.iter().map(attribute).collect()
}

/// The kinds of value there are in this message.
fn any_value(value: Option<&AnyValue>) -> Json {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => json!({"stringValue": text}),
        Some(Value::IntValue(number)) => json!({"intValue": number.to_string()}),
        Some(Value::ArrayValue(array)) => {
            let values = array.values.iter().map(|value| any_value(Some(value)));
            json!({"arrayValue": {"values": values.collect::<Vec<_>>()}})
        }
        _ => json!({}),
    }
}
