//! New figures against those of the committed document.

use anyhow::Result;

use super::{
    figures::ByRelease,
    release::Release,
    render,
    scenario::Scenarios,
    table::{self, FIGURES, Row},
};

/// What a figure may differ by: a share of itself, and so much beside.
#[derive(Clone, Copy)]
struct Tolerance {
    share: f64,
    objects: f64,
    bytes: f64,
}

/// Of what is decided when it is compiled. The runtime makes something of its own now
/// and then.
const FIXED: Tolerance = Tolerance {
    share: 0.01,
    objects: 0.03,
    bytes: 3.0,
};

/// Of what the random seeds of maps decide.
const SEEDED: Tolerance = Tolerance {
    share: 0.1,
    objects: 0.1,
    bytes: 3.0,
};

/// What the document has otherwise, one line each: figures of the measured releases,
/// rows that are in one only, and everything that is written around the tables.
pub fn compare(scenarios: &Scenarios, measured: &ByRelease, document: &str) -> Result<Vec<String>> {
    let committed = table::read(document)?;
    let new = render::document(scenarios, measured);
    let current = table::read(&new)?;
    let seeded = |number: usize, code: &str| {
        let mut own = scenarios.all.iter().filter(|it| it.number == number);
        own.any(|it| {
            it.variants
                .iter()
                .any(|it| it.seeded && table::code(it) == code)
        })
    };
    let mut differences = Vec::new();
    for (number, row) in &current {
        let tolerance = if seeded(*number, &row.code) {
            SEEDED
        } else {
            FIXED
        };
        for release in &row.releases {
            match find(&committed, *number, &row.code, *release) {
                None => differences.push(one_sided(*number, row, *release, "not in the document")),
                Some(old) if same(old, row, tolerance) => {}
                Some(old) => differences.push(difference(*number, *release, old, row)),
            }
        }
    }
    for (number, row) in &committed {
        let measured = row.releases.iter().filter(|it| measured.contains_key(*it));
        let gone = measured.filter(|it| find(&current, *number, &row.code, **it).is_none());
        differences.extend(gone.map(|it| one_sided(*number, row, *it, "only in the document")));
    }
    if !prose(document).eq(prose(&new)) {
        differences.push("what is written around the tables differs".to_owned());
    }
    Ok(differences)
}

/// The row of a piece of code under a release.
fn find<'a>(
    rows: &'a [(usize, Row)],
    number: usize,
    code: &str,
    release: Release,
) -> Option<&'a Row> {
    let mut own = rows.iter().filter(|(of, _)| *of == number);
    own.find(|(_, it)| it.code == code && it.releases.contains(&release))
        .map(|(_, row)| row)
}

/// The lines that are no row of a table of figures.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    let lines = document.lines();
    lines.filter(|line| !line.starts_with("| ") || line.starts_with("| ["))
}

fn one_sided(number: usize, row: &Row, release: Release, what: &str) -> String {
    format!("scenario {number}, {}, Go {release}: {what}", row.code)
}

fn difference(number: usize, release: Release, old: &Row, new: &Row) -> String {
    format!(
        "scenario {number}, {}, Go {release}: {}, and in the document {}",
        new.code,
        new.cells.join(" | "),
        old.cells.join(" | ")
    )
}

fn same(old: &Row, new: &Row, tolerance: Tolerance) -> bool {
    let mut pairs = old.cells.iter().zip(&new.cells);
    // Objects twice, bytes twice, then words.
    let objects = pairs.by_ref().take(FIGURES / 2);
    let objects = objects.fold(true, |same, (old, new)| {
        same & near(old, new, tolerance.share, tolerance.objects)
    });
    let bytes = pairs.by_ref().take(FIGURES / 2);
    let bytes = bytes.fold(true, |same, (old, new)| {
        same & near(old, new, tolerance.share, tolerance.bytes)
    });
    objects && bytes && pairs.all(|(old, new)| old == new)
}

fn near(old: &str, new: &str, share: f64, beside: f64) -> bool {
    let number = |text: &str| text.replace(',', "").parse::<f64>().ok();
    match (number(old), number(new)) {
        (Some(old), Some(new)) => (old - new).abs() <= beside + share * old.max(new),
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Count, Figures};
    use super::*;

    const SCENARIO: &str = r#"
        [[scenario]]
        number = 1
        title = "Reads"
        claim = "They allocate."
        verdict = "right"
        variant = [{ function = "s01Read", code = "`m[k]`", seeded = SEEDED }]
        finding = [{ says = "They do.", when = ["s01Read.objects > 0"] }]
    "#;

    fn measured(objects: u64) -> ByRelease {
        let count = Count {
            objects,
            heap_bytes: 8 * objects,
        };
        let figures = Figures {
            operations: 100,
            goalloc: count,
            memstats: count,
            ..Figures::default()
        };
        let functions = [("s01Read".to_owned(), figures)].into();
        [("1.27".parse().unwrap(), functions)].into()
    }

    #[test]
    fn figures_may_differ_by_chance_and_not_more() {
        let parse = |seeded| Scenarios::parse(&SCENARIO.replace("SEEDED", seeded)).unwrap();
        let scenarios = parse("true");
        let document = render::document(&scenarios, &measured(1000));
        let differences = |objects| compare(&scenarios, &measured(objects), &document).unwrap();
        assert_eq!(differences(1000), Vec::<String>::new());
        assert_eq!(differences(1080), Vec::<String>::new());
        assert_eq!(differences(1200).len(), 1);
        let fixed = compare(&parse("false"), &measured(1080), &document).unwrap();
        assert_eq!(fixed.len(), 1);
        let without = document.replace("| 1.27 |", "| 1.26 |");
        let differences = compare(&scenarios, &measured(1000), &without).unwrap();
        assert!(
            differences[0].contains("not in the document"),
            "{differences:?}"
        );
    }
}
