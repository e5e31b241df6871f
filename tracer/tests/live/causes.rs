//! Why each object was allocated: every object of a function that allocates for one
//! cause alone has that cause, on every release.

use std::collections::BTreeMap;

use serde_json::Value;
use tracer::cause::Cause;

use crate::common::{
    self, Slot,
    build::Variant,
    fixture::Fixture,
    goalloc::{Recorder, goalloc, output},
};

/// What the fixture's functions are named after.
const PREFIX: &str = "main.cause";

/// Calls of each function.
const CALLS: u64 = 400;

/// Those of which the runtime has objects left over, or makes one for several.
const FEWER: [Cause; 4] = [
    Cause::MapGrowth,
    Cause::Goroutine,
    Cause::Select,
    Cause::Defer,
];

/// Objects by function of the fixture and cause.
type Objects = BTreeMap<(String, String), u64>;

fn traced(minor: u32) -> Option<Objects> {
    let (_slot, executable) = common::traceable(Slot::take, minor, Variant::PLAIN, "causes")?;
    let mut fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    recording.assert_success();
    fixture.finish();
    let mut export = goalloc();
    export
        .args(["export", "--format", "json"])
        .arg(recording.file());
    let export: Value = serde_json::from_str(&output(&mut export, &[0])).expect("JSON");
    Some(by_function(&export))
}

fn by_function(export: &Value) -> Objects {
    let mut objects = Objects::new();
    let samples = export["samples"].as_array().expect("samples").iter();
    // Calls of map functions are counted beside.
    for sample in samples.filter(|sample| sample["call"].is_null()) {
        let frames = sample["stack"].as_array().expect("a stack").iter();
        let mut names = frames.filter_map(|index| {
            let frame = &export["frames"][index.as_u64()? as usize];
            frame["function"].as_str()
        });
        let Some(function) = names.find_map(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let cause = sample["cause"].as_str().expect("a cause").to_owned();
        *objects.entry((function.to_owned(), cause)).or_default() +=
            sample["objects"].as_u64().expect("objects");
    }
    objects
}

/// `make slice` as the fixture's function has it.
fn function_of(cause: Cause) -> String {
    let words = cause.name().split(' ');
    words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

fn every_cause(minor: u32) {
    let Some(mut objects) = traced(minor) else {
        return;
    };
    println!("Go 1.{minor}: {objects:?}");
    // What the runtime allocates for itself has no function of the program above it.
    let apart = [Cause::Runtime, Cause::Other];
    for cause in Cause::ALL.into_iter().filter(|it| !apart.contains(it)) {
        let found = objects.remove(&(function_of(cause), cause.name().to_owned()));
        let least = if FEWER.contains(&cause) { 1 } else { CALLS };
        assert!(found >= Some(least), "{cause}: {found:?}");
    }
    assert_eq!(objects, Objects::new(), "other causes than the function's");
}

macro_rules! every_release {
    ($($name:ident: $minor:literal,)+) => {
        $(#[test]
        fn $name() {
            every_cause($minor);
        })+
    };
}

every_release! {
    go1_19: 19,
    go1_21: 21,
    go1_22: 22,
    go1_23: 23,
    go1_24: 24,
    go1_25: 25,
    go1_26: 26,
    go1_27: 27,
}
