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

/// Stands for the type of a call that carries none.
const NO_TYPE: &str = "[no type]";

/// Fails, naming every difference, unless the recording says what the truth
/// says.
pub fn assert_exact(recording: &Recording, truth: &Truth) {
    recording.assert_success();
    let by_function = recording.report("function");
    let mut differences = Differences::default();
    differences.totals(&by_function, truth);
    differences.sites(&by_function, truth);
    differences.calls(&by_function, truth);
    differences.types(&recording.report("type"), truth);
    differences.causes(&recording.report("cause"), truth);
    println!(
        "accuracy: {} of {} objects, {} of {} heap bytes",
        by_function.totals.objects, truth.mallocs, by_function.totals.heap_bytes, truth.total_alloc
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
        let mut expected: BTreeMap<(&str, &str, String), u64> = BTreeMap::new();
        for it in &truth.calls {
            let key = (it.call.as_str(), it.function.as_str(), it.type_name.clone());
            *expected.entry(key).or_default() += it.calls;
        }
        let mut found: BTreeMap<(&str, &str, String), u64> = BTreeMap::new();
        for it in &report.calls {
            let function = it.site.split(' ').next().unwrap_or_default();
            let type_name = it.type_name.replace(NO_TYPE, "");
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

    fn types(&mut self, report: &Report, truth: &Truth) {
        for (name, objects) in truth.objects_by(|it| it.type_name.as_ref()) {
            let found = report.row(name).map_or(0, |it| it.objects);
            self.equal(&format!("type {name}: objects"), &found, &objects);
        }
    }

    /// Sites that state no cause may add to any.
    fn causes(&mut self, report: &Report, truth: &Truth) {
        let unstated = truth.sites.iter().filter(|it| it.cause.is_none());
        let slack: u64 = unstated.map(|it| it.objects).sum();
        for (name, objects) in truth.objects_by(|it| it.cause.as_ref()) {
            let found = report.row(name).map_or(0, |it| it.objects);
            if found < objects || found > objects + slack {
                let _ = writeln!(
                    self.0,
                    "cause {name}: {found} objects, and it is {objects} to {}",
                    objects + slack
                );
            }
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
