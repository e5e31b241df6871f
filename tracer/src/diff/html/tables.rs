//! The tables: every row of the comparison by each of the properties, of both measures.

use serde::Serialize;

use super::super::{Diff, Row};
use crate::check::Estimate;
use crate::export::html::{OTHERS, Strings};
use crate::report::By;

/// The rows by one property.
#[derive(Serialize)]
pub(super) struct Table {
    by: &'static str,
    bytes: Rows,
    objects: Rows,
}

/// Rows in columns.
#[derive(Default, Serialize)]
struct Rows {
    name: Vec<u32>,
    /// Files and lines of sites; empty in the other tables.
    position: Vec<u32>,
    before: Vec<f64>,
    before_interval: Vec<Option<[f64; 2]>>,
    after: Vec<f64>,
    after_interval: Vec<Option<[f64; 2]>>,
    error: Vec<f64>,
    changed: Vec<u8>,
    total: Total,
}

/// Everything, which is the same by every property but for its error.
#[derive(Default, Serialize)]
struct Total {
    before: f64,
    after: f64,
    error: f64,
}

/// What `diff` compares by each property of a recording's page, and by its own: bytes and
/// objects.
pub(super) fn comparisons<'a>(diff: &Diff<'a>) -> Vec<[Diff<'a>; 2]> {
    let shown: Vec<By> = [By::Site].into_iter().chain(OTHERS).collect();
    let asked = Some(diff.options.by).filter(|by| !shown.contains(by));
    let all = shown.into_iter().chain(asked);
    all.map(|by| diff.by(by)).collect()
}

/// Their tables, whose names go to `strings`.
pub(super) fn all(comparisons: &[[Diff<'_>; 2]], strings: &mut Strings) -> Vec<Table> {
    let table = |[bytes, objects]: &[Diff<'_>; 2]| Table {
        by: bytes.options.by.name(),
        bytes: Rows::of(bytes, strings),
        objects: Rows::of(objects, strings),
    };
    comparisons.iter().map(table).collect()
}

impl Rows {
    fn of(diff: &Diff<'_>, strings: &mut Strings) -> Self {
        let total = &diff.total;
        let mut rows = Self {
            total: Total {
                before: total.before.value,
                after: total.after.value,
                error: total.error,
            },
            ..Self::default()
        };
        for row in &diff.rows {
            rows.add(row, diff.options.by, strings);
        }
        rows
    }

    fn add(&mut self, row: &Row, by: By, strings: &mut Strings) {
        let (name, position) = match by {
            By::Site => split_site(&row.key),
            _ => (row.key.as_str(), ""),
        };
        self.name.push(strings.index_of(name));
        if by == By::Site {
            self.position.push(strings.index_of(position));
        }
        self.before.push(row.before.value);
        self.before_interval.push(interval(row.before));
        self.after.push(row.after.value);
        self.after_interval.push(interval(row.after));
        self.error.push(row.error);
        self.changed.push(u8::from(row.changed));
    }
}

fn interval(estimate: Estimate) -> Option<[f64; 2]> {
    (!estimate.is_exact()).then_some([estimate.low, estimate.high])
}

/// Function and position of a site: the position begins with the first path from the root,
/// or else is the last word if a line number ends it.
fn split_site(key: &str) -> (&str, &str) {
    let has_line = |position: &str| {
        let line = position.rsplit_once(':').map_or("", |(_, line)| line);
        !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
    };
    let absolute = key
        .find(" /")
        .map(|space| (&key[..space], &key[space + 1..]));
    absolute
        .or_else(|| key.rsplit_once(' '))
        .filter(|(_, position)| has_line(position))
        .unwrap_or((key, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_sites_are_apart() {
        for (key, split) in [
            (
                "main.f /src/a b/main.go:12",
                ("main.f", "/src/a b/main.go:12"),
            ),
            ("main.f shop/main.go:12", ("main.f", "shop/main.go:12")),
            (
                "operator new(long) /x.cc:3",
                ("operator new(long)", "/x.cc:3"),
            ),
            ("operator new(long)", ("operator new(long)", "")),
            ("main.f [all lines]", ("main.f [all lines]", "")),
            ("[lost stack]", ("[lost stack]", "")),
        ] {
            assert_eq!(split_site(key), split, "{key}");
        }
    }
}
