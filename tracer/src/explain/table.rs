//! An explanation for people.

use std::fmt::Write as _;

use super::{Escape, Explanation, Measured};
use crate::profile::frame::position;
use crate::profile::summary::count;
use crate::report::units;

/// Steps of a flow that are shown.
const MOST_STEPS: usize = 6;

/// The three lists, at most `top` rows of each; 0 for all.
#[must_use]
pub fn to_table(explanation: &Explanation<'_>, top: usize) -> String {
    let top = if top == 0 { usize::MAX } else { top };
    let all = explanation.totals.bytes;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "Escapes that cost: the compiler puts them on the heap, and they were allocated\n"
    );
    for (escapes, measured) in explanation.costly.iter().take(top) {
        let mut amount = amount(measured, all);
        let mut flow = None;
        for escape in escapes {
            let _ = writeln!(text, "{amount}  {}", announcement(escape));
            amount = " ".repeat(amount.chars().count());
            flow = flow.or(Some(&escape.flow).filter(|flow| !flow.is_empty()));
        }
        for step in flow.into_iter().flatten().take(MOST_STEPS) {
            let _ = writeln!(text, "{amount}    {}", short_step(step));
        }
    }
    more(&mut text, explanation.costly.len(), top);
    let _ = writeln!(
        text,
        "\nBlind spots: allocated, and the compiler said nothing of it\n"
    );
    for spot in explanation.blind.iter().take(top) {
        let place = position(&units::short_path(&spot.file), spot.line);
        let place = place.map(|it| format!(" {it}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "{}  {}{place}: {} ({})",
            amount(&spot.measured, all),
            spot.function,
            spot.cause,
            spot.why.reason()
        );
    }
    more(&mut text, explanation.blind.len(), top);
    let _ = writeln!(
        text,
        "\nEscapes that never ran: announced, and not seen while it was recorded\n"
    );
    for escape in explanation.never_ran.iter().take(top) {
        let _ = writeln!(text, "{}", announcement(escape));
    }
    more(&mut text, explanation.never_ran.len(), top);
    let sum = |of: &mut dyn Iterator<Item = u64>| units::bytes(of.sum());
    let _ = writeln!(
        text,
        "\nIn all {}: {} announced, {} not",
        units::bytes(all),
        sum(&mut explanation.costly.iter().map(|(_, it)| it.values.bytes)),
        sum(&mut explanation.blind.iter().map(|it| it.measured.values.bytes)),
    );
    text
}

fn announcement(escape: &Escape) -> String {
    let (file, line, column) = (&escape.file, escape.line, escape.column);
    let place = format!("{}:{line}:{column}", units::short_path(file));
    format!("{place} {}", escape.sentence())
}

/// A step of a flow, with its place shortened as well.
fn short_step(step: &str) -> String {
    match step.rsplit_once(" at ") {
        Some((what, place)) => format!("{what} at {}", units::short_path(place)),
        None => step.to_owned(),
    }
}

/// Bytes and how far they may be off, share, objects.
fn amount(measured: &Measured, all: u64) -> String {
    let bytes = measured.values.bytes;
    let off = units::percent_off(bytes, measured.bytes_interval);
    let off = if off.is_empty() {
        off
    } else {
        format!("±{off} %")
    };
    format!(
        "{:>9} {off:>8} {:>5.1} % {:>11} objects",
        units::bytes(bytes),
        bytes as f64 * 100.0 / all.max(1) as f64,
        count(measured.values.objects),
    )
}

fn more(text: &mut String, rows: usize, top: usize) {
    if let Some(more) = rows.checked_sub(top).filter(|&it| it > 0) {
        let _ = writeln!(
            text,
            "... and {} more; --top 0 shows all",
            count(more as u64)
        );
    }
}
