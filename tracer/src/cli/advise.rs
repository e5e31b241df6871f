//! `goalloc advise`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{ArgGroup, ValueEnum};
use tracer::advise;
use tracer::budget::MaxOverhead;
use tracer::output::Permissions;
use tracer::plan::ProbeSet;
use tracer::profile::Profile;
use tracer::session::{self, Config};

use super::destination::Destination;
use super::progress::Line;
use super::{Outcome, moment, recording};

/// Arguments of `goalloc advise`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("subject").required(true).args(["file", "pid"])))]
pub struct Args {
    /// Recording to advise on; - is stdin
    file: Option<PathBuf>,
    /// Process to attach to and to advise on
    #[arg(short, long, value_name = "PID")]
    pid: Option<u32>,
    /// How long to attach, as 10s or 2m; Ctrl-C ends it earlier
    #[arg(short, long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration, conflicts_with = "file")]
    duration: Duration,
    /// What tracing may cost, as for goalloc record
    #[arg(
        long,
        value_name = "PCT|none",
        default_value_t,
        conflicts_with = "file"
    )]
    max_overhead: MaxOverhead,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc advise` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Line by line, for people
    #[default]
    Text,
    /// All of it, with a versioned schema
    Json,
}

/// Runs `goalloc advise`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let output = args.destination.create(Permissions::Umask)?;
    let profile = match (&args.file, args.pid) {
        (Some(path), _) => recording::read(path)?,
        (_, Some(pid)) => record(pid, args)?,
        (None, None) => bail!("a recording or -p PID is needed"),
    };
    let advisory = advise::advise(&profile).with_context(|| cannot_advise(args.file.as_deref()))?;
    let text = match args.format {
        Format::Text => advise::to_text(&advisory),
        Format::Json => advise::to_json(&advisory),
    };
    output.commit(text.as_bytes())?;
    Ok(recording::outcome(&profile))
}

fn cannot_advise(file: Option<&Path>) -> String {
    match file {
        Some(path) => format!("cannot advise on {}", path.display()),
        None => "cannot advise".to_owned(),
    }
}

fn record(pid: u32, args: &Args) -> anyhow::Result<Profile> {
    let config = Config {
        probes: ProbeSet::ALLOC.with_growth(),
        ..moment::config(pid, args.duration, args.max_overhead)
    };
    let recording =
        recording::event_loop()?.block_on(session::record(&config, &mut Line::new()))?;
    Ok(recording.profile)
}
