//! Events against golden files.

use std::sync::Arc;

use super::*;
use crate::addr::ProcAddr;
use crate::counters::HeapSizes;
use crate::output::golden::check;

const START_NS: u64 = 1_000_000_000;

fn start() -> Start {
    Start {
        pid: 4711,
        exe: "/srv/shop".to_owned(),
        go_version: "go1.24.11".to_owned(),
        functions: vec!["runtime.mapassign_faststr".to_owned()],
        warnings: Vec::new(),
        clocks_ns: (START_NS, 1_700_000_000_000_000_000),
    }
}

fn events() -> Vec<Event> {
    let position = |function: &str, line, runtime| {
        Arc::new(Position {
            function: function.to_owned(),
            file: "/src/shop/main.go".to_owned(),
            line,
            runtime,
        })
    };
    let argument = |name, value| Argument { name, value };
    let text = |start: &[u8], length_bytes| Value::Text {
        start: start.to_vec(),
        length_bytes,
    };
    let label = |key: &str, value: &[u8]| Label {
        key: key.to_owned(),
        value: text(value, value.len() as u64),
    };
    let site = position("main.(*shop).add", 31, false);
    let event = Event {
        time_ns: START_NS + 1_234_567,
        tid: 4713,
        goid: Some(18),
        function: "runtime.mapassign_faststr".into(),
        arguments: vec![
            argument(
                "type",
                Value::Type(ProcAddr(0x4b_1000), Some("map[string]int".into())),
            ),
            argument("map", Value::Pointer(ProcAddr(0xc0_0007_e0c0))),
            argument("key", text(b"say \"hi\"\n\xff", 10)),
        ],
        outcome: Outcome::Returned(vec![argument(
            "element",
            Value::Pointer(ProcAddr(0xc0_0008_0008)),
        )]),
        labels: Some(Arc::new([
            label("endpoint", b"/cart"),
            label("user", b"a \"b\""),
        ])),
        site: Some(Arc::clone(&site)),
        stack: vec![site, position("main.main", 12, false)],
    };
    let long = Event {
        time_ns: START_NS + 2_000_000,
        arguments: vec![
            argument("type", Value::Type(ProcAddr(0xdead), None)),
            argument("map", Value::Unreadable),
            argument("key", text(b"abc", 300)),
        ],
        outcome: Outcome::Left,
        labels: None,
        ..event.clone()
    };
    let lone = Event {
        time_ns: long.time_ns,
        goid: None,
        function: "runtime.mallocgc".into(),
        arguments: vec![
            argument("size", Value::Unsigned(u64::MAX)),
            argument("type", Value::Type(ProcAddr(0), None)),
            argument("hint", Value::Signed(-1)),
        ],
        outcome: Outcome::NotWatched,
        labels: Some(Arc::default()),
        site: None,
        stack: Vec::new(),
        ..event
    };
    let grown = Event {
        function: "runtime.growslice".into(),
        arguments: Vec::new(),
        outcome: Outcome::Returned(vec![
            argument("pointer", Value::Pointer(ProcAddr(0xc0_0009_0000))),
            argument("len", Value::Signed(5)),
            argument("found", Value::Bool(true)),
        ]),
        ..lone.clone()
    };
    let running = Event {
        outcome: Outcome::Running,
        ..grown.clone()
    };
    let unseen = Event {
        outcome: Outcome::Unseen,
        ..grown.clone()
    };
    vec![event, long, lone, grown, running, unseen]
}

const GAP: Gap = Gap {
    from_ns: START_NS + 3_000_000,
    length_ns: 250_000_000,
    counted: 7,
    estimated: 1200,
};

fn collected() -> Vec<Collected> {
    let site = |line, calls, bytes| SiteAllocated {
        site: Some(Arc::new(Position {
            function: "main.fill".to_owned(),
            file: "/src/shop/main.go".to_owned(),
            line,
            runtime: false,
        })),
        calls,
        bytes,
    };
    let one = Collected {
        collection: Collection {
            noticed_ns: START_NS + 3_000_000,
            late_ns: 1_140_000,
            number: 7,
            collections: 1,
            forced: 1,
            heap: Some(HeapSizes {
                start_bytes: Some(4 << 20),
                end_bytes: 5 << 20,
                live_bytes: 1 << 20,
                goal_bytes: 4 << 20,
            }),
        },
        allocated: Some(Allocated {
            calls: 120,
            bytes: 4096,
            sites: vec![
                site(12, 100, 3000),
                SiteAllocated {
                    site: None,
                    ..site(0, 20, 1096)
                },
            ],
        }),
    };
    let several = Collected {
        collection: Collection {
            noticed_ns: START_NS + 9_000_000,
            number: 10,
            collections: 3,
            forced: 2,
            heap: None,
            ..one.collection
        },
        allocated: None,
    };
    let quiet = Collected {
        collection: Collection {
            forced: 0,
            ..one.collection
        },
        allocated: Some(Allocated::default()),
    };
    vec![one, several, quiet]
}

fn end() -> End {
    End {
        length_ns: 10_000_000_000,
        shown: 3,
        lost: 2,
        lost_returns: 0,
        unseen: 0,
        skipped: GAP,
        overhead_ns: Some((180.0, 10_000.0)),
    }
}

#[test]
fn text() {
    let mut text = String::new();
    for with_stack in [false, true] {
        for event in events() {
            text += &call_line(&event, START_NS, with_stack);
        }
    }
    text += &gap_line(&GAP, START_NS);
    for collected in collected() {
        text += &collected_line(&collected, START_NS);
    }
    text += &end_line(&end());
    text += "\n";
    text += &end_line(&End {
        shown: 10_000,
        length_ns: 1_500_000_000,
        ..End::default()
    });
    text += "\n";
    text += &end_line(&End {
        lost_returns: 3,
        unseen: 4,
        skipped: Gap::default(),
        ..end()
    });
    check("trace.txt", text.as_bytes());
}

#[test]
fn json() {
    let start = start();
    let mut text = start_json(&start);
    for event in events() {
        text += &call_json(&event, &start);
    }
    text += &gap_json(&GAP, &start);
    for collected in collected() {
        text += &collected_json(&collected, &start);
    }
    text += &end_json(&end());
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }
    check("trace.json", text.as_bytes());
}
