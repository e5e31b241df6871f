//! What a comparison says of both recordings, in words.

use super::compare::measure;
use super::figures::figures;
use super::{Builds, Diff, Per};
use crate::profile::{Profile, summary};
use crate::report::{By, Fact, Weight, limits};

/// Name of the fact that says what rows are of.
pub(super) const COMPARED: &str = "Compared";

/// Name of the fact that is everything before and after.
pub(super) const TOTAL: &str = "Total";

/// What was recorded, how it was compared, what limits that, and what it comes to, in the
/// order to show it.
pub(super) fn facts(diff: &Diff<'_>) -> Vec<Fact> {
    let options = &diff.options;
    let mut facts = Vec::new();
    let mut add = |weight, name, value| {
        facts.push(Fact {
            weight,
            name,
            value,
        });
    };
    add(Weight::Plain, "Before", recording(diff.before));
    add(Weight::Plain, "After", recording(diff.after));
    let compared = format!("{} by {}", options.sort.name(), options.by.name());
    add(Weight::Plain, COMPARED, related(&compared, options.per));
    if diff.is_known {
        let threshold = options.threshold_percent;
        let rule =
            format!("what differs by more than {threshold} %, its error (±, 95 %) taken off");
        add(Weight::Plain, "Changed", rule);
    } else {
        let unknown = "not known: a file does not say how far its figures may be off";
        add(Weight::Warning, "Changed", unknown.to_owned());
    }
    if diff.builds == Builds::Differ && options.by == By::Site {
        let differ = "not known to be the same: sites are matched by function and line within it";
        add(Weight::Plain, "Builds", differ.to_owned());
    }
    if let (Per::Recording, Some(longer)) = (options.per, longer_by(diff)) {
        let note = format!(
            "one recording is {longer:.0} % longer: --per second or --ops relates figures to time \
             or work"
        );
        add(Weight::Warning, "Note", note);
    }
    for fact in limits_of_both(diff) {
        add(fact.weight, fact.name, fact.value);
    }
    add(Weight::Plain, TOTAL, total(diff));
    facts
}

/// What figures are of, and what they are related to.
pub(super) fn related(what: &str, per: Per) -> String {
    match per {
        Per::Recording => what.to_owned(),
        Per::Second => format!("{what} per second"),
        Per::Operation(before, after) => {
            format!("{what} per operation, of which there were {before} and {after}")
        }
    }
}

fn recording(profile: &Profile) -> String {
    format!(
        "{}, {}: {}",
        summary::target(profile),
        summary::seconds(profile.duration_ns),
        summary::coverage(profile)
    )
}

/// By how many percent one recording is longer, if by more than the threshold.
fn longer_by(diff: &Diff<'_>) -> Option<f64> {
    let (before, after) = (diff.before.duration_ns, diff.after.duration_ns);
    let (shorter, longer) = (before.min(after), before.max(after));
    let percent = (longer as f64 / shorter as f64 - 1.0) * 100.0;
    (shorter > 0 && percent > diff.options.threshold_percent).then_some(percent)
}

/// Losses and warnings, with which recording they are of; the same of both once.
fn limits_of_both(diff: &Diff<'_>) -> Vec<Fact> {
    let [of_before, of_after] = [diff.before, diff.after].map(limits);
    let name = |side: &str, fact: &Fact| Fact {
        value: format!("{side}: {}", fact.value),
        ..fact.clone()
    };
    let before = of_before.iter().map(|fact| {
        let side = match of_after.contains(fact) {
            true => "before and after",
            false => "before",
        };
        name(side, fact)
    });
    let after = of_after.iter().filter(|fact| !of_before.contains(fact));
    let mut limits: Vec<_> = before
        .chain(after.map(|fact| name("after", fact)))
        .collect();
    limits.sort_by_key(|fact| fact.weight != Weight::Loss);
    limits
}

fn total(diff: &Diff<'_>) -> String {
    let suffix = diff.options.per.suffix();
    let measure = measure(diff.options.sort);
    let [before, after, difference, error, percent] = figures(&diff.total, measure);
    let percent = match percent.as_str() {
        "" => String::new(),
        percent => format!(", {percent} %"),
    };
    format!(
        "{before}{suffix} before, {after}{suffix} after: {difference}{suffix}{percent} \
         (± {error}{suffix})"
    )
}
