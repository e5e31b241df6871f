//! What tracing costs: nanoseconds per allocation of the `burn` fixture under
//! each way of tracing it, and what attaching to a large binary costs.
//!
//! `cargo xtask bench` runs it. Every figure comes from one run on one machine,
//! the ways in turn, round after round; medians are printed, and ratios.

mod attach;
mod burn;
mod table;

use std::time::Duration;

use burn::{Burn, Way};

/// Rounds over all ways; the median counts.
const ROUNDS: usize = 5;

/// How long each way traces in each round.
const WINDOW: Duration = Duration::from_millis(1500);

fn main() -> anyhow::Result<()> {
    // `cargo test --benches` passes this: a build check, not a measurement.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let burn = Burn::build()?;
    println!("## Cost of one traced allocation\n");
    println!("{}", table::environment(&burn));
    let mut samples: Vec<(Way, Vec<f64>)> = Way::all()
        .into_iter()
        .map(|way| (way, Vec::new()))
        .collect();
    for round in 0..ROUNDS {
        for (way, figures) in &mut samples {
            eprintln!("round {} of {ROUNDS}: {way}", round + 1);
            figures.push(burn.ns_per_allocation(*way, WINDOW)?);
        }
    }
    println!("{}", table::costs(&samples));
    println!("## Attaching to a large binary\n");
    println!("{}", attach::table(ROUNDS)?);
    Ok(())
}
