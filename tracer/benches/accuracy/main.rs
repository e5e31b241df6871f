//! How near the estimates of `goalloc` with a bound come to exact figures: totals,
//! shares of sites, and how often the stated intervals hold the exact value.
//!
//! `cargo xtask bench accuracy` runs it.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod comparison;
mod coverage;
mod exact;
mod tables;

use anyhow::Context;
use common::markdown::environment;
use common::options::Options;
use common::workload::looped::{self, Looped};
use common::workload::{self, Workload};
use comparison::Comparison;

/// All fixtures that are repeated, on the command line.
const FIXTURES: &str = "fixtures";

/// The repeated short recordings, on the command line.
const COVERAGE: &str = "coverage";

/// How many of those unless told otherwise.
const RECORDINGS: u32 = 100;

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    println!("## Estimates\n\n{}.\n", environment());
    let mut workloads = workload::wanted(&options)?;
    if options.wants(FIXTURES) {
        for name in looped::NAMES {
            workloads.push(Box::new(Looped::build(name)?));
        }
    }
    let comparisons = workloads
        .iter()
        .map(|workload| compare(workload.as_ref()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if !comparisons.is_empty() {
        println!("{}", tables::totals(&comparisons));
        println!("### Sites\n\n{}", tables::sites(&comparisons));
    }
    if options.wants(COVERAGE) {
        let recordings = options.rounds.unwrap_or(RECORDINGS);
        println!("### Intervals\n\n{}", coverage::table(recordings)?);
    }
    Ok(())
}

fn compare(workload: &dyn Workload) -> anyhow::Result<Comparison> {
    Comparison::of(workload).with_context(|| workload.name().to_owned())
}
