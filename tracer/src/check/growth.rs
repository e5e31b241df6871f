//! Holds a recording against an earlier one.

use super::{Estimate, Finding, Per, Side, Work, heaviest_path};
use crate::profile::{Measure, Profile, Sample};
use crate::report::By;

/// How much more may be allocated than in the earlier recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// In percent.
    pub most_percent: f64,
    /// What is compared with its like. Lines move from version to version,
    /// functions stay.
    pub by: By,
    /// Percent of all that something has to be, in either recording, to be looked at.
    pub least_share_percent: f64,
}

/// Name of the finding on everything.
const ALL: &str = "all allocations";

/// Holds `profile` against `base`: all of it, and each function (or what else it is
/// compared by). Figures are by operation where both say how many there were.
#[must_use]
pub fn judge_growth(
    (profile, work): (&Profile, Work),
    (base, base_work): (&Profile, Work),
    growth: Growth,
) -> Vec<Finding> {
    let (per, factor, base_factor) = match (work.operations, base_work.operations) {
        (Some(operations), Some(base)) => (Per::Operation, 1.0 / operations, 1.0 / base),
        _ => (Per::Recording, 1.0, 1.0),
    };
    let now = Side::of(profile, factor, |sample| growth.by.key(profile, sample));
    let before = Side::of(base, base_factor, |sample| growth.by.key(base, sample));
    let mut findings = Vec::new();
    for measure in [Measure::Objects, Measure::Bytes] {
        let (all, all_before) = (now.all(measure), before.all(measure));
        let mut found = |key: &str, samples: &[&Sample], of_base: &[&Sample]| {
            let (value, was) = (
                now.estimate(samples, measure),
                before.estimate(of_base, measure),
            );
            let share = |part: Estimate, all: Estimate| {
                part.value * 100.0 >= all.value * growth.least_share_percent
            };
            if samples.is_empty() || !(share(value, all) || share(was, all_before)) {
                return;
            }
            findings.push(Finding {
                rule: format!("growth of {key}"),
                measure,
                per,
                value,
                limit: was.high * (1.0 + growth.most_percent / 100.0),
                base: Some(was),
                matched: true,
                path: heaviest_path(profile, samples, measure),
            });
        };
        found(ALL, &now.samples, &before.samples);
        for (key, samples) in &now.by_key {
            found(key, samples, before.of_key(key));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Tally, Verdict};
    use crate::profile::fixture::{self, Builder};

    const GROWTH: Growth = Growth {
        most_percent: 5.0,
        by: By::Function,
        least_share_percent: 1.0,
    };

    fn two_sites(first: u64, second: u64) -> Profile {
        let mut builder = Builder::default();
        for (name, objects) in [("main.first", first), ("main.second", second)] {
            let stack = builder.stack(&[&[(name, "/src/main.go", 7)]]);
            builder.objects(stack, ("main.T", "new"), 64, objects);
        }
        builder.finish()
    }

    fn broken(now: &Profile, base: &Profile, works: (Work, Work)) -> Vec<String> {
        judge_growth((now, works.0), (base, works.1), GROWTH)
            .into_iter()
            .filter(|finding| finding.verdict() == Verdict::Broken)
            .map(|finding| finding.rule)
            .collect()
    }

    #[test]
    fn the_same_has_not_grown() {
        let profile = fixture::service();
        let both = (&profile, Work::default());
        assert_eq!(Tally::of(&judge_growth(both, both, GROWTH)).broken, 0);
    }

    #[test]
    fn a_site_that_has_grown_is_named() {
        let (base, now) = (two_sites(1000, 100), two_sites(1000, 120));
        let none = (Work::default(), Work::default());
        // All of it has grown by 1.8 % only.
        assert_eq!(broken(&now, &base, none), ["growth of main.second"; 2]);
        assert!(broken(&base, &now, none).is_empty());
    }

    #[test]
    fn what_is_new_and_not_small_has_grown() {
        let none = (Work::default(), Work::default());
        let base = two_sites(1000, 0);
        assert_eq!(broken(&two_sites(1000, 15), &base, none).len(), 2);
        assert!(broken(&two_sites(1000, 5), &base, none).is_empty());
    }

    #[test]
    fn figures_are_by_operation_where_both_say_how_many() {
        let (base, now) = (two_sites(1000, 100), two_sites(2000, 240));
        let work = |operations| Work {
            operations: Some(operations),
        };
        assert_eq!(
            broken(&now, &base, (work(20.0), work(10.0))),
            ["growth of main.second"; 2]
        );
    }
}
