//! `goalloc export`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::ValueEnum;
use tracer::export::{self, Export, Format, Root, Value};
use tracer::output::Permissions;

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
    /// What is weighed; folded, svg and dot only, others hold every value [default: bytes]
    #[arg(long, value_enum, value_name = "WHAT")]
    value: Option<Value>,
    /// Frame to put in front of every call chain; folded, svg and speedscope only
    #[arg(long, value_enum, value_name = "WHAT")]
    root: Option<Root>,
    #[command(flatten)]
    frames: FrameArgs,
    #[command(flatten)]
    destination: Destination,
}

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Config {
    file: PathBuf,
    export: Export,
    frames: FrameArgs,
    destination: Destination,
}

impl TryFrom<Args> for Config {
    type Error = anyhow::Error;

    fn try_from(args: Args) -> anyhow::Result<Self> {
        ensure!(
            args.value.is_none() || args.format.has_one_value(),
            "--value is for --format {}; this format holds every value",
            those(Format::has_one_value)
        );
        ensure!(
            args.root.is_none() || args.format.takes_root(),
            "--root is for --format {}; this format holds every label, or none",
            those(Format::takes_root)
        );
        Ok(Self {
            file: args.file,
            export: Export {
                format: args.format,
                value: args.value.unwrap_or_default(),
                root: args.root,
            },
            frames: args.frames,
            destination: args.destination,
        })
    }
}

/// The formats that do something, by name.
fn those(do_it: fn(Format) -> bool) -> String {
    let formats = Format::value_variants().iter().filter(|it| do_it(**it));
    let names = formats.filter_map(ValueEnum::to_possible_value);
    let names: Vec<_> = names.map(|it| it.get_name().to_owned()).collect();
    match names.as_slice() {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        names => names.concat(),
    }
}

/// Runs `goalloc export`.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let config = Config::try_from(args)?;
    let permissions = match config.export.format {
        Format::Pprof => Permissions::Private,
        _ => Permissions::Umask,
    };
    let output = config.destination.create(permissions)?;
    let profile = config.frames.apply(recording::read(&config.file)?)?;
    output.stream(|out| anyhow::Ok(export::write(&profile, config.export, out)?))?;
    Ok(recording::outcome(&profile))
}
