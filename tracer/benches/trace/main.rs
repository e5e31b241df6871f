//! What it costs to print calls as they happen: every assignment to a map of the
//! `assignments` fixture, by `goalloc trace`, by `bpftrace` printing the same, and by
//! `dlv trace`; with what each returns and without.
//!
//! `cargo xtask bench trace` runs it. The ways take turns, round after round; medians
//! are printed.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod way;

use common::markdown::{self, Figures, Table};
use common::options::Options;
use way::{Assignments, Way};

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

/// The figures of one way, nanoseconds per call; the calls it printed, of how many; and the
/// rounds that the target lived through.
#[derive(Default)]
struct Costs {
    wall: Figures,
    target: Figures,
    tracer: Figures,
    printed: Figures,
    calls: u64,
    lived_on: u32,
}

impl Costs {
    /// What a call costs beyond what it does untraced: the target, and the tracer beside it.
    fn over(&self, untraced: &Self) -> f64 {
        self.target.median() - untraced.target.median() + self.tracer.median()
    }
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
            let each = |ns: u64| ns as f64 / cost.calls as f64;
            costs.wall.push(each(cost.wall_ns));
            costs.target.push(each(cost.target_ns));
            costs.tracer.push(each(cost.tracer_ns));
            costs.printed.push(cost.printed as f64);
            costs.calls = cost.calls;
            costs.lived_on += u32::from(cost.lived_on);
        }
    }
    println!("## Cost of one printed call\n");
    println!(
        "{}, {}; assignments by one goroutine, {rounds} rounds.\n",
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
        "CPU time over untraced, both",
        "times that of goalloc",
        "calls made",
        "calls printed, min - max",
        "runs the target went on after",
    ]);
    let of = |wanted: Way| {
        let found = costs.iter().find(|(way, _)| *way == wanted);
        found.map(|(_, costs)| costs)
    };
    for (way, costs) in costs {
        let figures = [&costs.wall, &costs.target, &costs.tracer];
        let mut row = vec![way.to_string()];
        row.extend(figures.map(|figures| format!("{:.0}", figures.median())));
        row.extend(match (of(Way::Untraced), of(way.of_goalloc())) {
            (Some(untraced), Some(goalloc)) if *way != Way::Untraced => {
                let over = costs.over(untraced);
                let times = over / goalloc.over(untraced);
                [format!("{over:.0}"), format!("{times:.1}")]
            }
            _ => [String::new(), String::new()],
        });
        row.push(costs.calls.to_string());
        row.push(format!(
            "{} - {}",
            costs.printed.low(),
            costs.printed.high()
        ));
        row.push(format!("{} of {}", costs.lived_on, costs.wall.rounds()));
        table.row(&row);
    }
    table
}
