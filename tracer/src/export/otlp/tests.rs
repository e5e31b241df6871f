use opentelemetry_proto::tonic::profiles::v1development::ProfilesData;
use proptest::prelude::*;
use prost::Message;

use super::super::{Format, Value, written};
use super::*;
use crate::output::golden;
use crate::profile::{fixture, strategy};

fn decoded(profile: &Profile) -> ProfilesData {
    let mut bytes = Vec::new();
    write_protobuf(profile, &mut bytes).unwrap();
    ProfilesData::decode(&*bytes).unwrap()
}

#[test]
fn the_json_matches_its_golden_file() {
    let text = written(&fixture::service(), Format::OtlpJson, Value::Bytes, None);
    golden::check("service.otlp.json", text.as_bytes());
}

#[test]
fn samples_lead_to_functions_and_labels() {
    let data = decoded(&fixture::service());
    let dictionary = data.dictionary.unwrap();
    let text = |at: i32| dictionary.string_table[at as usize].as_str();
    let sample = &data.resource_profiles[0].scope_profiles[0].profiles[0].samples[0];
    let names: Vec<&str> = dictionary.stack_table[sample.stack_index as usize]
        .location_indices
        .iter()
        .flat_map(|at| &dictionary.location_table[*at as usize].lines)
        .map(|line| &dictionary.function_table[line.function_index as usize])
        .map(|function| text(function.name_strindex))
        .collect();
    assert_eq!(
        names[..3],
        ["runtime.newobject", "main.newOrder", "main.(*Shop).Place"]
    );
    let keys: Vec<&str> = sample
        .attribute_indices
        .iter()
        .map(|at| text(dictionary.attribute_table[*at as usize].key_strindex))
        .collect();
    assert_eq!(
        keys,
        ["goalloc.type", "goalloc.cause", "goalloc.object.size"]
    );
}

proptest! {
    #[test]
    fn what_is_written_bit_by_bit_is_the_message(mut profile in strategy::profile()) {
        for sample in &mut profile.samples {
            sample.values.bytes %= 1 << 40;
        }
        let data = decoded(&profile);
        let mut bytes = Vec::new();
        write_protobuf(&profile, &mut bytes).unwrap();
        prop_assert_eq!(data.encode_to_vec(), bytes);
        let samples = &data.resource_profiles[0].scope_profiles[0].profiles[0].samples;
        let sum: i64 = samples.iter().map(|sample| sample.values[0]).sum();
        prop_assert_eq!(sum as u64, profile.totals().bytes);
        let stacks = data.dictionary.unwrap().stack_table.len() as i32;
        prop_assert!(samples.iter().all(|it| (1..stacks).contains(&it.stack_index)));
    }
}
