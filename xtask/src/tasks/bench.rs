//! `bench`: the measurements behind `docs/`.

use std::{fmt, process::Command};

use anyhow::Result;
use xtask::{bpf, command, paths};

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to measure
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    /// Rounds over everything; medians are of these
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Only these workloads, with commas between: burn, json, etcd, esbuild, compile, and for
    /// accuracy coverage and fixtures
    #[arg(long, value_name = "NAMES")]
    workload: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// One traced allocation, and attaching
    Hit,
    /// Whole programs, traced and untraced
    Overhead,
    /// Whether the bound on the overhead holds, in many pairs of stretches
    Bound,
    /// Estimates against exact figures
    Accuracy,
    /// Calls printed as they happen
    Trace,
    /// A page for a browser, of a large recording
    Page,
    /// A large recording in every format
    Export,
    /// All of them
    All,
}

impl What {
    fn benches(self) -> &'static [Self] {
        match self {
            Self::Hit => &[Self::Hit],
            Self::Overhead => &[Self::Overhead],
            Self::Bound => &[Self::Bound],
            Self::Accuracy => &[Self::Accuracy],
            Self::Trace => &[Self::Trace],
            Self::Page => &[Self::Page],
            Self::Export => &[Self::Export],
            Self::All => &[
                Self::Hit,
                Self::Overhead,
                Self::Bound,
                Self::Accuracy,
                Self::Trace,
                Self::Page,
                Self::Export,
            ],
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hit => "hit",
            Self::Overhead => "overhead",
            Self::Bound => "bound",
            Self::Accuracy => "accuracy",
            Self::Trace => "trace",
            Self::Page => "page",
            Self::Export => "export",
            Self::All => "all",
        })
    }
}

/// Runs the benches; their tables go to standard output, in Markdown.
pub fn run(args: &Args) -> Result<()> {
    for bench in args.what.benches() {
        let mut cargo = Command::new(bpf::cargo());
        cargo
            .args(["bench", "--package", "tracer", "--bench"])
            .arg(bench.to_string())
            .arg("--")
            .current_dir(paths::workspace());
        if let Some(rounds) = args.rounds {
            cargo.args(["--rounds", &rounds.to_string()]);
        }
        if let Some(workload) = &args.workload {
            cargo.args(["--workload", workload]);
        }
        command::run(
            &mut cargo,
            "install what the benches need with `cargo xtask setup --bench` and run them as root",
        )?;
    }
    Ok(())
}
