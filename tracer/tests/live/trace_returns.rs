//! `goalloc trace --return`: what each call returns, against what the program knows of
//! itself; and the target lives on, whatever its stacks do.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::trace::{Traced, number, trace_program};

/// What the fixture `returns` says it did.
#[derive(Debug, Deserialize)]
struct Truth {
    goroutines: Vec<Account>,
}

/// What one of its goroutines was given.
#[derive(Debug, Deserialize)]
struct Account {
    goroutine: u64,
    elements: Vec<u64>,
    found: Vec<bool>,
    slices: Vec<[u64; 3]>,
    objects: Vec<u64>,
}

/// Ten thousand assignments, look-ups and objects, from four goroutines.
const MANY: [&str; 6] = ["-g", "4", "-n", "2500", "-s", "12"];

const EVERY_RETURN: [&str; 11] = [
    "--return",
    "--max-overhead",
    "none",
    "--func",
    "runtime.mapassign*",
    "--func",
    "runtime.mapaccess2_fast64",
    "--func",
    "runtime.growslice",
    "--func",
    "runtime.newobject",
];

impl Traced<Truth> {
    /// The calls of a goroutine of the fixture at one site, in order.
    fn calls_at<'a>(
        &'a self,
        account: &'a Account,
        site: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        self.calls.iter().filter(move |call| {
            call["goid"] == account.goroutine && call["site"]["function"] == site
        })
    }
}

/// Like `assert_eq`, of thousands.
fn assert_same(found: &[Value], expected: &[Value]) {
    let mut pairs = found.iter().zip(expected);
    assert_eq!(pairs.find(|(found, expected)| found != expected), None);
    assert_eq!(found.len(), expected.len());
}

fn address(value: u64) -> Value {
    json!(format!("{value:#x}"))
}

fn every_return(minor: u32) {
    let Some(traced) = trace_program::<Truth>("returns", minor, &MANY, &EVERY_RETURN) else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    for count in ["lost", "lost_returns", "unseen"] {
        assert_eq!(number(&traced.end[count]), 0, "{count}");
    }
    for account in &traced.truth.goroutines {
        let results = |function: &str, site: &str| -> Vec<Value> {
            let calls = traced.calls_at(account, site);
            let calls = calls.filter(|call| call["function"] == function);
            calls.map(|call| call["results"].clone()).collect()
        };
        let elements = account.elements.iter();
        let expected: Vec<_> = elements
            .map(|at| json!({"element": address(*at)}))
            .collect();
        let found = results("runtime.mapassign_fast64", "main.(*worker).assign");
        assert_same(&found, &expected);
        let objects = account.objects.iter();
        let expected: Vec<_> = objects.map(|at| json!({"pointer": address(*at)})).collect();
        let found = results("runtime.newobject", "main.(*worker).descend");
        assert_same(&found, &expected);
        let slices = account.slices.iter();
        let found = results("runtime.growslice", "main.(*worker).grow");
        for (found, [pointer, len, cap]) in found.iter().zip(slices) {
            assert_eq!(
                (&found["pointer"], &found["cap"]),
                (&address(*pointer), &json!(cap))
            );
            // Up to Go 1.19 the compiler adds the new elements to the length itself.
            let len = if minor < 20 { len - 1 } else { *len };
            assert_eq!(found["len"], json!(len));
        }
        assert_eq!(found.len(), account.slices.len());
        let looks = results("runtime.mapaccess2_fast64", "main.(*worker).look");
        let found = looks.iter().map(|it| it["found"].as_bool());
        assert!(found.eq(account.found.iter().copied().map(Some)));
        // Of the keys that cannot be hashed nothing returns.
        let endings = traced.calls_at(account, "main.(*worker).tries");
        let endings = endings.filter(|call| call["function"] == "runtime.mapassign");
        let endings: Vec<_> = endings.map(|call| &call["ending"]).collect();
        assert_eq!(endings, ["left", "returned"].repeat(5));
    }
}

#[test]
fn every_return_go1_19() {
    every_return(19);
}

#[test]
fn every_return_go1_24() {
    every_return(24);
}

#[test]
fn every_return_go1_27() {
    every_return(27);
}

/// Traced functions that call each other: an object has the same address in all of them,
/// and the lines are in the order of the calls.
#[test]
fn nested_calls() {
    let args = [
        "--return",
        "--max-overhead",
        "none",
        "--func",
        "runtime.newobject",
        "--func",
        "runtime.mallocgc*",
    ];
    let Some(traced) = trace_program::<Truth>("returns", 24, &["-g", "2", "-n", "1000"], &args)
    else {
        return;
    };
    assert_eq!(traced.code, Some(0), "{}", traced.stderr);
    for account in &traced.truth.goroutines {
        let calls: Vec<_> = traced
            .calls_at(account, "main.(*worker).descend")
            .map(|call| (call["function"].as_str(), &call["results"]["pointer"]))
            .collect();
        assert_eq!(calls.len(), 3 * account.objects.len());
        for (calls, object) in calls.chunks(3).zip(&account.objects) {
            let functions = [
                "runtime.newobject",
                "runtime.mallocgc",
                "runtime.mallocgcSmallScanNoHeader",
            ];
            let object = address(*object);
            assert_eq!(calls, functions.map(|function| (Some(function), &object)));
        }
    }
}

/// Where records are lost a result is missing, and never that of another call.
#[test]
fn losses_make_no_result_wrong() {
    let starved = [&EVERY_RETURN[..], &["--ring-size", "16KiB"]].concat();
    let Some(traced) = trace_program::<Truth>("returns", 27, &MANY, &starved) else {
        return;
    };
    assert!(number(&traced.end["lost"]) > 0, "{:?}", traced.end);
    let mut told = 0;
    for account in &traced.truth.goroutines {
        for call in traced.calls_at(account, "main.(*worker).assign") {
            if call["function"] == "runtime.mapassign_fast64" && call["ending"] == "returned" {
                let key = number(&call["arguments"]["key"]) as usize;
                assert_eq!(call["results"]["element"], address(account.elements[key]));
                told += 1;
            }
        }
    }
    assert!(told > 0, "nothing was told");
}
