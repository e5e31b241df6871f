//! `goalloc plan`: which instructions would carry a probe, and why.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use tracer::golang::GoBinary;
use tracer::plan::{Plan, ProbeSet, Scheme, render};
use tracer::target::Process;

use super::Outcome;

/// Arguments of `goalloc plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: SubjectArgs,
    /// What to probe: alloc; with counted map calls alloc,map or alloc,map-all; with the steps
    /// by which slices and maps grow, for goalloc advise, alloc,growth
    #[arg(long, value_name = "SET", default_value_t)]
    probes: ProbeSet,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct SubjectArgs {
    /// Process whose executable to look at
    #[arg(short, long, value_name = "PID")]
    pid: Option<u32>,
    /// Executable to look at
    #[arg(long, value_name = "PATH")]
    exe: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// A table to read
    #[default]
    Table,
    /// One JSON document, `"schema": 1`
    Json,
}

/// Runs `goalloc plan`.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let Subject { file, name } = args.subject.resolve()?;
    // These errors state their causes themselves.
    let binary = GoBinary::open(&file).map_err(|error| anyhow!("{name}: {error}"))?;
    let plan =
        Plan::new(&binary, args.probes, Scheme::All).map_err(|error| anyhow!("{name}: {error}"))?;
    let about = render::About {
        exe: name,
        go_version: binary.build_info().go_version.clone(),
        pgo: binary.build_info().setting("-pgo").map(str::to_owned),
        probes: args.probes.to_string(),
    };
    let text = match args.format {
        Format::Table => render::table(&about, &plan),
        Format::Json => render::json(&about, &plan)?,
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("writing the plan")?;
    Ok(Outcome::Done)
}

/// The file to read, and the name to show for it.
struct Subject {
    file: PathBuf,
    name: String,
}

impl SubjectArgs {
    fn resolve(self) -> anyhow::Result<Subject> {
        if let Some(file) = self.exe {
            let name = file.display().to_string();
            return Ok(Subject { file, name });
        }
        let pid = self
            .pid
            .context("neither a process nor an executable was named")?;
        let process = Process::open(pid)?;
        // Opens the file even where its path does not: deleted, replaced, or
        // in another mount namespace.
        let file = process.exe_file();
        let name = process.exe().to_string();
        Ok(Subject { file, name })
    }
}
