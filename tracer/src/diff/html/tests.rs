//! The document against its golden file, and what is in the page.

use super::*;
use crate::diff::{Options, Per};
use crate::export::html::pages::{check_loads_nothing, check_policy, document};
use crate::output::golden;
use crate::profile::{Profile, fixture};
use crate::report::{By, Sort};

fn to_html(diff: &Diff<'_>) -> String {
    let mut page = Vec::new();
    write_html(diff, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// A recording, and one with more at its first site and less at its fourth.
fn recordings() -> [Profile; 2] {
    let before = fixture::service();
    let mut after = before.clone();
    after.samples[0].values.objects += 60_000;
    after.samples[0].values.bytes += 60_000 * 96;
    after.samples[3].values.objects -= 2;
    after.samples[3].values.bytes -= 2 * 65_536;
    [before, after]
}

#[test]
fn the_data_match_their_golden_file() {
    let [before, after] = recordings();
    let options = Options {
        per: Per::Operation(100.0, 200.0),
        sort: Sort::Objects,
        ..Options::default()
    };
    let diff = Diff::new(&before, &after, options).unwrap();
    let mut json = serde_json::to_vec_pretty(&model::document(&diff)).unwrap();
    json.push(b'\n');
    golden::check("html-diff.json", &json);
}

#[test]
fn the_page_loads_nothing_and_runs_its_script_only() {
    let [before, after] = recordings();
    let diff = Diff::new(&before, &after, Options::default()).unwrap();
    let page = to_html(&diff);
    check_loads_nothing(&page);
    check_policy(&page);
}

#[test]
fn names_are_in_the_document_only() {
    let [before, mut after] = recordings();
    let name = "</script><script>alert(1)</script>&\u{2028}{{script}}<!--";
    name.clone_into(&mut after.functions[0].name);
    name.clone_into(&mut after.target.exe);
    after.warnings = vec![name.to_owned()];
    let diff = Diff::new(&before, &after, Options::default()).unwrap();
    let page = to_html(&diff);
    assert!(!page.contains("alert(1)"));
    let document = document(&page);
    let strings = document["strings"].as_array().unwrap();
    assert!(strings.iter().any(|it| it == name));
    let facts = document["facts"].as_array().unwrap();
    let warning = format!("after: {name}");
    assert!(facts.iter().any(|fact| fact["value"] == warning));
}

#[test]
fn there_is_a_table_of_what_was_asked_for() {
    let [before, after] = recordings();
    let bys = |by| {
        let options = Options {
            by,
            ..Options::default()
        };
        let diff = Diff::new(&before, &after, options).unwrap();
        let document = serde_json::to_value(model::document(&diff)).unwrap();
        let tables = document["tables"].as_array().unwrap();
        let bys = tables
            .iter()
            .map(|table| table["by"].as_str().unwrap().to_owned());
        bys.collect::<Vec<_>>()
    };
    let usual = ["site", "function", "type", "cause", "package", "module"];
    assert_eq!(bys(By::Type), usual);
    assert_eq!(bys(By::Line)[6..], ["line"]);
}

/// Frames of both in one tree, with what each recording has of them.
#[test]
fn the_graph_has_both_recordings() {
    let [mut before, after] = recordings();
    let gone = before.samples[0].clone();
    before.samples.push(gone);
    let diff = Diff::new(&before, &after, Options::default()).unwrap();
    let document = serde_json::to_value(model::document(&diff)).unwrap();
    let numbers = |column: &str| -> Vec<u64> {
        let column = document["samples"]["type"][column].as_array().unwrap();
        column.iter().map(|it| it.as_u64().unwrap()).collect()
    };
    let (sides, bytes) = (numbers("side"), numbers("bytes"));
    let sum = |of: u64| -> u64 {
        let of_side = sides.iter().zip(&bytes).filter(|(side, _)| **side == of);
        of_side.map(|(_, bytes)| bytes).sum()
    };
    assert_eq!(sum(0), before.totals().bytes);
    assert_eq!(sum(1), after.totals().bytes);
}
