//! Holds what the scenarios say against what was measured.

use anyhow::Result;

use super::{
    figures::ByRelease,
    release::Release,
    scenario::{Finding, Scenario, Scenarios},
};

/// Everything that is not as it should be, one line each.
pub fn judge(scenarios: &Scenarios, measured: &ByRelease) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for scenario in &scenarios.all {
        disagreements(scenario, measured, &mut wrong);
        for finding in &scenario.findings {
            judge_finding(scenario, finding, measured, &mut wrong)?;
        }
    }
    Ok(wrong)
}

/// Where goalloc and the runtime's counters differ.
fn disagreements(scenario: &Scenario, measured: &ByRelease, wrong: &mut Vec<String>) {
    for variant in &scenario.variants {
        let name = &variant.function;
        let mut found = false;
        for (release, functions) in measured {
            let Some(figures) = functions.get(name) else {
                continue;
            };
            found = true;
            if !figures.agree() {
                wrong.push(format!(
                    "{name}, Go {release}: goalloc has {:?}, MemStats {:?}",
                    figures.goalloc, figures.memstats
                ));
            }
        }
        if !found {
            wrong.push(format!("{name}: no release has measured it"));
        }
    }
}

/// A finding holds in its releases, and not in those next to them.
fn judge_finding(
    scenario: &Scenario,
    finding: &Finding,
    measured: &ByRelease,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let says = format!("scenario {}: \"{}\"", scenario.number, finding.says);
    for predicate in &finding.when {
        for (release, functions) in measured {
            if finding.covers(*release) && predicate.holds(functions)? == Some(false) {
                let figures = predicate.figures(functions);
                wrong.push(format!(
                    "{says}: with Go {release} `{predicate}` does not hold ({figures})"
                ));
            }
        }
    }
    let neighbours = [
        finding.since.and_then(Release::before),
        finding.until.and_then(Release::after),
    ];
    for release in neighbours.into_iter().flatten() {
        let Some(functions) = measured.get(&release) else {
            continue;
        };
        let mut all = true;
        for predicate in &finding.when {
            all &= predicate.holds(functions)? == Some(true);
        }
        if all {
            wrong.push(format!("{says}: it holds with Go {release} as well"));
        }
    }
    Ok(())
}

impl Finding {
    /// Whether it is about a release.
    fn covers(&self, release: Release) -> bool {
        self.since.is_none_or(|since| since <= release)
            && self.until.is_none_or(|until| release <= until)
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
        verdict = "partly"
        variant = [{ function = "s01Read", code = "m[k]" }]
        finding = [{ says = "They do not.", since = "1.24", when = ["s01Read.objects == 0"] }]
    "#;

    /// Objects of one operation by release, and a surplus of the runtime's count.
    fn judged(objects: &[(&str, u64)], surplus: u64) -> Vec<String> {
        let mut measured = ByRelease::new();
        for (release, objects) in objects {
            let figures = Figures {
                operations: 1,
                goalloc: Count {
                    objects: *objects,
                    heap_bytes: 8,
                },
                memstats: Count {
                    objects: objects + surplus,
                    heap_bytes: 8,
                },
                ..Figures::default()
            };
            let functions = [("s01Read".to_owned(), figures)].into();
            measured.insert(release.parse().unwrap(), functions);
        }
        judge(&Scenarios::parse(SCENARIO).unwrap(), &measured).unwrap()
    }

    #[test]
    fn what_is_measured_as_said_is_right() {
        let wrong = judged(&[("1.22", 0), ("1.23", 1), ("1.24", 0), ("1.25", 0)], 0);
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn a_wrong_sentence_and_a_wrong_release_are_found() {
        let [wrong] = &judged(&[("1.23", 1), ("1.24", 0), ("1.25", 1)], 0)[..] else {
            panic!();
        };
        assert!(
            wrong.contains("with Go 1.25 `s01Read.objects == 0`"),
            "{wrong}"
        );
        let [wrong] = &judged(&[("1.23", 0), ("1.24", 0)], 0)[..] else {
            panic!();
        };
        assert!(wrong.contains("holds with Go 1.23 as well"), "{wrong}");
    }

    #[test]
    fn figures_that_differ_from_the_runtimes_are_found() {
        let [wrong] = &judged(&[("1.27", 0)], 1)[..] else {
            panic!();
        };
        assert!(
            wrong.starts_with("s01Read, Go 1.27: goalloc has"),
            "{wrong}"
        );
    }
}
