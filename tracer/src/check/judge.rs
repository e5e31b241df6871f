//! Holds a recording against a budget.

use super::{Budget, Estimate, Finding, Per, Rule, heaviest_path};
use crate::profile::{Intervals, Measure, Profile, Sample};

/// What a recording's figures are related to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Operations that the program did while it was recorded.
    pub operations: Option<f64>,
}

/// Why a limit cannot be held against a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// How often the program did its work is not known.
    #[error("rule {0} has a limit per operation: say with --ops how many there were")]
    NoOperations(String),
    /// The recording does not say how long it is.
    #[error("rule {0} has a limit per second, but the recording does not say how long it took")]
    NoDuration(String),
}

/// Holds `profile` against each limit of `budget`, in its order.
///
/// # Errors
///
/// A limit is in a unit that the recording has no figures for.
pub fn judge(profile: &Profile, budget: &Budget, work: Work) -> Result<Vec<Finding>, JudgeError> {
    let intervals = Intervals::of(profile);
    let mut findings = Vec::new();
    for rule in &budget.rules {
        let samples: Vec<&Sample> = profile
            .samples
            .iter()
            .filter(|sample| sample.values.objects > 0 && rule.selector.matches(profile, sample))
            .collect();
        for limit in &rule.limits {
            let factor = factor(profile, rule, limit.measure, limit.per, work)?;
            let value = estimate(&intervals, &samples, limit.measure);
            findings.push(Finding {
                rule: rule.name.clone(),
                measure: limit.measure,
                per: limit.per,
                value: value.times(factor),
                limit: limit.most,
                base: None,
                matched: !samples.is_empty(),
                path: heaviest_path(profile, &samples, limit.measure),
            });
        }
    }
    Ok(findings)
}

/// What a limit's unit makes of a figure.
fn factor(
    profile: &Profile,
    rule: &Rule,
    measure: Measure,
    per: Per,
    work: Work,
) -> Result<f64, JudgeError> {
    match per {
        Per::Recording => Ok(1.0),
        Per::Second if profile.duration_ns == 0 => Err(JudgeError::NoDuration(rule.name.clone())),
        Per::Second => Ok(1e9 / profile.duration_ns as f64),
        Per::Operation => {
            let operations = work.operations;
            let operations =
                operations.ok_or_else(|| JudgeError::NoOperations(rule.name.clone()))?;
            Ok(1.0 / operations)
        }
        Per::Share => {
            let samples = profile.samples.iter();
            let total = samples.map(|sample| measure.of(sample)).sum::<u64>();
            Ok(100.0 / total.max(1) as f64)
        }
    }
}

/// The sum over samples.
pub(super) fn estimate(intervals: &Intervals, samples: &[&Sample], measure: Measure) -> Estimate {
    let sum = samples
        .iter()
        .fold(0_u64, |sum, sample| sum.saturating_add(measure.of(sample)));
    Estimate::new(sum, intervals.interval(samples.iter().copied(), measure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::profile::fixture;

    fn findings(rules: &str, work: Work) -> Vec<Finding> {
        judge(&fixture::service(), &Budget::parse(rules).unwrap(), work).unwrap()
    }

    #[test]
    fn a_limit_is_the_most_that_is_allowed() {
        let profile = fixture::service();
        let objects = profile.totals().objects;
        for (most, expected) in [(objects, Verdict::Held), (objects - 1, Verdict::Broken)] {
            let found = findings(&format!("[[rule]]\nmax_objects = {most}"), Work::default());
            assert_eq!(found[0].verdict(), expected, "{most}");
            assert_eq!(found[0].value.value, objects as f64);
        }
    }

    #[test]
    fn figures_are_related_to_what_the_limit_says() {
        let profile = fixture::service();
        let bytes = profile.totals().bytes as f64;
        let work = Work {
            operations: Some(8.0),
        };
        let rules = "[[rule]]\nmax_bytes_per_second = 1\nmax_bytes_per_op = 1\nmax_bytes_share = 1";
        let values: Vec<_> = findings(rules, work)
            .iter()
            .map(|it| it.value.value)
            .collect();
        let seconds = profile.duration_ns as f64 / 1e9;
        for (value, expected) in values.iter().zip([bytes / seconds, bytes / 8.0, 100.0]) {
            assert!((value / expected - 1.0).abs() < 1e-9, "{values:?}");
        }
    }

    #[test]
    fn what_the_user_has_to_say_is_asked_for() {
        let budget = Budget::parse("[[rule]]\nmax_bytes_per_op = 1").unwrap();
        let error = judge(&fixture::service(), &budget, Work::default()).unwrap_err();
        assert!(error.to_string().contains("--ops"), "{error}");
    }

    #[test]
    fn a_rule_is_about_what_matches_all_of_its_patterns() {
        let rule =
            |what: &str| findings(&format!("[[rule]]\n{what}\nmax_bytes = 0"), Work::default());
        assert!(!rule("function = 'nobody.*'")[0].matched);
        assert_eq!(rule("function = 'nobody.*'")[0].verdict(), Verdict::Held);
        let order = &rule("function = 'main.new*'\ntype = 'main.Order'")[0];
        assert_eq!(order.verdict(), Verdict::Broken);
        assert_eq!(order.path[0].function, "main.newOrder");
        assert!(!rule("function = 'main.new*'\ntype = 'nothing'")[0].matched);
    }

    #[test]
    fn only_what_is_beyond_its_error_bar_is_broken() {
        let mut finding = findings("[[rule]]\nmax_bytes = 100", Work::default()).remove(0);
        for (low, value, expected) in [
            (90.0, 100.0, Verdict::Held),
            (90.0, 105.0, Verdict::Unsure),
            (100.0, 105.0, Verdict::Unsure),
            (101.0, 105.0, Verdict::Broken),
        ] {
            finding.value = Estimate {
                value,
                low,
                high: 120.0,
            };
            assert_eq!(finding.verdict(), expected, "{low} {value}");
        }
    }
}
