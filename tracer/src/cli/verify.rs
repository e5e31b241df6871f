//! `goalloc verify`.

use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use tracer::collect::Totals;
use tracer::output::Permissions;
use tracer::session::{self, Progress, Start};
use tracer::verify::{self, Outside, Reading};

use super::destination::Destination;
use super::moment::Moment;
use super::progress::Line;
use super::{Outcome, recording};

/// Arguments of `goalloc verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    moment: Moment,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc verify` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A row for each source, for people
    #[default]
    Table,
    /// All of it, with a versioned schema
    Json,
}

/// Runs `goalloc verify`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let output = args.destination.create(Permissions::Umask)?;
    let mut watch = Watch {
        line: Line::new(),
        outside: Outside::open(args.moment.pid)?,
        readings: Vec::new(),
    };
    let recording =
        recording::event_loop()?.block_on(session::record(&args.moment.config(), &mut watch))?;
    let profile = recording.profile;
    let mut readings = watch.readings.into_iter();
    let mut next = || readings.next().context("nothing was recorded");
    let (start, end) = (next()??, next()?);
    let end = end.context("the process has ended too early: give a shorter -d")?;
    let verification = verify::verify(&profile, &start, &end);
    let text = match args.format {
        Format::Table => verify::to_table(&verification),
        Format::Json => verify::to_json(&verification),
    };
    output.commit(text.as_bytes())?;
    let outcome = recording::outcome(&profile);
    Ok(if verification.disagrees() {
        Outcome::Disagrees
    } else {
        outcome
    })
}

/// Reads the other sources when the recording begins and when it ends.
struct Watch {
    line: Line,
    outside: Outside,
    readings: Vec<anyhow::Result<Reading>>,
}

impl Watch {
    fn read(&mut self) {
        let reading = self.outside.read();
        let reading = reading.context("cannot read the runtime's counters");
        self.readings.push(reading);
    }
}

impl Progress for Watch {
    fn started(&mut self, start: &Start<'_>) {
        self.read();
        self.line.started(start);
    }

    fn tick(&mut self, totals: &Totals, elapsed: Duration) {
        self.line.tick(totals, elapsed);
    }

    fn stopped(&mut self) {
        self.read();
        self.line.stopped();
    }
}
