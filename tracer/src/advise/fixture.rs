//! A recording with one of each defect, and such without any, for tests.

use crate::profile::fixture::{Builder, TestFrame};
use crate::profile::{Profile, Target};

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
