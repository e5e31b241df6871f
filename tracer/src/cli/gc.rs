//! `goalloc gc`.

use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use tracer::budget::MaxOverhead;
use tracer::gc;
use tracer::output::Permissions;
use tracer::plan::ProbeSet;
use tracer::session::{self, Config, Subject, Tables};

use super::destination::Destination;
use super::progress::Line;
use super::{Outcome, recording};

/// Arguments of `goalloc gc`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Process to attach to
    #[arg(short, long, value_name = "PID")]
    pid: u32,
    /// How long to record, as 10s or 2m
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// What tracing may cost, in percent of the CPU time the target uses, or none to
    /// trace every allocation: then every cycle is seen as a whole
    #[arg(long, value_name = "PCT|none", default_value_t)]
    max_overhead: MaxOverhead,
    /// How many sites and cycles to show; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc gc` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Sites and cycles, for people
    #[default]
    Table,
    /// All of it, with a versioned schema
    Json,
}

/// Runs `goalloc gc`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let output = args.destination.create(Permissions::Umask)?;
    let config = Config {
        subject: Subject::Processes(vec![args.pid]),
        duration: Some(args.duration),
        max_overhead: args.max_overhead,
        cycles: true,
        probes: ProbeSet::default(),
        tables: Tables::default(),
        mechanism: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?;
    let recording = runtime.block_on(session::record(&config, &mut Line::new()))?;
    let profile = recording.profile;
    let cycles = recording
        .cycles
        .context("cannot read the runtime's counters, which tell when collections end")?;
    let text = match args.format {
        Format::Table => gc::to_table(&cycles, &profile, args.top),
        Format::Json => gc::to_json(&cycles, &profile),
    };
    output.commit(text.as_bytes())?;
    Ok(recording::outcome(&profile))
}
