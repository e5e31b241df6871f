//! Pages that `goalloc diff --format html` writes: they show what the comparison says.

use std::{fs, process::Command};

use serde_json::{Value, json};
use tracer::diff::{self, Diff, Options, Per, Row};
use tracer::profile::{Measure, Profile, pprof};
use tracer::report::{By, Sort, units};

use crate::in_page;
use crate::profiles::{MARKUP, shop};

/// Related to operations, so that figures are no whole numbers.
const PER: Per = Per::Operation(3_000.0, 3_000.0);

fn to_html(diff: &Diff<'_>) -> String {
    let mut page = Vec::new();
    diff::write_html(diff, &mut page).expect("a Vec takes all that is written to it");
    String::from_utf8(page).expect("pages are text")
}

/// The shop, with twice as many orders, half as many [`MARKUP`], and no cache.
fn later() -> Profile {
    let mut profile = shop();
    let times = |sample: usize, times: (u64, u64), profile: &mut Profile| {
        let scale = |value: &mut u64| *value = *value * times.0 / times.1;
        let sample = &mut profile.samples[sample];
        scale(&mut sample.values.objects);
        scale(&mut sample.values.bytes);
        scale(&mut sample.values.heap_bytes);
        for part in &mut sample.parts {
            scale(&mut part.counted);
            for draw in &mut part.draws {
                draw.objects *= times.0 as f32 / times.1 as f32;
            }
        }
    };
    times(0, (2, 1), &mut profile);
    times(3, (1, 2), &mut profile);
    profile.samples.remove(4);
    profile
}

/// A row as the page has it: name, mark, before, after, difference, error, percent.
fn shown(row: &Row, by: By, sort: Sort, suffix: &str) -> Value {
    let measure = match sort {
        Sort::Bytes => Measure::Bytes,
        Sort::Objects => Measure::Objects,
    };
    let figure = |value: f64| format!("{}{suffix}", units::figure(value, measure));
    let difference = row.difference();
    let (before, after) = (row.before.value, row.after.value);
    let mark = match row.changed {
        false => "",
        true if before == 0.0 => "new",
        true if after == 0.0 => "gone",
        true if difference > 0.0 => "more",
        true => "less",
    };
    let percent = match row.percent() {
        Some(percent) => format!("{percent:+.1}"),
        None => "new".to_owned(),
    };
    let name = match by {
        // The position of a site is beside its name.
        By::Site => row.key.split(" /").next().unwrap_or_default(),
        _ => &row.key,
    };
    json!([
        name,
        mark,
        figure(before),
        figure(after),
        format!(
            "{}{}",
            if difference < 0.0 { "-" } else { "+" },
            figure(difference.abs())
        ),
        figure(row.error),
        percent,
    ])
}

/// The lines before the rows of the text, by name.
fn header(diff: &Diff<'_>) -> Vec<(String, String)> {
    let text = diff::to_table(diff, 100);
    let lines = text.lines().take_while(|line| !line.is_empty());
    let line = |line: &str| (line[..9].trim().to_owned(), line[9..].trim().to_owned());
    lines.map(line).collect()
}

#[test]
fn both_recordings_are_in_one_graph_and_changed_rows_are_marked() {
    let (before, after) = (shop(), later());
    let options = Options {
        per: PER,
        ..Options::default()
    };
    let diff = Diff::new(&before, &after, options).expect("it needs no durations");
    let (notes, facts): (Vec<_>, Vec<_>) = header(&diff)
        .into_iter()
        .filter(|(name, _)| name != "Total" && name != "Compared")
        .partition(|(name, _)| name == "!!! LOST" || name == "Warning");
    let notes = notes
        .iter()
        .map(|(name, value)| format!("{} {value}", name.trim_start_matches("!!! ")));
    let bys = [
        By::Site,
        By::Function,
        By::Type,
        By::Cause,
        By::Package,
        By::Module,
    ];
    let tables = bys.iter().flat_map(|by| {
        diff.by(*by).map(|diff| {
            let sort = diff.options.sort;
            let rows = diff.rows.iter().map(|row| shown(row, *by, sort, "/op"));
            json!({"by": by.name(), "value": sort.name(), "rows": rows.collect::<Vec<_>>()})
        })
    });
    let [bytes, objects] = diff.by(By::Site);
    let total = |diff: &Diff<'_>| shown(&diff.total, By::Type, diff.options.sort, "/op");
    let changed = diff.changed().len();
    assert!((3..diff.rows.len()).contains(&changed), "{changed}");
    let expected = json!({
        "facts": facts,
        "notes": notes.collect::<Vec<_>>(),
        "totals": {"bytes": total(&bytes), "objects": total(&objects)},
        "tables": tables.collect::<Vec<_>>(),
        "changed": changed,
        "markup": MARKUP,
    });
    in_page("difference", &to_html(&diff), &expected);
}

#[test]
fn of_two_equal_recordings_nothing_has_changed() {
    let profile = shop();
    let diff = Diff::new(&profile, &profile, Options::default()).expect("no rates are asked for");
    in_page("equal", &to_html(&diff), &Value::Null);
}

#[test]
fn the_command_writes_the_page_of_two_recordings() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [before, after, page] =
        ["before.pb.gz", "after.pb.gz", "diff.html"].map(|name| folder.path().join(name));
    let recordings = [(&before, shop()), (&after, later())].map(|(file, profile)| {
        let recording = pprof::encode(&profile);
        fs::write(file, &recording).expect("it can be written");
        pprof::decode(&recording).expect("it was just encoded")
    });
    let status = Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .arg("diff")
        .args([&before, &after])
        .args(["--ops", "3000", "--format", "html", "-o"])
        .arg(&page)
        .status();
    // Events were lost.
    assert_eq!(status.expect("goalloc is built").code(), Some(3));
    let options = Options {
        per: PER,
        ..Options::default()
    };
    let diff = Diff::new(&recordings[0], &recordings[1], options).expect("it needs no durations");
    assert_eq!(
        fs::read_to_string(page).expect("it is there"),
        to_html(&diff)
    );
}
