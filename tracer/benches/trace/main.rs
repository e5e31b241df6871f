//! What it costs to print calls as they happen: every assignment to a map of the
//! `assignments` fixture, by `goalloc trace` and by `bpftrace` printing the same.
//!
//! `cargo xtask bench trace` runs it. The ways take turns, round after round; medians
//! are printed.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod way;

use common::markdown::{self, Figures, Table};
use common::options::Options;
use way::{ASSIGNMENTS, Assignments, Way};

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

/// The figures of one way, nanoseconds per call, and the calls it printed.
#[derive(Default)]
struct Costs {
    wall: Figures,
    target: Figures,
    tracer: Figures,
    printed: Figures,
}

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let program = Assignments::build()?;
    let mut costs: Vec<(Way, Costs)> = Way::ALL.map(|way| (way, Costs::default())).into();
    for round in 0..rounds {
        for (way, costs) in &mut costs {
            eprintln!("round {} of {rounds}: {way}", round + 1);
            let cost = program.trace(*way)?;
            let each = |ns: u64| ns as f64 / ASSIGNMENTS as f64;
            costs.wall.push(each(cost.wall_ns));
            costs.target.push(each(cost.target_ns));
            costs.tracer.push(each(cost.tracer_ns));
            costs.printed.push(cost.printed as f64);
        }
    }
    println!("## Cost of one printed call\n");
    println!(
        "{}, {}; {ASSIGNMENTS} assignments by one goroutine, {rounds} rounds.\n",
        markdown::environment(),
        program.go_version
    );
    println!("{}", table(&costs));
    Ok(())
}

fn table(costs: &[(Way, Costs)]) -> Table {
    let mut table = Table::new(&[
        "way",
        "wall-clock time, ns/call",
        "CPU time of the target, ns/call",
        "CPU time of the tracer, ns/call",
        "calls printed, min - max",
    ]);
    for (way, costs) in costs {
        let figures = [&costs.wall, &costs.target, &costs.tracer];
        let mut row = vec![way.to_string()];
        row.extend(figures.map(|figures| format!("{:.0}", figures.median())));
        row.push(format!(
            "{} - {}",
            costs.printed.low(),
            costs.printed.high()
        ));
        table.row(&row);
    }
    table
}
