//! A recording with one of each defect, and such without any, for tests.

use crate::plan::growth::SPLIT;
use crate::profile::fixture::{Builder, TestFrame};
use crate::profile::{GrowthStep, Labels, Profile, Sample, Target, Values};

/// What a line allocates: its function and line, what it calls outwards, innermost first,
/// type and cause, size of an element, and objects by size.
pub struct Line<'a> {
    pub place: (&'a str, u32),
    pub calls: &'a [&'a str],
    pub what: (&'a str, &'a str),
    pub element_bytes: Option<u64>,
    pub sizes: &'a [(u64, u64)],
}

/// A recording of ten seconds with these lines.
pub fn recording(lines: &[Line<'_>]) -> Profile {
    let mut builder = Builder::default();
    let mut elements = Vec::new();
    for line in lines {
        let frames: Vec<[TestFrame<'_>; 1]> = line
            .calls
            .iter()
            .map(|name| [(*name, "/usr/local/go/src/some.go", 1)])
            .chain([[(line.place.0, "/home/dev/shop/main.go", line.place.1)]])
            .chain([[("main.main", "/home/dev/shop/main.go", 9)]])
            .collect();
        let stack: Vec<&[TestFrame<'_>]> = frames.iter().map(|it| &it[..]).collect();
        let stack = builder.stack(&stack);
        for &(size_bytes, objects) in line.sizes {
            builder.objects(stack.clone(), line.what, size_bytes, objects);
            elements.push(line.element_bytes);
        }
    }
    let mut profile = builder.finish();
    for (sample, element_bytes) in profile.samples.iter_mut().zip(elements) {
        sample.labels.element_bytes = element_bytes;
    }
    profile.duration_ns = 10_000_000_000;
    profile.target = Target {
        go_version: "go1.27.3".to_owned(),
        ..Target::default()
    };
    profile
}

/// Steps of growth as probes count them: what they are calls of, type and size of an element,
/// and (length, capacity, capacity then, how often).
pub struct Counted<'a> {
    pub call: &'a str,
    pub type_name: &'a str,
    pub element_bytes: Option<u64>,
    pub steps: &'a [(u64, u64, u64, u64)],
}

/// Adds steps, on the stack of a sample.
pub fn count(profile: &mut Profile, sample: usize, counted: &Counted<'_>) {
    let stack = profile.samples[sample].stack.clone();
    for &(old_len, old_cap, new_cap, calls) in counted.steps {
        profile.samples.push(Sample {
            stack: stack.clone(),
            values: Values {
                calls,
                ..Values::default()
            },
            labels: Labels {
                type_name: Some(counted.type_name.into()),
                call: Some(counted.call.into()),
                element_bytes: counted.element_bytes,
                growth: Some(GrowthStep {
                    old_len,
                    old_cap,
                    new_cap,
                }),
                ..Labels::default()
            },
            parts: Vec::new(),
        });
    }
}

/// Every kind of defect, with the steps of slices and maps.
pub fn counted_defects() -> Profile {
    let mut profile = defects();
    let full = |capacity: u64| (capacity, capacity, 2 * capacity, 500);
    let mut steps = vec![(0, 0, 1, 500)];
    steps.extend((0..9).map(|power| full(1 << power)));
    steps.push((512, 512, 848, 500));
    let slices = Counted {
        call: "runtime.growslice",
        type_name: "[]int",
        element_bytes: Some(8),
        steps: &steps,
    };
    count(&mut profile, 0, &slices);
    let mut tables = vec![(8, 8, 16, 300)];
    tables.extend((1..7).map(|power| (7 << power, 8 << power, 16 << power, 300)));
    let map = |call, steps| Counted {
        call,
        type_name: "map[string]main.Order",
        element_bytes: None,
        steps,
    };
    let of_map = |profile: &Profile| {
        let is_group = |it: &Sample| it.labels.cause.as_deref() == Some("map growth");
        profile.samples.iter().position(is_group).unwrap()
    };
    let at = of_map(&profile);
    count(
        &mut profile,
        at,
        &map("internal/runtime/maps.(*table).grow", &tables),
    );
    count(&mut profile, at, &map(SPLIT, &[(896, 1024, 2048, 300 * 3)]));
    profile
}

/// Every kind of defect.
pub fn defects() -> Profile {
    const GROW: &str = "internal/runtime/maps.(*table).grow";
    let concatenated: Vec<(u64, u64)> = (2..=40).map(|turn| (turn * 20, 400)).collect();
    let group = "[]map.group[string]main.Order";
    recording(&[
        Line {
            place: ("main.collect", 20),
            calls: &["runtime.growslice"],
            what: ("[]int", "append growth"),
            element_bytes: Some(8),
            sizes: &[
                (8, 500),
                (16, 500),
                (32, 500),
                (64, 500),
                (128, 500),
                (256, 500),
                (512, 500),
                (1024, 500),
                (2048, 500),
                (4096, 500),
                (6784, 500),
            ],
        },
        Line {
            place: ("main.index", 31),
            calls: &[
                "internal/runtime/maps.newarray",
                GROW,
                "runtime.mapassign_faststr",
            ],
            what: (group, "map growth"),
            element_bytes: Some(264),
            sizes: &[
                (528, 300),
                (1056, 300),
                (2112, 300),
                (4224, 300),
                (8448, 300),
                (16_896, 300),
                (33_792, 300),
            ],
        },
        Line {
            place: ("main.index", 31),
            calls: &[
                "internal/runtime/maps.newarray",
                "internal/runtime/maps.(*table).split",
                "runtime.mapassign_faststr",
            ],
            what: (group, "map growth"),
            element_bytes: Some(264),
            sizes: &[(33_792, 300 * 2 * 3)],
        },
        Line {
            place: ("main.render", 44),
            calls: &["runtime.rawstringtmp", "runtime.concatstrings"],
            what: ("string", "string concatenation"),
            element_bytes: None,
            sizes: &concatenated,
        },
        Line {
            place: ("main.lookUp", 52),
            calls: &["runtime.slicebytetostring"],
            what: ("string", "string conversion"),
            element_bytes: None,
            sizes: &[(120, 30_000), (48, 9000)],
        },
        Line {
            place: ("main.count", 60),
            calls: &["runtime.convT64"],
            what: ("runtime.uint64InterfacePtr", "interface boxing"),
            element_bytes: None,
            sizes: &[(8, 300_000)],
        },
        Line {
            place: ("main.(*conn).serve", 71),
            calls: &["runtime.makeslice", "bufio.NewReaderSize"],
            what: ("[]uint8", "make slice"),
            element_bytes: Some(1),
            sizes: &[(4096, 1500)],
        },
        Line {
            place: ("main.rare", 80),
            calls: &["runtime.convT64"],
            what: ("uint64", "interface boxing"),
            element_bytes: None,
            sizes: &[(8, 1000)],
        },
    ])
}
