//! Findings for people.

use std::fmt::Write as _;

use super::{Estimate, Finding, Per, Step, Tally, Verdict};
use crate::profile::Measure;
use crate::profile::frame::position;
use crate::report::units;

/// Frames of a call path that are shown.
const MOST_STEPS: usize = 12;

/// What is broken and its call path, what is unsure, and which rules hold. Of what
/// has not grown there is only the number.
#[must_use]
pub fn to_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let verdict = finding.verdict();
        if verdict == Verdict::Held && finding.base.is_some() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<6}  {}", verdict.name(), sentence(finding));
        if verdict == Verdict::Broken {
            for step in finding.path.iter().take(MOST_STEPS) {
                let _ = writeln!(text, "          {}", step_text(step));
            }
            if let Some(more) = finding
                .path
                .len()
                .checked_sub(MOST_STEPS)
                .filter(|&it| it > 0)
            {
                let _ = writeln!(text, "          ... and {more} more");
            }
        }
    }
    let Tally {
        broken,
        unsure,
        held,
    } = Tally::of(findings);
    let _ = writeln!(text, "{broken} broken, {unsure} unsure, {held} held");
    text
}

/// The rule, the figure, the limit.
pub(super) fn sentence(finding: &Finding) -> String {
    let number = |value| number(value, finding);
    let amount = |value: f64| number(value) + unit(finding);
    let mut text = format!("{}: {}", finding.rule, amount(finding.value.value));
    if !finding.value.is_exact() {
        let Estimate { low, high, .. } = finding.value;
        // Writing to a string cannot fail.
        let _ = write!(text, " ({} to {})", number(low), number(high));
    }
    if let Some(base) = finding.base {
        let _ = write!(text, ", was {}", amount(base.value));
    }
    let _ = write!(text, ", at most {}", amount(finding.limit));
    if !finding.matched {
        text.push_str("; nothing in the recording matches this rule");
    }
    text
}

/// A figure; bytes have their unit with them.
fn number(value: f64, finding: &Finding) -> String {
    match finding.per {
        Per::Share => format!("{value:.1} %"),
        Per::Recording | Per::Second | Per::Operation => units::figure(value, finding.measure),
    }
}

/// What goes behind it.
fn unit(finding: &Finding) -> &'static str {
    match (finding.measure, finding.per) {
        (Measure::Bytes, Per::Recording) => "",
        (Measure::Bytes, Per::Second) => "/s",
        (Measure::Bytes, Per::Operation) => "/op",
        (Measure::Bytes, Per::Share) => " of all bytes",
        (_, Per::Recording) => " objects",
        (_, Per::Second) => " objects/s",
        (_, Per::Operation) => " objects/op",
        (_, Per::Share) => " of all objects",
    }
}

pub(super) fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Bytes => "bytes",
        Measure::Objects => "objects",
        Measure::Calls => "calls",
    }
}

pub(super) fn step_text(step: &Step) -> String {
    match position(&step.file, step.line) {
        Some(position) => format!("{} {position}", step.function),
        None => step.function.clone(),
    }
}
