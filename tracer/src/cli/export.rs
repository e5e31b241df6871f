//! `goalloc export`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::ValueEnum;
use tracer::export::{self, Root, Value};
use tracer::output::Permissions;
use tracer::profile::pprof;

use super::destination::Destination;
use super::frames::FrameArgs;
use super::{Outcome, recording};

/// Arguments of `goalloc export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Recording to read, or any pprof heap profile; - is stdin
    file: PathBuf,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// What the width of a frame stands for; folded and svg only [default: bytes]
    #[arg(long, value_enum, value_name = "WHAT")]
    value: Option<Value>,
    /// Frame to put in front of every call chain; folded and svg only
    #[arg(long, value_enum, value_name = "WHAT")]
    root: Option<Root>,
    #[command(flatten)]
    frames: FrameArgs,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Folded stacks, for flamegraph.pl, inferno and speedscope
    Folded,
    /// Flame graph for a browser
    Svg,
    /// Flame graph, tables and timeline in one page for a browser, which needs no network
    Html,
    /// The recording itself, gzipped pprof
    Pprof,
    /// Every sample, with a versioned schema
    Json,
}

impl Format {
    /// Whether it shows one value of each call chain, so that it matters which.
    fn has_one_value(self) -> bool {
        matches!(self, Self::Folded | Self::Svg)
    }
}

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Config {
    file: PathBuf,
    format: Format,
    value: Value,
    root: Option<Root>,
    frames: FrameArgs,
    destination: Destination,
}

impl TryFrom<Args> for Config {
    type Error = anyhow::Error;

    fn try_from(args: Args) -> anyhow::Result<Self> {
        let plain = args.value.is_none() && args.root.is_none();
        ensure!(
            plain || args.format.has_one_value(),
            "--value and --root are for --format folded and svg; this format holds every value \
             and label"
        );
        Ok(Self {
            file: args.file,
            format: args.format,
            value: args.value.unwrap_or_default(),
            root: args.root,
            frames: args.frames,
            destination: args.destination,
        })
    }
}

/// Runs `goalloc export`.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let config = Config::try_from(args)?;
    let permissions = match config.format {
        Format::Pprof => Permissions::Private,
        Format::Folded | Format::Svg | Format::Html | Format::Json => Permissions::Umask,
    };
    let output = config.destination.create(permissions)?;
    let profile = config.frames.apply(recording::read(&config.file)?)?;
    let bytes = match config.format {
        Format::Folded => export::to_folded(&profile, config.value, config.root).into_bytes(),
        Format::Svg => export::to_svg(&profile, config.value, config.root)?,
        Format::Html => export::to_html(&profile).into_bytes(),
        Format::Pprof => pprof::encode(&profile),
        Format::Json => export::to_json(&profile).into_bytes(),
    };
    output.commit(&bytes)?;
    Ok(recording::outcome(&profile))
}
