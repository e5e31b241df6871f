//! A recording against the fixture's own account, to the object and the byte.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::common::{
    goalloc::Recording,
    report::{Lost, Report},
    truth::Truth,
};

/// Bytes by which the heap bytes may differ for every [`TINY_BOUND_OBJECTS`]
/// objects: which tiny object opens a block is predicted.
const TINY_BOUND_BYTES: u64 = 160;
const TINY_BOUND_OBJECTS: u64 = 100_000;

/// Fails, naming every difference, unless the recording says what the truth
/// says.
pub fn assert_exact(recording: &Recording, truth: &Truth) {
    recording.assert_success();
    let by_function = recording.report("function");
    let mut differences = Differences::default();
    differences.totals(&by_function, truth);
    differences.sites(&by_function, truth);
    differences.calls(&by_function, truth);
    let by_type = recording.report("type");
    differences.objects(
        "type",
        &by_type,
        &truth.objects_by(|it| it.type_name.as_ref()),
    );
    assert!(
        differences.0.is_empty(),
        "{}rows:\n{}",
        differences.0,
        rows(&by_function)
    );
}

/// One line for each.
#[derive(Debug, Default)]
struct Differences(String);

impl Differences {
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            let _ = writeln!(self.0, "{what}: {found:?}, and it is {expected:?}");
        }
    }

    fn near(&mut self, what: &str, found: u64, expected: u64, objects: u64) {
        let bound = TINY_BOUND_BYTES * objects.div_ceil(TINY_BOUND_OBJECTS).max(1);
        if found.abs_diff(expected) > bound {
            let _ = writeln!(self.0, "{what}: {found}, and it is {expected} (+- {bound})");
        }
    }

    fn totals(&mut self, report: &Report, truth: &Truth) {
        self.equal("schema", &report.schema, &1);
        self.equal("lost", &report.lost, &Lost::NOTHING);
        let totals = &report.totals;
        self.equal("objects", &totals.objects, &truth.mallocs);
        self.near(
            "heap bytes",
            totals.heap_bytes,
            truth.total_alloc,
            truth.mallocs,
        );
        let sums: (u64, u64) = report
            .rows
            .iter()
            .fold((0, 0), |sum, row| (sum.0 + row.objects, sum.1 + row.bytes));
        self.equal("sums of the rows", &sums, &(totals.objects, totals.bytes));
    }

    fn sites(&mut self, report: &Report, truth: &Truth) {
        for site in &truth.sites {
            let name = &site.function;
            let row = report.row(name);
            let objects = row.map_or(0, |it| it.objects);
            self.equal(&format!("{name}: objects"), &objects, &site.objects);
            if let Some(bytes) = site.bytes {
                let found = row.map_or(0, |it| it.bytes);
                self.equal(&format!("{name}: bytes"), &found, &bytes);
            }
            if let Some(heap_bytes) = site.heap_bytes {
                let found = row.map_or(0, |it| it.heap_bytes);
                self.near(&format!("{name}: heap bytes"), found, heap_bytes, objects);
            }
        }
        for row in report.rows.iter().filter(|it| it.objects > 0) {
            if !truth.sites.iter().any(|it| it.function == row.key) {
                let _ = writeln!(
                    self.0,
                    "{}: {} objects, and it is no site",
                    row.key, row.objects
                );
            }
        }
    }

    fn calls(&mut self, report: &Report, truth: &Truth) {
        let mut expected: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        for it in &truth.calls {
            let key = (
                it.call.as_str(),
                it.function.as_str(),
                it.type_name.as_str(),
            );
            *expected.entry(key).or_default() += it.calls;
        }
        let mut found: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        for it in &report.calls {
            let function = it.site.split(' ').next().unwrap_or_default();
            let type_name = it.type_name.as_deref().unwrap_or_default();
            *found.entry((&it.call, function, type_name)).or_default() += it.calls;
        }
        self.equal("calls", &found, &expected);
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for it in &truth.calls {
            *sums.entry(it.call.clone()).or_default() += it.calls;
        }
        let mut totals = report.totals.calls.clone();
        totals.retain(|_, calls| *calls > 0);
        self.equal("calls in all", &totals, &sums);
    }

    /// Every key's objects, where the truth knows them.
    fn objects(&mut self, by: &str, report: &Report, expected: &BTreeMap<&str, u64>) {
        for (key, objects) in expected {
            let found = report.row(key).map_or(0, |it| it.objects);
            self.equal(&format!("{by} {key}: objects"), &found, objects);
        }
    }
}

fn rows(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.rows {
        let _ = writeln!(
            text,
            "  {} {} {} {}",
            row.objects, row.bytes, row.heap_bytes, row.key
        );
    }
    text
}
