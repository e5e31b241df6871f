//! `goalloc check`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{ArgGroup, ValueEnum};
use tracer::check::{self, Budget, Finding, Growth, Tally, Work};
use tracer::output::Permissions;
use tracer::profile::Profile;
use tracer::report::By;

use super::destination::Destination;
use super::{Outcome, recording};

/// Arguments of `goalloc check`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("against_what").required(true).multiple(true).args(["budget", "against"])))]
pub struct Args {
    /// Recording to check, or any pprof heap profile; - is stdin
    file: PathBuf,
    /// Rules that it is to keep
    #[arg(long, value_name = "TOML")]
    budget: Option<PathBuf>,
    /// Earlier recording than which it may allocate little more
    #[arg(long, value_name = "BASE")]
    against: Option<PathBuf>,
    /// How much more, as 5 or 5%
    #[arg(long, value_name = "PCT", default_value = "5%", requires = "against", value_parser = percent)]
    max_growth: f64,
    /// What is compared with the earlier recording
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Function, requires = "against")]
    by: By,
    /// What has less of both recordings is not compared, as 1 or 1%
    #[arg(long, value_name = "PCT", default_value = "1%", requires = "against", value_parser = percent)]
    min_share: f64,
    /// Operations the program did in the recording, for figures per operation
    #[arg(long, value_name = "N", value_parser = operations)]
    ops: Option<f64>,
    /// And in the earlier one
    #[arg(long, value_name = "N", requires = "against", value_parser = operations)]
    base_ops: Option<f64>,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc check` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// What is broken and where, for people
    #[default]
    Text,
    /// Every finding, with a versioned schema
    Json,
    /// A test case for each finding
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// Runs `goalloc check`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    ensure!(
        args.against.is_none() || args.ops.is_some() == args.base_ops.is_some(),
        "--ops and --base-ops go together: figures per operation are compared with their like"
    );
    let output = args.destination.create(Permissions::Umask)?;
    let budget = args.budget.as_deref().map(read_budget).transpose()?;
    let profile = recording::read(&args.file)?;
    let base = args.against.as_deref().map(recording::read).transpose()?;
    let findings = findings(args, &profile, budget.as_ref(), base.as_ref())?;
    let text = match args.format {
        Format::Text => check::to_text(&findings),
        Format::Json => check::to_json(&findings),
        Format::Junit => check::to_junit(&findings),
        Format::Github => {
            let root = std::env::current_dir().unwrap_or_default();
            check::to_github(&findings, &root)
        }
    };
    output.commit(text.as_bytes())?;
    let outcome = recording::outcome(&profile);
    Ok(if Tally::of(&findings).broken > 0 {
        Outcome::BudgetBroken
    } else {
        outcome
    })
}

fn findings(
    args: &Args,
    profile: &Profile,
    budget: Option<&Budget>,
    base: Option<&Profile>,
) -> anyhow::Result<Vec<Finding>> {
    let work = Work {
        operations: args.ops,
    };
    let mut findings = Vec::new();
    if let Some(budget) = budget {
        findings = check::judge(profile, budget, work)?;
    }
    if let Some(base) = base {
        let growth = Growth {
            most_percent: args.max_growth,
            by: args.by,
            least_share_percent: args.min_share,
        };
        let base_work = Work {
            operations: args.base_ops,
        };
        findings.extend(check::judge_growth(
            (profile, work),
            (base, base_work),
            growth,
        ));
    }
    Ok(findings)
}

fn read_budget(path: &Path) -> anyhow::Result<Budget> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Budget::parse(&text).with_context(|| format!("cannot use {name}"))
}

/// A percentage, with its sign or without.
pub fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let percent: f64 = number
        .parse()
        .map_err(|_| "a percentage as 5%".to_owned())?;
    let is_one = percent.is_finite() && percent >= 0.0;
    is_one
        .then_some(percent)
        .ok_or_else(|| "zero or more".to_owned())
}

/// A number of operations.
pub fn operations(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "a number".to_owned())?;
    let is_one = number.is_finite() && number > 0.0;
    is_one
        .then_some(number)
        .ok_or_else(|| "more than zero".to_owned())
}
