//! The rows of a scenario's table: written to the document, and read back from it.

use anyhow::{Context as _, Result, ensure};

use super::{
    figures::{ByRelease, Figures, shown},
    release::Release,
    scenario::{Scenario, Variant},
};

/// What is said of one piece of code under some releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The code, as the scenario has it.
    pub code: String,
    /// The releases.
    pub releases: Vec<Release>,
    /// What is measured, as it is shown.
    pub cells: [String; 6],
}

/// Headings of the columns.
const HEADINGS: [&str; 8] = [
    "code",
    "Go",
    "objects/op",
    "MemStats",
    "bytes/op",
    "MemStats",
    "cause",
    "`-gcflags=-m`",
];

/// What stands for a figure that there is none of.
const NONE: &str = "–";

/// The columns of [`Row::cells`] that are figures.
pub const FIGURES: usize = 4;

/// Rows of a scenario; releases of which all the same is to be said share one.
pub fn rows(scenario: &Scenario, measured: &ByRelease) -> Vec<Row> {
    let mut rows = Vec::new();
    for variant in &scenario.variants {
        let first = rows.len();
        for (release, functions) in measured {
            let cells = cells(functions.get(&variant.function));
            let mut own = rows.iter_mut().skip(first);
            match own.find(|row: &&mut Row| row.cells == cells) {
                Some(row) => row.releases.push(*release),
                None => rows.push(Row {
                    code: code(variant),
                    releases: vec![*release],
                    cells,
                }),
            }
        }
    }
    rows
}

/// How the table names a piece of code.
pub fn code(variant: &Variant) -> String {
    cell(&variant.code)
}

fn cells(figures: Option<&Figures>) -> [String; 6] {
    let Some(figures) = figures else {
        let absent = "not in this release".to_owned();
        return [NONE, NONE, NONE, NONE, &absent, NONE].map(ToOwned::to_owned);
    };
    let per_op = |count: u64| shown(count as f64 / figures.operations as f64);
    let causes = figures.causes_by_objects().join(", ");
    [
        per_op(figures.goalloc.objects),
        per_op(figures.memstats.objects),
        per_op(figures.goalloc.heap_bytes),
        per_op(figures.memstats.heap_bytes),
        if causes.is_empty() {
            NONE.to_owned()
        } else {
            causes
        },
        announced(figures),
    ]
}

/// What the compiler says of the lines: what is on the heap, or else what is not.
fn announced(figures: &Figures) -> String {
    let quoted = |words: &[String]| {
        let words: Vec<_> = words.iter().map(|it| format!("`{}`", cell(it))).collect();
        words.join(", ")
    };
    if !figures.announced.is_empty() {
        quoted(&figures.announced)
    } else if !figures.stays.is_empty() {
        format!("does not escape: {}", quoted(&figures.stays))
    } else {
        "nothing".to_owned()
    }
}

/// Text that ends no cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The table, in Markdown. A piece of code is named in its first row only.
pub fn write(rows: &[Row]) -> String {
    let mut text = format!("| {} |\n", HEADINGS.join(" | "));
    text += "|---|---|---:|---:|---:|---:|---|---|\n";
    let mut previous = "";
    for row in rows {
        let code = if row.code == previous { "" } else { &row.code };
        previous = &row.code;
        let releases = Release::ranges(&row.releases);
        text += &format!("| {code} | {releases} | {} |\n", row.cells.join(" | "));
    }
    text
}

/// The rows of every scenario in a document, by its number.
pub fn read(document: &str) -> Result<Vec<(usize, Row)>> {
    let mut rows = Vec::new();
    let (mut number, mut code) = (None, String::new());
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            number = heading.split('.').next().and_then(|it| it.parse().ok());
        }
        let (Some(number), Some(line)) = (number, line.strip_prefix("| ")) else {
            continue;
        };
        let line = line.strip_suffix(" |").unwrap_or(line);
        let words: Vec<&str> = line.split(" | ").collect();
        ensure!(words.len() == HEADINGS.len(), "`{line}` has not 8 cells");
        if words == HEADINGS {
            continue;
        }
        let (first, rest) = words.split_first().context("there are 8")?;
        let (releases, cells) = rest.split_first().context("there are 7")?;
        if !first.trim().is_empty() {
            (*first).clone_into(&mut code);
        }
        let cells: [&str; 6] = cells.try_into().context("there are 6")?;
        rows.push((
            number,
            Row {
                code: code.clone(),
                releases: Release::parse_ranges(releases)?,
                cells: cells.map(ToOwned::to_owned),
            },
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str, releases: &[&str], objects: &str) -> Row {
        Row {
            code: code.to_owned(),
            releases: releases.iter().map(|it| it.parse().unwrap()).collect(),
            cells: [
                objects,
                objects,
                "8",
                "8",
                "new",
                "`a \\|\\| b escapes to heap`",
            ]
            .map(ToOwned::to_owned),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rows = vec![
            row("`m[k]`", &["1.19", "1.21"], "1,024"),
            row("`m[k]`", &["1.27"], "0"),
            row("`a \\|\\| b`", &["1.27"], "1.5"),
        ];
        let document = format!(
            "# Lab\n\n| # | claim |\n|---|---|\n\n## 7. Reads\n\n{}",
            write(&rows)
        );
        let read = read(&document).unwrap();
        let expected: Vec<_> = rows.into_iter().map(|it| (7, it)).collect();
        assert_eq!(read, expected);
    }
}
