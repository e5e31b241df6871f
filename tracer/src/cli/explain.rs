//! `goalloc explain`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::{ArgGroup, ValueEnum};
use tracer::explain::{self, BuildLog};
use tracer::output::Permissions;

use super::destination::Destination;
use super::{Outcome, recording};

/// Arguments of `goalloc explain`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("compiler").required(true).args(["build_log", "build_json", "build"])))]
pub struct Args {
    /// Recording to explain; - is stdin
    file: PathBuf,
    /// What go build -gcflags=all=-m=2 printed
    #[arg(long, value_name = "LOG")]
    build_log: Option<PathBuf>,
    /// What go build -gcflags=all=-json=0,DIR wrote
    #[arg(long, value_name = "DIR")]
    build_json: Option<PathBuf>,
    /// Main package to compile now, with the go in PATH
    #[arg(long, value_name = "PKG_DIR")]
    build: Option<PathBuf>,
    /// How many rows of each list; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
}

/// What `goalloc explain` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Three lists, for people
    #[default]
    Table,
    /// All of it, with a versioned schema
    Json,
    /// For code-scanning views and editors
    Sarif,
}

/// Runs `goalloc explain`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let output = args.destination.create(Permissions::Umask)?;
    let profile = recording::read(&args.file)?;
    let log = match (&args.build_log, &args.build_json, &args.build) {
        (Some(path), ..) => read_log(path)?,
        (_, Some(folder), _) => read_json(folder)?,
        (.., Some(package)) => compile(package)?,
        _ => bail!("one of --build-log, --build-json and --build is needed"),
    };
    let explanation = explain::explain(&profile, &log);
    let text = match args.format {
        Format::Table => explain::to_table(&explanation, args.top),
        Format::Json => explain::to_json(&explanation),
        Format::Sarif => explain::to_sarif(&explanation),
    };
    output.commit(text.as_bytes())?;
    Ok(recording::outcome(&profile))
}

fn read_log(path: &Path) -> anyhow::Result<BuildLog> {
    let name = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
    BuildLog::parse(&String::from_utf8_lossy(&bytes)).with_context(|| format!("cannot use {name}"))
}

/// `-json` makes a folder for each package, with a file for each source in it.
fn read_json(folder: &Path) -> anyhow::Result<BuildLog> {
    let name = folder.display();
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {name}"))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {name}"))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "json") {
                let bytes =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                texts.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    BuildLog::parse_json(texts.iter().map(String::as_str))
        .with_context(|| format!("cannot use {name}"))
}

/// Compiles the package and all it imports, for what the compiler says. What it
/// makes is thrown away.
fn compile(package: &Path) -> anyhow::Result<BuildLog> {
    let name = package.display();
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let output = Command::new("go")
        .current_dir(package)
        .args(["build", "-gcflags=all=-m=2", "-o"])
        .arg(folder.path().join("program"))
        .arg(".")
        .output()
        .with_context(|| format!("cannot compile {name}: no go in PATH"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cannot compile {name}: {}",
        said.lines().last().unwrap_or("go build says nothing")
    );
    BuildLog::parse(&said).with_context(|| format!("cannot use what go build says of {name}"))
}
