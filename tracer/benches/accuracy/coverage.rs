//! Many short recordings of one program: how often the interval of a site holds
//! what the program knows to be exact.

use anyhow::{Context, Result, ensure};
use tracer::budget::MaxOverhead;

use crate::common::markdown::{Figures, Table};
use crate::common::tracing::Tracing;
use crate::common::workload::Workload;
use crate::common::workload::burn::Burn;
use crate::comparison::interval;

/// Length of a recording, seconds.
const SECONDS: u64 = 2;

/// Functions with less of the bytes are not looked at.
const LEAST_SHARE: f64 = 0.02;

/// A function in all recordings.
#[derive(Default)]
struct Tally {
    name: String,
    /// Recordings whose interval holds the exact value.
    covered: u32,
    /// Recordings that state one.
    stated: u32,
    /// Estimate over exact value.
    ratios: Figures,
    /// Width of the interval over the exact value.
    widths: Figures,
}

/// Makes so many recordings.
pub fn table(recordings: u32) -> Result<String> {
    let burn = Burn::build()?;
    let mut tallies: Vec<Tally> = Vec::new();
    for recording in 0..recordings {
        eprintln!("short recording {} of {recordings}", recording + 1);
        record(&burn, &mut tallies)?;
    }
    ensure!(!tallies.is_empty(), "burn tells no functions");
    let mut table = Table::new(&[
        "function",
        "recordings",
        "interval holds the exact bytes, % of recordings",
        "width of the interval, % of the exact bytes (median)",
        "estimate, % of the exact bytes (median)",
        "min - max",
    ]);
    for tally in &tallies {
        let percent = |part: f64| format!("{:.1}", part * 100.0);
        let (covered, width) = match tally.stated {
            0 => ("none stated".to_owned(), String::new()),
            stated => (
                percent(f64::from(tally.covered) / f64::from(stated)),
                percent(tally.widths.median()),
            ),
        };
        let (low, high) = (tally.ratios.low(), tally.ratios.high());
        table.row(&[
            tally.name.clone(),
            tally.ratios.rounds().to_string(),
            covered,
            width,
            percent(tally.ratios.median()),
            format!("{} - {}", percent(low), percent(high)),
        ]);
    }
    Ok(format!(
        "{}; {recordings} recordings of {SECONDS} s each.\n\n{table}",
        burn.title()
    ))
}

/// Makes one recording and adds it to the tallies.
fn record(burn: &Burn, tallies: &mut Vec<Tally>) -> Result<()> {
    let outcome = burn.run(Tracing::Goalloc(MaxOverhead::default()), SECONDS)?;
    let recording = outcome.traced.recording.context("no recording")?;
    let report = recording.report(burn.by())?;
    let bytes: u64 = outcome.functions.iter().map(|(_, bytes)| bytes).sum();
    for (name, exact) in &outcome.functions {
        let exact = *exact as f64;
        if exact < LEAST_SHARE * bytes as f64 {
            continue;
        }
        if !tallies.iter().any(|tally| tally.name == *name) {
            tallies.push(Tally {
                name: name.clone(),
                ..Tally::default()
            });
        }
        let Some(tally) = tallies.iter_mut().find(|tally| tally.name == *name) else {
            continue;
        };
        let row = report.row(name);
        tally
            .ratios
            .push(row.map_or(0.0, |row| row.bytes as f64) / exact);
        if let Some((low, high)) = row.and_then(interval) {
            tally.stated += 1;
            tally.covered += u32::from((low..=high).contains(&exact));
            tally.widths.push((high - low) / exact);
        }
    }
    Ok(())
}
