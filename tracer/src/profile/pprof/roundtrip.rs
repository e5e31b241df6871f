//! Property tests over both directions.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::encode::to_proto;
use super::{DecodeError, MAX_DECODED_BYTES, decode, encode, proto};
use crate::profile::strategy::profile;
use crate::profile::{Intervals, Measure, Method, Values, fixture};

/// A message whose fields are all over the place.
fn message() -> impl Strategy<Value = Vec<u8>> {
    (profile(), any::<u64>(), any::<i64>()).prop_map(|(profile, id, index)| {
        let mut message = to_proto(&profile);
        let at = |len: usize| (len > 0).then(|| id as usize % len);
        if let Some(i) = at(message.sample.len()) {
            message.sample[i].location_id.push(id % 16);
            message.sample[i].label.push(proto::Label {
                key: index % 40,
                str: index % 7,
                num: index,
                num_unit: 0,
            });
        }
        if let Some(i) = at(message.location.len()) {
            message.location[i].id = id % 9;
        }
        if let Some(i) = at(message.function.len()) {
            message.function[i].name = index % 50;
        }
        message.encode_to_vec()
    })
}

proptest! {
    #[test]
    fn decode_gives_back_what_was_encoded(profile in profile()) {
        prop_assert_eq!(decode(&encode(&profile)).unwrap(), profile);
    }

    #[test]
    fn plain_bytes_decode_as_gzipped_ones(profile in profile()) {
        prop_assert_eq!(decode(&to_proto(&profile).encode_to_vec()).unwrap(), profile);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
        let _ = decode(&[&[0x1f, 0x8b], &*bytes].concat());
        let mut message = to_proto(&fixture::sampled());
        message.timeline.clone_from(&bytes);
        message.sampling = bytes;
        prop_assert!(decode(&message.encode_to_vec()).is_ok());
    }

    #[test]
    fn mutated_sampling_leaves_the_samples_alone(
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let profile = fixture::sampled();
        let mut message = to_proto(&profile);
        for (place, byte) in mutations {
            let place = place.index(message.sampling.len());
            message.sampling[place] = byte;
        }
        let read = decode(&message.encode_to_vec()).unwrap();
        prop_assert_eq!(read.totals(), profile.totals());
        let intervals = Intervals::of(&read);
        for sample in &read.samples {
            let value = sample.values.objects;
            if let Some(interval) = intervals.interval([sample], Measure::Objects) {
                prop_assert!(interval.low <= value && value <= interval.high);
            }
        }
    }

    #[test]
    fn mutated_timelines_still_sum_up(
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let profile = fixture::over_time();
        let mut message = to_proto(&profile);
        for (place, byte) in mutations {
            let place = place.index(message.timeline.len());
            message.timeline[place] = byte;
        }
        let read = decode(&message.encode_to_vec()).unwrap();
        prop_assert_eq!(read.totals(), profile.totals());
        if let Some(timeline) = read.timeline {
            for (index, slice) in timeline.slices.iter().enumerate() {
                let sum: u64 = timeline.series.iter().map(|it| it.heap_bytes[index]).sum();
                prop_assert_eq!(sum, slice.heap_bytes);
            }
        }
    }

    #[test]
    fn mutated_files_never_panic(
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        gzipped in any::<bool>(),
    ) {
        let profile = fixture::sampled();
        let mut bytes =
            if gzipped { encode(&profile) } else { to_proto(&profile).encode_to_vec() };
        for (place, byte) in mutations {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = decode(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = decode(&bytes);
    }

    #[test]
    fn wrong_ids_and_indexes_never_panic(bytes in message()) {
        let _ = decode(&bytes);
    }
}

#[test]
fn the_fixture_survives_and_its_bytes_repeat() {
    for profile in [fixture::service(), fixture::sampled()] {
        assert_eq!(decode(&encode(&profile)).unwrap(), profile);
        assert_eq!(encode(&profile), encode(&profile));
    }
}

#[test]
fn values_beyond_the_signed_range_are_clamped() {
    let mut profile = fixture::service();
    profile.samples[0].values.bytes = u64::MAX;
    assert_eq!(
        decode(&encode(&profile)).unwrap().samples[0].values.bytes,
        i64::MAX as u64
    );
}

#[test]
fn a_decompression_bomb_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..=MAX_DECODED_BYTES >> 20 {
        gzip.write_all(&zeros).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 4 << 20);
    assert!(matches!(decode(&bomb), Err(DecodeError::TooLarge)));
}

/// A heap profile as the Go runtime writes it: four sample types, no comments.
fn runtime_heap_profile() -> proto::Profile {
    let strings = [
        "",
        "space",
        "bytes",
        "alloc_objects",
        "count",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
        "main.f",
        "main.go",
        "/bin/app",
        "id",
    ];
    let index = |text| strings.iter().position(|s| *s == text).unwrap() as i64;
    let kind = |name, unit| proto::ValueType {
        r#type: index(name),
        unit: index(unit),
    };
    proto::Profile {
        sample_type: vec![
            kind("alloc_objects", "count"),
            kind("alloc_space", "bytes"),
            kind("inuse_objects", "count"),
            kind("inuse_space", "bytes"),
        ],
        sample: vec![proto::Sample {
            location_id: vec![7],
            value: vec![10, 480, 1, 48],
            label: vec![proto::Label {
                key: index("bytes"),
                num: 48,
                ..Default::default()
            }],
        }],
        mapping: vec![proto::Mapping {
            id: 1,
            filename: index("/bin/app"),
            build_id: index("id"),
            ..Default::default()
        }],
        location: vec![proto::Location {
            id: 7,
            mapping_id: 1,
            address: 0x1000,
            line: vec![proto::Line {
                function_id: 3,
                line: 9,
            }],
        }],
        function: vec![proto::Function {
            id: 3,
            name: index("main.f"),
            filename: index("main.go"),
            ..Default::default()
        }],
        string_table: strings.iter().map(|s| s.as_bytes().to_vec()).collect(),
        period_type: Some(kind("space", "bytes")),
        period: 524_288,
        ..Default::default()
    }
}

#[test]
fn heap_profiles_of_the_runtime_are_read_as_far_as_they_go() {
    let profile = decode(&runtime_heap_profile().encode_to_vec()).unwrap();
    assert_eq!(profile.coverage.method, Method::Unknown);
    assert_eq!(profile.target.exe, "/bin/app");
    assert!(
        profile.warnings[0].contains("one sample every 524288 bytes"),
        "{:?}",
        profile.warnings
    );
    let sample = &profile.samples[0];
    assert_eq!(
        sample.values,
        Values {
            objects: 10,
            bytes: 480,
            heap_bytes: 480,
            calls: 0
        }
    );
    assert_eq!(sample.labels.size_bytes, Some(48));
    assert_eq!(profile.site(sample).unwrap().function, "main.f");
}

#[test]
fn what_is_no_recording_is_refused_by_name() {
    let mut cpu = runtime_heap_profile();
    cpu.sample_type.truncate(1);
    let error = decode(&cpu.encode_to_vec()).unwrap_err().to_string();
    assert!(error.contains("sample types are alloc_objects;"), "{error}");

    let mut difference = runtime_heap_profile();
    difference.sample[0].value[1] = -1;
    assert!(matches!(
        decode(&difference.encode_to_vec()),
        Err(DecodeError::Negative)
    ));

    assert!(matches!(decode(b""), Err(DecodeError::Empty)));
    assert!(decode(b"\x7fELF\x02\x01\x01 and so on").is_err());

    let mut newer = to_proto(&fixture::service());
    let comment = *newer.comment.last().unwrap() as usize;
    newer.string_table[comment] = br#"goalloc: {"schema":99,"version":"9.9.9"}"#.to_vec();
    let error = decode(&newer.encode_to_vec()).unwrap_err().to_string();
    assert_eq!(
        error,
        "written by goalloc 9.9.9 with schema 99, this one reads up to 1; update goalloc"
    );
}

#[test]
fn comments_of_merged_recordings_add_up() {
    let profile = fixture::sampled();
    let mut message = to_proto(&profile);
    message.comment.extend_from_within(..);
    let merged = decode(&message.encode_to_vec()).unwrap();
    assert_eq!(merged.losses.events, 2 * profile.losses.events);
    assert_eq!(merged.coverage.traced_ns, 2 * profile.coverage.traced_ns);
    assert_eq!(merged.coverage.windows, 2 * profile.coverage.windows);
    assert_eq!(merged.coverage.method, Method::Windows);
    assert_eq!(merged.warnings, profile.warnings);
}
