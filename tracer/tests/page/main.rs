//! Pages that `goalloc export --format html` writes, in a browser, and those of `goalloc
//! diff` ([`difference`]): they show what the report says, do what a user does to them, and
//! run nothing that a target's names hold.
//!
//! They need Chromium and Node, which `cargo xtask setup --test` installs. Without them
//! they skip and say so, unless `GOALLOC_REQUIRE_LIVE=1` makes them fail.

mod browser;
mod difference;
mod profiles;
#[path = "../common/skip.rs"]
mod skip;

use std::{fs, path::Path, process::Command};

use browser::{Browser, Page, node};
use profiles::{MARKUP, to_html};
use serde_json::{Value, json};
use skip::skip;
use tracer::profile::{Interval, Profile, Sample, pprof};
use tracer::report::{By, OVER_TIME, Options, Report, Sort, Weight, facts, units};

/// Has a scenario of the driver done to the page of `profile`.
fn in_browser(scenario: &str, profile: &Profile, expected: &Value) {
    in_page(scenario, &to_html(profile), expected);
}

/// Has a scenario of the driver done to a page.
fn in_page(scenario: &str, html: &str, expected: &Value) {
    match Browser::find() {
        Ok(browser) => {
            let page = Page::write(html);
            browser.run(scenario, &page.path(), expected);
        }
        Err(reason) => skip(&reason),
    }
}

fn percent(part: u64, whole: u64) -> String {
    let percent = part as f64 / whole as f64 * 100.0;
    if percent < 0.05 {
        "<0.1".to_owned()
    } else {
        format!("{percent:.1}")
    }
}

/// What the page says of a search that finds the samples with `is_found`.
fn matched(profile: &Profile, is_found: impl Fn(&Sample) -> bool) -> String {
    let found = profile.samples.iter().filter(|sample| is_found(sample));
    let sum = found.map(|sample| sample.values.bytes).sum();
    let share = percent(sum, profile.totals().bytes);
    format!("{share} % matched ({})", units::bytes(sum))
}

fn has_frame(profile: &Profile, sample: &Sample, is_it: impl Fn(&str) -> bool) -> bool {
    profile
        .frames(&sample.stack)
        .any(|frame| is_it(&frame.function))
}

/// The rows of a report as the page has them: name, value, how far it is off, share.
fn report_rows(profile: &Profile, by: By, sort: Sort) -> Value {
    let options = Options {
        by,
        sort,
        top: 0,
        only: None,
    };
    let report = Report::new(profile, options);
    let totals = report.totals;
    let rows = report.rows.iter().map(|row| {
        let (value, total, interval) = match sort {
            Sort::Bytes => (row.values.bytes, totals.bytes, row.bytes_interval),
            Sort::Objects => (row.values.objects, totals.objects, row.objects_interval),
        };
        let words = match sort {
            Sort::Bytes => units::bytes(value),
            Sort::Objects => units::count(value),
        };
        // The position of a site is beside its name.
        let name = row.key.split(" /").next();
        json!([
            name,
            words,
            units::percent_off(value, interval),
            percent(value, total)
        ])
    });
    json!({"by": by.name(), "value": sort.name(), "rows": rows.collect::<Vec<_>>()})
}

#[test]
fn header_totals_and_tables_are_the_report_s() {
    let profile = profiles::shop();
    let mut facts = facts(&Report::new(&profile, Options::default()));
    // The page draws it.
    facts.retain(|fact| fact.name != OVER_TIME);
    let (plain, notes): (Vec<_>, Vec<_>) =
        facts.iter().partition(|fact| fact.weight == Weight::Plain);
    let totals = profile.totals();
    let tables = [
        report_rows(&profile, By::Site, Sort::Bytes),
        report_rows(&profile, By::Function, Sort::Objects),
        report_rows(&profile, By::Type, Sort::Bytes),
        report_rows(&profile, By::Cause, Sort::Objects),
        report_rows(&profile, By::Package, Sort::Bytes),
        report_rows(&profile, By::Module, Sort::Bytes),
    ];
    let expected = json!({
        "facts": plain.iter().map(|fact| json!([fact.name, fact.value])).collect::<Vec<_>>(),
        "notes": notes.iter()
            .map(|fact| format!("{} {}", fact.name.trim_start_matches("!!! "), fact.value))
            .collect::<Vec<_>>(),
        "totals": {
            "bytes": units::bytes(totals.bytes),
            "objects": units::count(totals.objects),
            "heap_bytes": units::bytes(totals.heap_bytes),
        },
        "tables": tables,
    });
    in_browser("report", &profile, &expected);
}

#[test]
fn the_flame_graph_zooms_searches_and_changes_value_and_root() {
    let profile = profiles::shop();
    let with = |name: &str| {
        let samples = profile.samples.iter();
        samples
            .filter(|it| has_frame(&profile, it, |frame| frame == name))
            .collect::<Vec<_>>()
    };
    let serve = with("main.serve").iter().map(|it| it.values.bytes).sum();
    let refresh = with("main.refresh")
        .iter()
        .map(|it| it.values.objects)
        .sum();
    let expected = json!({
        "serve": format!("{} asked for", units::bytes(serve)),
        "refresh_objects": format!("{} objects", units::count(refresh)),
        "matched": matched(&profile, |it| has_frame(&profile, it, |frame| frame.contains("json"))),
        "matched_pattern": matched(&profile, |it| {
            has_frame(&profile, it, |frame| matches!(frame, "main.serve" | "main.refresh"))
        }),
    });
    in_browser("graph", &profile, &expected);
}

#[test]
fn tables_are_sorted_and_filtered_and_rows_open() {
    in_browser("table", &profiles::shop(), &json!({}));
}

#[test]
fn markup_in_names_is_text_and_nothing_foreign_runs() {
    let profile = profiles::shop();
    let matched = matched(&profile, |it| {
        has_frame(&profile, it, |frame| frame == MARKUP)
    });
    in_browser(
        "markup",
        &profile,
        &json!({"name": MARKUP, "matched": matched}),
    );
}

#[test]
fn it_is_dark_or_light_narrow_or_wide_and_shows_time() {
    let profile = profiles::shop();
    let first = &profile.timeline.as_ref().expect("it has one").series[0];
    let expected = json!({
        "series": 8,
        "first_series": units::bytes(first.heap_bytes.iter().sum()),
    });
    in_browser("looks", &profile, &expected);
}

#[test]
fn an_empty_recording_is_a_page_too() {
    in_browser("plain", &Profile::default(), &Value::Null);
}

#[test]
fn frames_too_narrow_to_be_shown_are_said_to_be_and_count() {
    const CHAINS: usize = 1_000;
    let profile = profiles::deep(CHAINS);
    let narrow = 20 * 16 * CHAINS as u64;
    let total = profile.totals().bytes;
    let share = percent(narrow, total);
    let expected = json!({
        "merged": "frames with less than 0.001 % of every value: 1,000 call chains end in \
                   [too narrow to be shown]; sums and tables are whole",
        "total": format!("{} asked for · 100.0 % of all", units::bytes(total)),
        "narrow": format!("{} asked for · {share} % of all", units::bytes(narrow)),
        "matched": format!("at least {share} % matched ({})", units::bytes(narrow)),
    });
    in_browser("narrow", &profile, &expected);
}

#[test]
fn the_command_writes_the_page_of_a_recording() {
    let recording = pprof::encode(&profiles::shop());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, page) = (
        folder.path().join("alloc.pb.gz"),
        folder.path().join("alloc.html"),
    );
    fs::write(&file, &recording).expect("it can be written");
    let status = Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .arg("export")
        .arg(&file)
        .args(["--format", "html", "-o"])
        .arg(&page)
        .status();
    // Events were lost.
    assert_eq!(status.expect("goalloc is built").code(), Some(3));
    let profile = pprof::decode(&recording).expect("it was just encoded");
    assert_eq!(
        fs::read_to_string(page).expect("it is there"),
        to_html(&profile)
    );
}

/// Names, frames and figures are in it once. Of 100,000 call chains, which have more in
/// common, each takes less: `cargo xtask bench page` measures those.
#[test]
fn call_chains_take_few_bytes() {
    const STACKS: usize = 5_000;
    let page = to_html(&profiles::large(STACKS));
    let profile = pprof::encode(&profiles::large(STACKS));
    let each = page.len() / STACKS;
    assert!(
        each < 300 && page.len() < 4 * profile.len(),
        "{each} bytes a call chain, {} in the recording",
        profile.len() / STACKS
    );
}

/// The files of the script are one module, in the order the page has them.
#[test]
fn the_script_is_valid_and_its_figures_are_those_of_reports() {
    if let Err(reason) = Browser::find() {
        return skip(&reason);
    }
    let page = to_html(&Profile::default());
    let (_, script) = page
        .split_once("<script type=\"module\">")
        .expect("a script");
    let (script, _) = script.split_once("</script>").expect("it ends");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("page.mjs");
    fs::write(&file, script).expect("it can be written");
    node(["--check".as_ref(), file.as_os_str()]);

    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export/html/format.js");
    let figures = fs::read_to_string(source).expect("it is in the repository");
    // Up to where every integer is a number of JavaScript.
    let sizes: Vec<u64> = (0..200)
        .map(|i| i * 37)
        .chain((0..49).map(|power| 9 << power))
        .collect();
    let offs = [
        (1_000, 970, 1_010),
        (1_000, 990, 1_123),
        (7, 1, 90),
        (999_999, 999_999, 1_000_000),
    ];
    let calls = format!(
        "{figures}
        console.log(JSON.stringify({{
            bytes: {sizes:?}.map(formatBytes),
            counts: {sizes:?}.map(formatCount),
            offs: {offs}.map(([value, ...interval]) => formatOff(value, interval)),
            path: shortPath('/a/b/c.go:1'),
        }}));",
        offs = json!(offs),
    );
    fs::write(&file, calls).expect("it can be written");
    let said: Value = serde_json::from_str(&node([file.as_os_str()])).expect("JSON");
    for (i, size) in sizes.iter().enumerate() {
        assert_eq!(said["bytes"][i], units::bytes(*size));
        assert_eq!(said["counts"][i], units::count(*size));
    }
    for (i, (value, low, high)) in offs.into_iter().enumerate() {
        let off = units::percent_off(value, Some(Interval { low, high }));
        assert_eq!(said["offs"][i], off);
    }
    assert_eq!(said["path"], units::short_path("/a/b/c.go:1"));
}
