//! `goalloc gc`.

use anyhow::Context;
use clap::ValueEnum;
use tracer::gc;
use tracer::output::Permissions;
use tracer::session::{self, Config, CutAt};

use super::destination::Destination;
use super::moment::Moment;
use super::progress::Line;
use super::{Outcome, recording};

/// Arguments of `goalloc gc`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    moment: Moment,
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
        cuts: Some(CutAt::Collections),
        ..args.moment.config()
    };
    let recording =
        recording::event_loop()?.block_on(session::record(&config, &mut Line::new()))?;
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
