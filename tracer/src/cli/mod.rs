//! The command line: arguments become plain configurations, errors become one
//! line, outcomes become exit codes.

mod advise;
mod check;
mod completions;
mod destination;
mod diff;
mod doctor;
mod explain;
mod export;
mod frames;
mod gc;
mod man;
mod moment;
mod plan;
mod progress;
mod ps;
mod record;
mod recording;
mod report;
mod top;
mod trace;
mod usage;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracer::target::launch;

/// Live heap-allocation tracer for Go processes.
///
/// Attaches to a running Go program, or starts one, and tells which call
/// sites, types and causes allocate its heap. The program needs no change,
/// no restart and no symbols.
#[derive(Debug, Parser)]
#[command(name = "goalloc", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 done but events were lost, 4 a budget is broken, 5 what should agree does not."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Record the allocations of a running process or executable
    Record(record::RecordArgs),
    /// Start a command and record it from its first allocation
    Run(record::RunArgs),
    /// Show live which sites allocate
    Top(top::Args),
    /// Show calls of the runtime as they happen
    Trace(trace::Args),
    /// Show what a recording says: tables, JSON, CSV, histograms
    Report(report::Args),
    /// Turn a recording into a flame graph or another format
    Export(export::Args),
    /// Check that a recording keeps to a budget
    Check(check::Args),
    /// Show what has changed from one recording to another
    Diff(diff::Args),
    /// Join a recording with what the compiler said of escapes
    Explain(explain::Args),
    /// Hold goalloc's count against the runtime's counters and its heap profile
    Verify(verify::Args),
    /// Show which call sites bring garbage collections on
    Gc(gc::Args),
    /// Say what to write instead: capacities, hints, builders, pools
    Advise(advise::Args),
    /// List the Go processes of this host
    Ps(ps::Args),
    /// Show which instructions of a Go program would carry a probe, and why
    Plan(plan::Args),
    /// Check what this machine and this user can do
    Doctor(doctor::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print manual pages, or write them all to a folder
    Man(man::Args),
}

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Done,
    /// The command did its work and found something wrong.
    Unfit,
    /// Done, but the figures lack events or call chains.
    EventsLost,
    /// Done, and a limit of the budget is broken.
    BudgetBroken,
    /// Done, and what should agree does not.
    Disagrees,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Unfit => Self::FAILURE,
            Outcome::EventsLost => Self::from(3),
            Outcome::BudgetBroken => Self::from(4),
            Outcome::Disagrees => Self::from(5),
        }
    }
}

/// Parses the arguments, runs the command, and turns its outcome into an exit code.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(launch::HELD_SUBCOMMAND.as_ref()) {
        return become_the_command(arguments);
    }
    let command = Cli::parse().command;
    // A line of the log would end up in the middle of what top shows.
    let level = match &command {
        Command::Top(args) if args.is_on_terminal() => "off",
        _ => "warn",
    };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("GOALLOC_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level)),
        )
        .with_writer(std::io::stderr)
        .without_time()
        .init();
    match run(command) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("goalloc: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Record(args) => record::record(args),
        Command::Run(args) => record::run(args),
        Command::Top(args) => top::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Report(args) => report::run(args),
        Command::Export(args) => export::run(args),
        Command::Check(args) => check::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Advise(args) => advise::run(&args),
        Command::Ps(args) => ps::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// This process is the child of `goalloc run`: it waits for the probes and
/// then becomes the command.
fn become_the_command(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Err(reason) = launch::exec_held(arguments);
    if let Some(reason) = reason {
        eprintln!("goalloc: {reason}");
    }
    ExitCode::FAILURE
}
