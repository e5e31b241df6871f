//! `goalloc advise` on an attached process, with probes on what grows: against what the
//! program knows of its own growth, before and after its source is mended as advised.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use serde_json::Value;

use super::advise::{defects, mended, pieces_of, rebuilt, text};
use crate::common::{self, Slot, build::Variant, fixture::Fixture, goalloc::Attached};

/// Each function of the fixture, and what is wrong with it.
const DEFECTS: [(&str, &str); 7] = [
    ("main.appendsOnes", "slice-growth"),
    ("main.appendsPieces", "slice-growth"),
    ("main.builds", "slice-growth"),
    ("main.fillsFew", "map-growth"),
    ("main.fillsLarge", "map-growth"),
    ("main.fillsMany", "map-growth"),
    ("main.writesBuffer", "slice-growth"),
];

/// Most that may be left of what is to go: a tenth.
const LEFT: f64 = 0.1;

/// What the fixture says of itself.
#[derive(Debug, Deserialize)]
struct Truth {
    accounts: Vec<Account>,
}

/// What one of its functions grew.
#[derive(Debug, Deserialize)]
struct Account {
    function: String,
    things: u64,
    steps: u64,
    copied: u64,
}

/// What is advised on a program of which everything is traced, and what it did.
fn advised(executable: &Path) -> (Vec<Value>, BTreeMap<String, Account>) {
    let mut fixture = Fixture::start(executable, &["-n", "4"]);
    let advise = ["advise", "--max-overhead", "none", "--format", "json"];
    let attached = Attached::start(fixture.pid(), &advise);
    fixture.run_section();
    let (code, found) = attached.stop();
    assert_eq!(code, 0, "something was lost: {found:#}");
    let truth: Truth = fixture.finish_with();
    let accounts = truth.accounts.into_iter();
    let accounts = accounts.map(|it| (it.function.clone(), it)).collect();
    (pieces_of(&found), accounts)
}

fn assert_exact(minor: u32) {
    let Some((_slot, executable)) = common::traceable(Slot::take, minor, Variant::PLAIN, "growth")
    else {
        return;
    };
    let Some(toolchain) = common::toolchain(minor) else {
        return;
    };
    let (found, before) = advised(&executable);
    assert_eq!(defects(&found), DEFECTS, "{found:#?}");
    for advice in &found {
        let truth = &before[text(advice, "function")];
        let things = match text(advice, "finding") {
            "map-growth" => "maps",
            _ => "slices",
        };
        for (field, number) in [
            (things, truth.things),
            ("steps", truth.steps),
            ("copied", truth.copied),
        ] {
            assert_eq!(advice[field], number, "{field}: {advice:#}");
        }
        assert!(advice["steps_interval"].is_null(), "{advice:#}");
    }

    let folder = tempfile::tempdir().expect("a temporary folder");
    let executable = rebuilt(
        &toolchain,
        "growth",
        |source| mended(source, &found),
        &folder,
    );
    let (left, after) = advised(&executable);
    assert!(left.is_empty(), "{left:#?}");
    for (function, was) in &before {
        let is = &after[function];
        let (steps, copied) = (is.steps as f64, is.copied as f64);
        assert!(
            steps <= LEFT * was.steps as f64 && copied <= LEFT * was.copied as f64,
            "{was:?} became {is:?}"
        );
    }
}

#[test]
fn steps_are_the_programs_own_go1_19() {
    assert_exact(19);
}

#[test]
fn steps_are_the_programs_own_go1_24() {
    assert_exact(24);
}

#[test]
fn steps_are_the_programs_own_go1_27() {
    assert_exact(27);
}
