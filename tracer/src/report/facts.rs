//! What a report says of the whole recording, in words.

use super::Report;
use super::sparkline::sparkline;
use super::units::{bytes, count};
use crate::profile::{Method, Profile, summary};

/// Heading of how far an estimate may be off.
pub(super) const PERCENT_OFF: &str = "± %";

/// Name of the fact that is a timeline in one line of text.
pub const OVER_TIME: &str = "Over time";

/// One thing to know of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// How much it matters.
    pub weight: Weight,
    /// What it is about, at most nine characters.
    pub name: &'static str,
    /// The words; they may hold names from the target.
    pub value: String,
}

/// How much a [`Fact`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It belongs to every report.
    Plain,
    /// It limits what the figures say.
    Warning,
    /// Something is missing from the figures.
    Loss,
}

/// What was recorded, how much of it was seen, what it comes to, and what is
/// missing, in the order to show it.
#[must_use]
pub fn facts(report: &Report<'_>) -> Vec<Fact> {
    let profile = report.profile;
    let totals = report.totals;
    let mut facts = Vec::new();
    let mut add = |weight, name, value| {
        facts.push(Fact {
            weight,
            name,
            value,
        });
    };
    add(Weight::Plain, "Target", summary::target(profile));
    add(
        Weight::Plain,
        "Recorded",
        summary::seconds(profile.duration_ns),
    );
    add(Weight::Plain, "Coverage", summary::coverage(profile));
    if report.estimated {
        let sort = report.options.sort.name();
        let off = format!("how far the {sort} of a row may be off, at 95 %");
        add(Weight::Plain, PERCENT_OFF, off);
    } else if profile.strata.is_empty()
        && matches!(profile.coverage.method, Method::Windows | Method::Spans)
    {
        let unknown = "not known: the file does not say what rows are estimated from";
        add(Weight::Plain, PERCENT_OFF, unknown.to_owned());
    }
    if let Some(view) = summary::view(profile) {
        add(Weight::Plain, "Shown", view);
    }
    let total = format!(
        "{} objects, {} asked for, {} of heap set aside{}",
        count(totals.objects),
        bytes(totals.bytes),
        bytes(totals.heap_bytes),
        rate(totals.bytes, profile.duration_ns),
    );
    add(Weight::Plain, "Total", total);
    if let Some(over_time) = profile.timeline.as_ref().and_then(sparkline) {
        add(Weight::Plain, OVER_TIME, over_time);
    }
    for (name, calls) in &report.calls {
        let calls = format!("{} of {name}", count(*calls));
        add(Weight::Plain, "Calls", calls);
    }
    facts.extend(limits(profile));
    if let Some(only) = &report.options.only {
        facts.push(Fact {
            weight: Weight::Plain,
            name: "Only",
            value: format!("{} containing {only}", report.options.by.name()),
        });
    }
    facts
}

/// What limits the figures of a recording: what is missing, and its warnings.
pub(crate) fn limits(profile: &Profile) -> Vec<Fact> {
    let lost = summary::losses(&profile.losses).map(|value| {
        let (weight, name) = if profile.losses.any() {
            (Weight::Loss, "!!! LOST")
        } else {
            (Weight::Warning, "Cut")
        };
        Fact {
            weight,
            name,
            value,
        }
    });
    let warnings = profile.warnings.iter().map(|warning| Fact {
        weight: Weight::Warning,
        name: "Warning",
        value: warning.clone(),
    });
    lost.into_iter().chain(warnings).collect()
}

/// Facts as text, one a line.
pub(crate) fn fact_lines(facts: &[Fact]) -> String {
    let line = |fact: &Fact| {
        let value = fact.value.replace(['\n', '\r'], " ");
        format!("{:<9} {value}\n", fact.name)
    };
    facts.iter().map(line).collect()
}

/// Bytes per second, when the recording has a length.
fn rate(total_bytes: u64, duration_ns: u64) -> String {
    let per_second = u128::from(total_bytes) * 1_000_000_000;
    match per_second.checked_div(u128::from(duration_ns)) {
        Some(rate) => format!(" ({}/s)", bytes(u64::try_from(rate).unwrap_or(u64::MAX))),
        None => String::new(),
    }
}
