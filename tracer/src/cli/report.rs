//! `goalloc report`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::ValueEnum;
use tracer::output::Permissions;
use tracer::profile::summary;
use tracer::report::{self, By, Options, Report, Sort};

use super::destination::Destination;
use super::frames::FrameArgs;
use super::{Outcome, recording};

/// Columns of the table where there is no terminal to ask.
const DEFAULT_WIDTH: u16 = 100;

/// Arguments of `goalloc report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Recording to read, or any pprof heap profile; - is stdin
    file: PathBuf,
    /// What rows are made of
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Options::default().by)]
    by: By,
    /// What rows are ordered by, and percentages are of
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Options::default().sort)]
    sort: Sort,
    /// How many rows; 0 for all
    #[arg(long, value_name = "N", default_value_t = Options::default().top)]
    top: usize,
    /// Only rows whose key contains this, and their sizes
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    frames: FrameArgs,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc report` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Rows, counted calls and the distribution of sizes, for people
    #[default]
    Table,
    /// All of that, with a versioned schema
    Json,
    /// The rows
    Csv,
    /// Sizes as percentile text, for HdrHistogram's plotter
    Hgrm,
    /// Sizes as compressed interval log, for HdrHistogram's log tools
    Hlog,
}

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Config {
    file: PathBuf,
    options: Options,
    format: Format,
    frames: FrameArgs,
    destination: Destination,
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        Self {
            file: args.file,
            options: Options {
                by: args.by,
                sort: args.sort,
                top: args.top,
                only: args.only,
            },
            format: args.format,
            frames: args.frames,
            destination: args.destination,
        }
    }
}

/// Runs `goalloc report`.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let config = Config::from(args);
    let output = config.destination.create(Permissions::Umask)?;
    let profile = config.frames.apply(recording::read(&config.file)?)?;
    let report = Report::new(&profile, config.options);
    let bytes = match config.format {
        Format::Table => report::to_table(&report, width(&config.destination.output)).into_bytes(),
        Format::Json => report::to_json(&report).into_bytes(),
        Format::Csv => report::to_csv(&report)?.into_bytes(),
        Format::Hgrm => report::to_hgrm(&report).into_bytes(),
        Format::Hlog => report::to_hlog(&report)?,
    };
    output.commit(&bytes)?;
    if config.format == Format::Csv && report.estimated {
        eprintln!("goalloc: coverage: {}", summary::coverage(&profile));
    }
    Ok(recording::outcome(&profile))
}

/// Columns of the terminal the table goes to.
pub fn width(output: &std::path::Path) -> u16 {
    let to_terminal = output.as_os_str() == "-" && std::io::stdout().is_terminal();
    to_terminal
        .then(|| comfy_table::Table::new().width())
        .flatten()
        .unwrap_or(DEFAULT_WIDTH)
}
