//! Whether the bound on the overhead holds.
//!
//! `cargo xtask bench bound` runs it. On a machine whose speed drifts by more than
//! the bound is wide, a few runs of a program cannot show that. Many pairs can: a
//! stretch of tracing is compared with the stretches before and behind it, inside
//! one process where that runs on and on, and with the runs before and behind it
//! where not. The rows in which nothing is attached show what that is worth.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod endless;
mod interval;
mod meter;

use anyhow::Result;
use tracer::budget::MaxOverhead;

use common::markdown::{Table, environment};
use common::options::Options;
use common::tracing::{Attached, Tracing};
use common::workload::{self, Size, Workload, burn};
use endless::Endless;
use meter::{Meter, Times};

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

/// Pairs a round, of stretches and of runs.
const STRETCHES: u32 = 20;
const RUNS: u32 = 8;

/// The bounds that the allocation loop is traced under beside the default.
const FURTHER_BOUNDS: [f64; 3] = [0.5, 1.0, 5.0];

fn main() -> Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let mut table = Table::new(&[
        "workload",
        "--max-overhead",
        "wall-clock time, traced over untraced",
        "CPU time, traced over untraced",
        "pairs",
    ]);
    for workload in workload::wanted(&options, Size::Full)? {
        let mut subject = Subject::of(workload)?;
        for tracing in ways(subject.workload().name()) {
            eprint!("{}, {tracing}: ", subject.workload().name());
            let ratios = subject.ratios(tracing, rounds)?;
            let of = |which: fn(&Times) -> f64| interval::median(ratios.iter().map(which));
            let (wall, cpu) = (of(|ratio| ratio.wall_ns), of(|ratio| ratio.cpu_ns));
            eprintln!("wall {wall}, CPU {cpu}");
            table.row(&[
                subject.workload().title(),
                match tracing {
                    Tracing::Goalloc(bound) => bound.to_string(),
                    _ => "nothing attached".to_owned(),
                },
                wall.to_string(),
                cpu.to_string(),
                ratios.len().to_string(),
            ]);
        }
    }
    println!(
        "## The bound\n\n{}; medians and their 95 % intervals.\n\n{table}",
        environment()
    );
    Ok(())
}

fn ways(name: &str) -> Vec<Tracing> {
    let mut ways = vec![Tracing::Untraced, Tracing::Goalloc(MaxOverhead::default())];
    if name == burn::NAME {
        let bounds = FURTHER_BOUNDS.map(MaxOverhead::Percent);
        ways.extend(bounds.map(Tracing::Goalloc));
    }
    ways
}

/// What is traced and not traced in turn.
enum Subject {
    /// A program that runs on and on, for a stretch of time.
    Endless {
        workload: Box<dyn Workload>,
        program: Box<Endless>,
        meter: Box<Meter>,
    },
    /// Runs of a program, for one run.
    Runs(Box<dyn Workload>),
}

impl Subject {
    fn of(workload: Box<dyn Workload>) -> Result<Self> {
        let Some(program) = Endless::start(workload.name())? else {
            return Ok(Self::Runs(workload));
        };
        Ok(Self::Endless {
            workload,
            meter: Box::new(Meter::of(program.pid, &program.executable)?),
            program: Box::new(program),
        })
    }

    fn workload(&self) -> &dyn Workload {
        match self {
            Self::Endless { workload, .. } | Self::Runs(workload) => workload.as_ref(),
        }
    }

    /// Times while traced over those around.
    fn ratios(&mut self, tracing: Tracing, rounds: u32) -> Result<Vec<Times>> {
        let pairs = match self {
            Self::Endless { .. } => STRETCHES * rounds,
            Self::Runs(_) => RUNS * rounds,
        };
        let mut before = self.times(Tracing::Untraced)?;
        let mut ratios = Vec::new();
        for _ in 0..pairs {
            let traced = self.times(tracing)?;
            let behind = self.times(Tracing::Untraced)?;
            ratios.push(traced.over(before, behind));
            before = behind;
        }
        Ok(ratios)
    }

    fn times(&mut self, tracing: Tracing) -> Result<Times> {
        match self {
            Self::Endless { program, meter, .. } => {
                let attached = Attached::start(tracing, program.pid, &program.executable)?;
                let times = meter.times()?;
                attached.stop()?;
                Ok(times)
            }
            Self::Runs(workload) => {
                let outcome = workload.run(tracing, workload.amount(Size::Full))?;
                Ok(Times {
                    wall_ns: outcome.wall_ns(),
                    cpu_ns: outcome.cpu_ns(),
                })
            }
        }
    }
}
