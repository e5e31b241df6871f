//! What tracing costs whole programs: wall-clock and CPU time of each workload
//! under each tracer, over those without.
//!
//! `cargo xtask bench overhead` runs it. Every ratio is of two runs in one round
//! on one machine.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod column;
mod own;
mod tables;

use column::Column;
use common::markdown::environment;
use common::options::Options;
use common::workload::{self, Size, Workload};

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

/// A workload, and what was measured of it.
pub struct Measured {
    /// Which.
    pub workload: Box<dyn Workload>,
    /// Its ways of being traced.
    pub columns: Vec<Column>,
}

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let mut all = Vec::new();
    for workload in workload::wanted(&options, Size::Full)? {
        let columns = column::of(workload.name());
        all.push(Measured { workload, columns });
    }
    for round in 0..rounds {
        for measured in &mut all {
            column::measure(measured, round, rounds)?;
        }
    }
    println!("## Whole programs\n\n{}.\n", environment());
    println!("{}", tables::ratios(&all));
    if let Some(bounds) = tables::bounds(&all) {
        println!("## Bounds\n\n{bounds}");
    }
    println!("## goalloc itself\n\n{}", own::table(&all)?);
    Ok(())
}
