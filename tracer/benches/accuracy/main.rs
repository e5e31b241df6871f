//! How near the estimates of `goalloc` with a bound come to exact figures: totals,
//! bytes of sites, and how often the stated intervals hold the exact value.
//!
//! `cargo xtask bench accuracy` runs it.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod comparison;
mod exact;
mod tables;

use anyhow::Context;
use common::markdown::environment;
use common::options::{COVERAGE, FIXTURES, Options};
use common::workload::burn::Burn;
use common::workload::looped::{self, Looped};
use common::workload::{self, Size, Workload};
use comparison::Comparison;

/// Recordings of each unless told otherwise.
const RECORDINGS: u32 = 5;

/// How many of those unless told otherwise, and how long they are.
const SHORT_RECORDINGS: u32 = 100;
const SHORT_SECONDS: u64 = 2;

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    println!("## Estimates\n\n{}.\n", environment());
    let mut workloads = workload::wanted(&options, Size::Long)?;
    if options.wants(FIXTURES) {
        for name in looped::NAMES {
            workloads.push(Box::new(Looped::build(name)?));
        }
    }
    let rounds = options.rounds.unwrap_or(RECORDINGS);
    let mut comparisons = workloads
        .iter()
        .map(|workload| compare(workload.as_ref(), workload.amount(Size::Long), rounds))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if options.wants(COVERAGE) {
        let rounds = options.rounds.unwrap_or(SHORT_RECORDINGS);
        comparisons.push(compare(&Burn::build()?, SHORT_SECONDS, rounds)?);
    }
    println!("{}", tables::totals(&comparisons));
    println!("### Sites\n\n{}", tables::sites(&comparisons));
    Ok(())
}

fn compare(workload: &dyn Workload, amount: u64, rounds: u32) -> anyhow::Result<Comparison> {
    Comparison::of(workload, amount, rounds).with_context(|| workload.name().to_owned())
}
