//! `scenarios.toml`: what each function of the lab is an example of, the claim it
//! is put to, and what the measurement is expected to say.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{expression::Predicate, release::Release};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenarios {
    /// In order of their numbers.
    #[serde(rename = "scenario")]
    pub all: Vec<Scenario>,
}

/// One claim, and the code it is put to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Counted from 1.
    pub number: usize,
    /// A heading.
    pub title: String,
    /// What is said; absent where there is only something to measure.
    pub claim: Option<String>,
    /// What the findings come to.
    pub verdict: Verdict,
    /// Pieces of code.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
    /// Why the verdict is what it is.
    #[serde(rename = "finding")]
    pub findings: Vec<Finding>,
}

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// In every release.
    Right,
    /// In none.
    Wrong,
    /// For a part of it, or in some releases.
    Partly,
    /// Nothing was claimed.
    Measured,
}

/// A function of the lab: one operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in package main.
    pub function: String,
    /// What it does, as one would write it.
    pub code: String,
    /// How often it runs.
    #[serde(default = "operations")]
    pub operations: u64,
    /// Whether the random seed of a map decides how much it allocates, as it does up to
    /// Go 1.23.
    #[serde(default)]
    pub seeded: bool,
    /// Functions it calls whose lines belong to it.
    #[serde(default)]
    pub also: Vec<String>,
}

fn operations() -> u64 {
    1000
}

/// A sentence, and what has to be measured for it to be true.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The sentence.
    pub says: String,
    /// The release that brought it; its predecessor must not have it.
    pub since: Option<Release>,
    /// The last release of which it is true; its successor must not have it.
    pub until: Option<Release>,
    /// All of these hold in every release between.
    pub when: Vec<Predicate>,
}

impl Scenarios {
    /// Reads the file and checks that it is consistent.
    pub fn parse(text: &str) -> Result<Self> {
        let scenarios: Self = toml::from_str(text).context("cannot read the scenarios")?;
        let mut functions = BTreeSet::new();
        for (index, scenario) in scenarios.all.iter().enumerate() {
            let number = scenario.number;
            ensure!(number == index + 1, "scenario {number} is out of order");
            ensure!(
                scenario.claim.is_none() == (scenario.verdict == Verdict::Measured),
                "scenario {number}: a claim takes a verdict other than `measured`, and no other"
            );
            ensure!(
                !scenario.findings.is_empty(),
                "scenario {number} has no finding"
            );
            let own: BTreeSet<_> = scenario.variants.iter().map(|it| &it.function).collect();
            let codes: BTreeSet<_> = scenario.variants.iter().map(|it| &it.code).collect();
            ensure!(
                codes.len() == scenario.variants.len(),
                "scenario {number}: two variants have the same code"
            );
            for function in &own {
                ensure!(
                    functions.insert((*function).clone()),
                    "{function} is there twice"
                );
            }
            for predicate in scenario.findings.iter().flat_map(|it| &it.when) {
                for name in predicate.functions() {
                    ensure!(
                        own.iter().any(|it| *it == name),
                        "scenario {number}: `{predicate}` is about {name}, which is none of its variants"
                    );
                }
            }
        }
        Ok(scenarios)
    }

    /// Every variant.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.all.iter().flat_map(|it| &it.variants)
    }
}

impl Verdict {
    /// As the document has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "Right.",
            Self::Wrong => "Wrong.",
            Self::Partly => "Partly right.",
            Self::Measured => "Measured.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        [[scenario]]
        number = 1
        title = "Reads"
        claim = "They allocate."
        verdict = "wrong"
        variant = [{ function = "s01Read", code = "m[k]" }]
        finding = [{ says = "They do not.", when = ["s01Read.objects == 0"] }]
    "#;

    #[test]
    fn reads_a_scenario() {
        let scenarios = Scenarios::parse(ONE).unwrap();
        assert_eq!(scenarios.variants().count(), 1);
        assert_eq!(scenarios.all[0].variants[0].operations, 1000);
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        for (from, to, error) in [
            ("number = 1", "number = 2", "out of order"),
            ("s01Read.objects", "s01Write.objects", "s01Write"),
            ("\"wrong\"", "\"measured\"", "verdict"),
            ("== 0", "=", "=="),
            ("title", "tilte", "tilte"),
            (
                "code = \"m[k]\" }",
                "code = \"\" }, { function = \"s01\", code = \"\" }",
                "same code",
            ),
        ] {
            let text = ONE.replace(from, to);
            let said = format!("{:#}", Scenarios::parse(&text).unwrap_err());
            assert!(said.contains(error), "{said}");
        }
    }
}
