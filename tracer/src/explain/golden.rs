//! A small program, its build log and its recording.

use super::*;
use crate::output::golden::check;
use crate::profile::Profile;
use crate::profile::fixture::Builder;

const LOG: &str = "\
# example.com/shop/order
order/order.go:7:6: can inline total with cost 12 as: func() int { return 1 }
order/order.go:12:9: &Order{...} escapes to heap in New:
order/order.go:12:9:   flow: ~r0 = &{storage for &Order{...}}:
order/order.go:12:9:     from &Order{...} (spill) at order/order.go:12:9
order/order.go:12:9:     from return &Order{...} (return) at order/order.go:12:2
order/order.go:12:9: &Order{...} escapes to heap
order/order.go:20:13: make([]string, n) escapes to heap
order/order.go:30:2: moved to heap: never
order/order.go:31:10: x does not escape
# example.com/shop
./main.go:9:14: leaking param: w
./main.go:15:13: ... argument does not escape
./main.go:15:14: n escapes to heap
./main.go:18:22: &Order{...} escapes to heap
";

fn profile() -> Profile {
    let mut builder = Builder::default();
    let malloc = ("runtime.mallocgc", "/go/src/runtime/malloc.go", 1000);
    let newobject = ("runtime.newobject", "/go/src/runtime/malloc.go", 1500);
    let grow = ("runtime.growslice", "/go/src/runtime/slice.go", 200);
    let main = ("main.main", "/src/shop/main.go", 15);
    let mut add = |frames: &[&[(&str, &str, u32)]], cause: &str, objects| {
        let stack = builder.stack(frames);
        builder.objects(stack, ("main.T", cause), 64, objects);
    };
    let new = ("example.com/shop/order.New", "/src/shop/order/order.go", 12);
    add(&[&[malloc], &[newobject], &[new], &[main]], "new", 100);
    // A function of another package that is not in the log, inlined at line 18.
    let helper = ("example.com/lib.Make", "/mod/lib@v1.2.3/lib.go", 5);
    let host = ("main.run", "/src/shop/main.go", 18);
    add(&[&[malloc], &[newobject], &[helper, host]], "new", 50);
    let lines = (
        "example.com/shop/order.Lines",
        "/src/shop/order/order.go",
        20,
    );
    add(
        &[&[malloc], &[grow], &[lines], &[main]],
        "append growth",
        30,
    );
    add(&[&[malloc], &[lines], &[main]], "string conversion", 20);
    add(
        &[
            &[malloc],
            &[("example.com/lib.Do", "/mod/lib/lib.go", 9)],
            &[main],
        ],
        "new",
        10,
    );
    add(&[&[malloc], &[main]], "interface boxing", 5);
    add(&[], "new", 1);
    let mut profile = builder.finish();
    profile.target.main_path = Some("example.com/shop".to_owned());
    profile
}

#[test]
fn every_byte_is_in_one_of_the_lists() {
    let (profile, log) = (profile(), BuildLog::parse(LOG).unwrap());
    let found = explain(&profile, &log);
    assert_eq!(found.totals, profile.totals());
    let costly: Vec<_> = found
        .costly
        .iter()
        .map(|(escapes, measured)| (escapes[0].line, measured.values.objects))
        .collect();
    assert_eq!(costly, [(12, 100), (18, 50), (15, 5)]);
    let blind: Vec<_> = found
        .blind
        .iter()
        .map(|spot| (spot.why, spot.measured.values.objects))
        .collect();
    assert_eq!(
        blind,
        [
            (Blind::RunTime, 30),
            (Blind::Unsaid, 20),
            (Blind::NotInLog, 10),
            (Blind::NoPlace, 1)
        ]
    );
    let never: Vec<_> = found.never_ran.iter().map(|it| it.line).collect();
    assert_eq!(never, [20, 30]);
}

#[test]
fn every_format_matches_its_golden_file() {
    let (profile, log) = (profile(), BuildLog::parse(LOG).unwrap());
    let found = explain(&profile, &log);
    check("explain.txt", to_table(&found, 20).as_bytes());
    check("explain-short.txt", to_table(&found, 1).as_bytes());
    check("explain.json", to_json(&found).as_bytes());
    check("explain.sarif", to_sarif(&found).as_bytes());
}

#[test]
fn the_sarif_is_what_its_schema_says() {
    let (profile, log) = (profile(), BuildLog::parse(LOG).unwrap());
    let text = to_sarif(&explain(&profile, &log));
    let mut sarif: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = jsonschema::validator_for(&published_schema()).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&sarif)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    // What has no place has none in this format either.
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 6);
    sarif["runs"][0]["results"][0]["level"] = "dear".into();
    assert!(!schema.is_valid(&sarif));
}

/// The schema of SARIF 2.1.0 as OASIS publishes it: the crate whose types are made from
/// it has it among its sources.
fn published_schema() -> serde_json::Value {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let metadata = cargo
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        // The others' dependencies are not fetched.
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|it| it["name"] == "serde-sarif").unwrap();
    let manifest = std::path::Path::new(package["manifest_path"].as_str().unwrap());
    let schema = std::fs::read_to_string(manifest.with_file_name("src/schema.json")).unwrap();
    // A bracket too many, in the pattern of the language that a run is in.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    serde_json::from_str(&schema).unwrap()
}
