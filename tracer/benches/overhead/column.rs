//! The ways each workload is traced, and the rounds over them.

use anyhow::{Context, Result};
use tracer::budget::MaxOverhead;

use crate::Measured;
use crate::common::markdown::Figures;
use crate::common::tracing::Tracing;
use crate::common::workload::{Size, burn};

/// Rounds of those that slow a target down many times: they need no precision.
const SLOW_ROUNDS: u32 = 1;

/// Further bounds, in percent, that the loop of allocations is traced with.
const FURTHER_BOUNDS: [f64; 3] = [0.5, 1.0, 5.0];

/// One way of tracing, and its figures in nanoseconds per unit, one a round.
#[derive(Clone, Debug)]
pub struct Column {
    /// The way.
    pub tracing: Tracing,
    /// How much work it is given.
    pub size: Size,
    /// Wall-clock time.
    pub wall_ns: Figures,
    /// CPU time of the target.
    pub cpu_ns: Figures,
}

impl Column {
    fn new(tracing: Tracing, size: Size) -> Self {
        Self {
            tracing,
            size,
            wall_ns: Figures::default(),
            cpu_ns: Figures::default(),
        }
    }
}

/// The columns of a workload, each kind behind the untraced runs of its size.
pub fn of(workload: &str) -> Vec<Column> {
    let mut columns = vec![
        Column::new(Tracing::Untraced, Size::Full),
        Column::new(Tracing::Goalloc(MaxOverhead::default()), Size::Full),
    ];
    if workload == burn::NAME {
        columns.extend(FURTHER_BOUNDS.map(|percent| {
            let bound = MaxOverhead::Percent(percent);
            Column::new(Tracing::Goalloc(bound), Size::Full)
        }));
    }
    columns.extend(
        [
            Tracing::Untraced,
            Tracing::Goalloc(MaxOverhead::None),
            Tracing::Bpftrace,
        ]
        .map(|tracing| Column::new(tracing, Size::Reduced)),
    );
    columns
}

/// One round over the columns. Every other round goes backwards, so that what
/// drifts on the machine does not favour one of them.
pub fn measure(measured: &mut Measured, round: u32, rounds: u32) -> Result<()> {
    let workload = &measured.workload;
    let mut columns: Vec<&mut Column> = measured.columns.iter_mut().collect();
    if round % 2 == 1 {
        columns.reverse();
    }
    for column in columns {
        if column.size == Size::Reduced && round >= SLOW_ROUNDS {
            continue;
        }
        let amount = workload.amount(column.size);
        let (name, tracing) = (workload.name(), column.tracing);
        eprint!("round {} of {rounds}: {name}, {tracing}", round + 1);
        let outcome = workload
            .run(tracing, amount)
            .with_context(|| format!("{name}, {tracing}"))?;
        let (wall_ns, cpu_ns) = (outcome.wall_ns(), outcome.cpu_ns());
        eprintln!(": wall {wall_ns:.1} ns, CPU {cpu_ns:.1} ns");
        column.wall_ns.push(wall_ns);
        column.cpu_ns.push(cpu_ns);
    }
    Ok(())
}
