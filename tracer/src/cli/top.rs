//! `goalloc top`.

mod batch;
mod files;
mod interactive;
mod looking;
mod screen;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use tracer::budget::MaxOverhead;
use tracer::output::{Output, Permissions};
use tracer::profile::pprof;
use tracer::report::By;
use tracer::session::{Config, Live};
use tracer::top::view::LEAST_SIZE;
use tracer::top::{Column, Options, State};

use self::looking::Looking;
use super::frames::FrameArgs;
use super::{Outcome, moment, recording};

/// Arguments of `goalloc top`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Process to attach to
    #[arg(short, long, value_name = "PID")]
    pid: u32,
    /// What tracing may cost, in percent of the CPU time the target uses, or none to
    /// trace every allocation
    #[arg(long, value_name = "PCT|none", default_value_t)]
    max_overhead: MaxOverhead,
    /// How often the view is refreshed, as long as that takes at most 1 % of a core
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    interval: Duration,
    /// The first table
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    by: By,
    /// The column it is sorted by
    #[arg(long, value_enum, value_name = "COLUMN", default_value_t)]
    sort: Column,
    /// Save the recording (gzipped pprof) when it ends: all of it, whatever is shown
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Print the view once as text, after some intervals, and end; takes no terminal
    #[arg(long)]
    batch: bool,
    /// Intervals until that
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        default_value_t = 10,
        requires = "batch"
    )]
    intervals: u32,
    /// Columns of that text
    #[arg(long, value_name = "N", default_value_t = 100, requires = "batch")]
    width: u16,
    /// Lines of that text
    #[arg(long, value_name = "N", default_value_t = 30, requires = "batch")]
    height: u16,
    #[command(flatten)]
    frames: FrameArgs,
}

/// The shortest time from one look to the next.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);

impl Args {
    /// Whether a terminal shows the view.
    pub fn is_on_terminal(&self) -> bool {
        !self.batch && std::io::stdout().is_terminal()
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.interval >= LEAST_INTERVAL,
            "--interval must be at least 100ms"
        );
        let (width, height) = LEAST_SIZE;
        ensure!(
            self.width >= width && self.height >= height && self.intervals > 0,
            "--width must be at least {width}, --height {height}, and --intervals 1"
        );
        if self.batch {
            return Ok(());
        }
        ensure!(
            self.is_on_terminal(),
            "standard output is no terminal: run goalloc top in one, or print the view as text \
             with --batch"
        );
        ensure!(
            screen::can_place_text(),
            "this terminal cannot place text on its screen (TERM is dumb or not set): set TERM, \
             or print the view as text with --batch"
        );
        Ok(())
    }

    fn options(&self) -> Options {
        Options {
            by: self.by,
            sort: self.sort,
            interval: self.interval,
            max_overhead: self.max_overhead,
        }
    }
}

/// Runs `goalloc top`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    args.check()?;
    let frames = args.frames.options()?;
    let output = args
        .output
        .as_ref()
        .map(|path| Output::create(path, args.force, Permissions::Private))
        .transpose()?;
    // From here on signals end the recording, not the process.
    let mut signals = screen::signals()?;
    let config = Config {
        duration: None,
        ..moment::config(args.pid, Duration::MAX, args.max_overhead)
    };
    let live = Live::start(args.pid, &config)?;
    let state = State::new(args.options());
    let mut looking = Looking::new(live, state, args.interval, frames);
    if args.batch {
        batch::run(args, &mut looking, &mut signals)?;
    } else {
        interactive::run(args.pid, &mut looking, &mut signals)?;
    }
    let Some(recording) = looking.finish()? else {
        return Ok(Outcome::Done);
    };
    if let Some(output) = output {
        output.commit(&pprof::encode(&recording))?;
    }
    Ok(recording::outcome(&recording))
}
