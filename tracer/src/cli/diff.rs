//! `goalloc diff`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::ValueEnum;
use tracer::diff::{self, Diff, Options, Per, Unit};
use tracer::export::{self, Value};
use tracer::output::Permissions;
use tracer::profile::pprof;
use tracer::report::{By, Sort};

use super::check::{operations, percent};
use super::destination::Destination;
use super::frames::FrameArgs;
use super::{Outcome, recording, report};

/// Arguments of `goalloc diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Earlier recording, or any pprof heap profile
    before: PathBuf,
    /// Later one; one of the two may be -, standard input
    after: PathBuf,
    /// What rows are made of
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Options::default().by)]
    by: By,
    /// What is compared
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Options::default().sort)]
    sort: Sort,
    /// What figures are related to
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        default_value = "recording",
        conflicts_with = "ops"
    )]
    per: Unit,
    /// Operations the program did in each recording, as N or N,M, for figures per operation
    #[arg(long, value_name = "N", value_delimiter = ',', num_args = 1, value_parser = operations)]
    ops: Vec<f64>,
    /// By how much a figure has to differ to count as changed, as 5 or 5%
    #[arg(long, value_name = "PCT", default_value = "5%", value_parser = percent)]
    threshold: f64,
    /// How many rows of the table that did not change; 0 for all
    #[arg(long, value_name = "N", default_value_t = Options::default().top)]
    top: usize,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    frames: FrameArgs,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc diff` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// What changed and what did not, for people
    #[default]
    Table,
    /// All rows, with a versioned schema
    Json,
    /// All rows
    Csv,
    /// Flame graph of the later one, red where it has more and blue where it has less
    Svg,
    /// Flame graph of both and all rows in one page for a browser, which needs no network
    Html,
    /// Samples of both, the earlier ones negative, as go tool pprof -diff_base
    Pprof,
}

/// Runs `goalloc diff`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let per = match args.ops.as_slice() {
        [] => Per::from(args.per),
        [both] => Per::Operation(*both, *both),
        [before, after] => Per::Operation(*before, *after),
        _ => anyhow::bail!("--ops takes one number, or two: before and after"),
    };
    ensure!(
        args.before != args.after || args.before.as_os_str() != "-",
        "only one of the two recordings can be standard input"
    );
    let permissions = match args.format {
        Format::Pprof => Permissions::Private,
        _ => Permissions::Umask,
    };
    let output = args.destination.create(permissions)?;
    let before = args.frames.apply(recording::read(&args.before)?)?;
    let after = args.frames.apply(recording::read(&args.after)?)?;
    let options = Options {
        by: args.by,
        sort: args.sort,
        per,
        threshold_percent: args.threshold,
        top: args.top,
    };
    let diff = Diff::new(&before, &after, options)?;
    let earlier = (&before, diff.times());
    let bytes = match args.format {
        Format::Table => {
            diff::to_table(&diff, report::width(&args.destination.output)).into_bytes()
        }
        Format::Json => diff::to_json(&diff).into_bytes(),
        Format::Csv => diff::to_csv(&diff)?.into_bytes(),
        Format::Svg => export::to_differential_svg(earlier, &after, value(args.sort), None)?,
        Format::Html => {
            let mut page = Vec::new();
            diff::write_html(&diff, &mut page)?;
            page
        }
        Format::Pprof => pprof::encode_difference(earlier, &after),
    };
    output.commit(&bytes)?;
    let outcomes = [recording::outcome(&before), recording::outcome(&after)];
    let worst = outcomes.into_iter().find(|it| *it != Outcome::Done);
    Ok(worst.unwrap_or(Outcome::Done))
}

fn value(sort: Sort) -> Value {
    match sort {
        Sort::Bytes => Value::Bytes,
        Sort::Objects => Value::Objects,
    }
}
