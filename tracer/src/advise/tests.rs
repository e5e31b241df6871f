use proptest::prelude::*;

use super::fixture::{Line, recording};
use super::*;
use crate::profile::strategy;

/// What is advised on one line.
fn found(line: Line<'_>) -> Vec<Advice> {
    advise(&recording(&[line])).unwrap().advice
}

fn appending<'a>(element_bytes: Option<u64>, sizes: &'a [(u64, u64)]) -> Line<'a> {
    Line {
        place: ("main.f", 3),
        calls: &["runtime.growslice"],
        what: ("[]main.T", "append growth"),
        element_bytes,
        sizes,
    }
}

fn filling<'a>(what: &'a str, unit: u64, sizes: &'a [(u64, u64)]) -> Line<'a> {
    Line {
        place: ("main.f", 3),
        calls: &["runtime.mapassign_fast64"],
        what: (what, "map growth"),
        element_bytes: Some(unit),
        sizes,
    }
}

#[test]
fn a_capacity_is_what_the_slices_grow_to() {
    let sizes = [(48, 100), (96, 100), (192, 100), (384, 100), (768, 100)];
    let advice = found(appending(Some(24), &sizes));
    let [advice] = advice.as_slice() else {
        panic!("{advice:?}");
    };
    let Finding::SliceGrowth {
        slices,
        capacity,
        capacity_bytes,
        ..
    } = advice.finding
    else {
        panic!("{advice:?}");
    };
    assert_eq!((slices, capacity, capacity_bytes), (100, Some(32), 768));
    assert_eq!(advice.saved_bytes, 100 * (48 + 96 + 192 + 384));
    assert!(
        to_text(&advise(&recording(&[appending(Some(24), &sizes)])).unwrap())
            .contains("make([]main.T, 0, 32)")
    );
    // Without the size of an element there are bytes all the same.
    let advice = found(appending(None, &sizes));
    assert!(matches!(
        advice[0].finding,
        Finding::SliceGrowth {
            capacity: None,
            capacity_bytes: 768,
            ..
        }
    ));
}

#[test]
fn what_fills_for_its_caller_is_told_from_what_does_not() {
    let through = |calls| Line {
        calls,
        ..appending(Some(1), &[(8, 100), (16, 100), (32, 100), (64, 100)])
    };
    let builder = recording(&[through(&[
        "runtime.growslice",
        "strings.(*Builder).WriteString",
    ])]);
    let text = to_text(&advise(&builder).unwrap());
    assert!(text.contains("Grow(64) on the strings.Builder"), "{text}");
    let decoder: &[&str] = &["runtime.growslice", "encoding/json.(*decodeState).array"];
    assert!(found(through(decoder)).is_empty());
}

#[test]
fn copies_of_slices_are_no_growth() {
    // Of one length, of two, of all lengths alike.
    assert!(found(appending(Some(8), &[(64, 1000)])).is_empty());
    assert!(found(appending(Some(8), &[(64, 1000), (128, 1000)])).is_empty());
    let all: Vec<_> = crate::golang::size_class::CLASS_BYTES[1..40]
        .iter()
        .map(|&bytes| (u64::from(bytes), 500))
        .collect();
    assert!(found(appending(Some(8), &all)).is_empty());
    // Few of the small sizes and many of the large ones.
    let more = [
        (8, 10),
        (16, 20),
        (32, 40),
        (64, 80),
        (128, 160),
        (256, 320),
    ];
    assert!(found(appending(Some(8), &more)).is_empty());
}

#[test]
fn a_hint_is_for_the_largest_table_of_either_layout() {
    // Buckets of 144 bytes; from 16 of them on there are some for overflow.
    let old = [
        (144, 10),
        (288, 10),
        (576, 10),
        (1152, 10),
        (2448, 10),
        (4896, 10),
    ];
    // Groups of 136 bytes.
    let new = [(136, 10), (272, 10), (544, 10), (1088, 10), (2176, 10)];
    for (what, unit, sizes, expected) in [
        ("[]map.bucket[int]int", 144, &old[..], 32 * 13 / 2),
        ("[]map.group[int]int", 136, &new[..], 128 * 7 / 8),
    ] {
        let advice = found(filling(what, unit, sizes));
        let [advice] = advice.as_slice() else {
            panic!("{advice:?}");
        };
        assert_eq!(advice.type_name.as_deref(), Some("map[int]int"));
        let Finding::MapGrowth { maps, hint, .. } = advice.finding else {
            panic!("{advice:?}");
        };
        assert_eq!((maps, hint), (10, expected), "{what}");
    }
}

#[test]
fn maps_that_stay_small_take_no_hint() {
    assert!(found(filling("[]map.group[int]int", 136, &[(136, 1000)])).is_empty());
    // Most of them stay small: a hint would cost more than it saves.
    let sizes = [(136, 1000), (272, 10), (544, 10)];
    assert!(found(filling("[]map.group[int]int", 136, &sizes)).is_empty());
}

#[test]
fn single_concatenations_are_no_loop() {
    let concatenating = |sizes| Line {
        place: ("main.f", 3),
        calls: &["runtime.concatstrings"],
        what: ("string", "string concatenation"),
        element_bytes: None,
        sizes,
    };
    let of_all_lengths: Vec<_> = (10..80)
        .map(|size| (size, 900 + size * 7919 % 500))
        .collect();
    assert!(found(concatenating(&of_all_lengths)).is_empty());
    let of_few: Vec<_> = (30..34).map(|size| (size, 1000)).collect();
    assert!(found(concatenating(&of_few)).is_empty());
    let looped: Vec<_> = (2..30).map(|turn| (turn * 10, 1000)).collect();
    assert_eq!(found(concatenating(&looped)).len(), 1);
}

#[test]
fn what_a_builder_makes_is_no_buffer() {
    let making = |calls| Line {
        place: ("main.f", 3),
        calls,
        what: ("[]uint8", "make slice"),
        element_bytes: Some(1),
        sizes: &[(4096, 1000)],
    };
    let builder: &[&str] = &["runtime.makeslice", "strings.(*Builder).grow"];
    assert!(found(making(builder)).is_empty());
    let reader: &[&str] = &["runtime.makeslice", "bufio.NewReader"];
    assert_eq!(
        found(making(reader))[0].place.through.as_deref(),
        Some("bufio.NewReader")
    );
}

#[test]
fn nothing_is_advised_under_one_percent_or_outside_the_program() {
    let boxing = |function, objects: &'static [(u64, u64)]| Line {
        place: (function, 3),
        calls: &["runtime.convT"],
        what: ("main.T", "interface boxing"),
        element_bytes: None,
        sizes: objects,
    };
    let rest = || Line {
        place: ("main.rest", 4),
        calls: &["runtime.newobject"],
        what: ("main.T", "new"),
        element_bytes: None,
        sizes: &[(100, 990)],
    };
    let of = |line| advise(&recording(&[line, rest()])).unwrap().advice.len();
    assert_eq!(of(boxing("main.f", &[(100, 10)])), 1);
    assert_eq!(of(boxing("main.f", &[(100, 9)])), 0);
    let mut inside = boxing("main.f", &[(100, 1000)]);
    inside.calls = &["runtime.convT", "encoding/json.f"];
    assert_eq!(of(inside), 0);
    let mut profile = recording(&[boxing("net/http.f", &[(100, 1000)])]);
    profile.samples[0].stack.pop();
    assert!(advise(&profile).unwrap().advice.is_empty());
}

#[test]
fn a_profile_without_causes_is_refused() {
    let mut profile = fixture::defects();
    for sample in &mut profile.samples {
        sample.labels.cause = None;
    }
    let error = advise(&profile).unwrap_err();
    assert!(error.to_string().contains("goalloc record"), "{error}");
    assert!(advise(&Profile::default()).unwrap().advice.is_empty());
}

proptest! {
    #[test]
    fn any_profile_is_read(profile in strategy::profile()) {
        if let Ok(advisory) = advise(&profile) {
            for advice in &advisory.advice {
                prop_assert!(advice.saved_bytes <= advisory.totals.bytes);
            }
            prop_assert!(to_json(&advisory).len() > 2);
            let _ = to_text(&advisory);
        }
    }
}
