//! What one traced allocation costs: nanoseconds per allocation of the `burn`
//! fixture under each way of tracing it, and what attaching to a large binary
//! costs.
//!
//! `cargo xtask bench hit` runs it. Every figure comes from one run on one machine,
//! the ways in turn, round after round; medians are printed, and ratios.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod attach;
mod table;
mod way;

use common::markdown::Figures;
use common::options::Options;
use way::{Burn, Way};

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let burn = Burn::build()?;
    println!("## Cost of one traced allocation\n");
    println!("{}", table::environment(&burn));
    let mut samples: Vec<(Way, Figures)> = Way::all()
        .into_iter()
        .map(|way| (way, Figures::default()))
        .collect();
    for round in 0..rounds {
        for (way, figures) in &mut samples {
            eprintln!("round {} of {rounds}: {way}", round + 1);
            figures.push(burn.ns_per_allocation(*way)?);
        }
    }
    println!("{}", table::costs(&samples));
    println!("## Attaching to a large binary\n");
    println!("{}", attach::table(rounds)?);
    Ok(())
}
