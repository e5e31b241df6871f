//! Where an allocation is said to be: the function and line that was written,
//! inlined or not.

use std::fs;

use crate::common::{
    self, Slot,
    build::{self, Variant},
    fixture::Fixture,
    goalloc::{Recorder, Recording},
};

/// Marks a line of a fixture that allocates.
const MARK: &str = "// <- site";

fn record(minor: u32, variant: Variant, program: &str) -> Option<Recording> {
    let (_slot, executable) = common::traceable(Slot::take, minor, variant, program)?;
    let mut fixture = Fixture::start(&executable, &[]);
    let recorder = Recorder::start(fixture.pid(), &[]);
    fixture.run_section();
    let recording = recorder.stop();
    recording.assert_success();
    fixture.finish();
    Some(recording)
}

/// The marked lines of a fixture, each with the name of its function.
fn marked(program: &str) -> Vec<(String, usize)> {
    let source = build::sources().join(program).join("main.go");
    let text = fs::read_to_string(source).expect("a fixture");
    let mut function = "";
    let mut marked = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(rest) = line.strip_prefix("func ") {
            // A method's name is behind its receiver.
            let name = rest.strip_prefix('(').and_then(|it| it.split_once(") "));
            let name = name.map_or(rest, |(_, name)| name);
            function = name.split(['(', '[']).next().unwrap_or(name);
        }
        if line.ends_with(MARK) {
            marked.push((function.to_owned(), index + 1));
        }
    }
    assert!(!marked.is_empty(), "{program} marks no site");
    marked
}

fn assert_lines(minor: u32, variant: Variant, program: &str) {
    let Some(recording) = record(minor, variant, program) else {
        return;
    };
    let report = recording.report("site");
    let keys: Vec<_> = report.rows.iter().map(|it| it.key.as_str()).collect();
    for (function, line) in marked(program) {
        let at = format!("main.go:{line}");
        let found = keys.iter().any(|key| {
            key.split_once(' ')
                .is_some_and(|(name, place)| name.contains(&function) && place.ends_with(&at))
        });
        assert!(found, "no site {function} at {at} among {keys:#?}");
    }
}

/// Fails unless some stack has these frames, one calling the next, and the
/// last is the site.
fn assert_chain(stacks: &[(Vec<String>, u64)], chain: &[&str]) {
    let found = stacks.iter().any(|(frames, _)| {
        frames.windows(chain.len()).any(|window| {
            window
                .iter()
                .zip(chain)
                .all(|(frame, name)| frame.starts_with(name))
        })
    });
    assert!(found, "{chain:?} is in none of {stacks:#?}");
}

fn assert_sites(minor: u32) {
    let stripped = Variant {
        name: "stripped",
        flags: &["-ldflags=-s -w"],
        ..Variant::PLAIN
    };
    for variant in [Variant::PLAIN, stripped] {
        for program in ["new", "generics", "inline", "goroutines"] {
            assert_lines(minor, variant, program);
        }
        let Some(recording) = record(minor, variant, "inline") else {
            continue;
        };
        let stacks = recording.folded();
        assert_chain(&stacks, &["main.section", "main.callsLeaf", "main.leaf"]);
        assert_chain(
            &stacks,
            &[
                "main.section",
                "main.callsMiddle",
                "main.middle",
                "main.inner",
            ],
        );
    }
}

#[test]
fn go1_19() {
    assert_sites(19);
}

#[test]
fn go1_22() {
    assert_sites(22);
}

#[test]
fn go1_25() {
    assert_sites(25);
}

#[test]
fn go1_27() {
    assert_sites(27);
}
