//! `goalloc trace`: the labels of goroutines, against what the program knows of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::trace::trace_program;

/// What the fixture `labels` says it did.
#[derive(Debug, Deserialize)]
struct Truth {
    goroutines: Vec<Account>,
}

/// The labels that one of its goroutines had at each object.
#[derive(Debug, Deserialize)]
struct Account {
    goroutine: u64,
    labels: Vec<BTreeMap<String, String>>,
}

fn labels(minor: u32) {
    let args = ["--max-overhead", "none", "--func", "runtime.newobject"];
    let Some(traced) = trace_program::<Truth>("labels", minor, &[], &args) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    assert_eq!(traced.truth.goroutines.len(), 4);
    for account in &traced.truth.goroutines {
        let calls = traced.calls.iter().filter(|call| {
            call["goid"] == account.goroutine
                && call["site"]["function"] == "main.(*worker).allocate"
        });
        let found: Vec<_> = calls.map(|call| &call["labels"]).collect();
        let expected: Vec<_> = account.labels.iter().map(|it| json!(it)).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn labels_go1_19() {
    labels(19);
}

#[test]
fn labels_go1_24() {
    labels(24);
}

#[test]
fn labels_go1_27() {
    labels(27);
}
