//! `lab`: puts what is said of Go's allocations to the measurement, under every
//! release, and writes `docs/lab.md`.
//!
//! `build` makes the program, `run` and `steps` measure, `judge` holds the scenarios' sentences
//! against the figures, `render` writes the page and `compare` checks a part of it.

mod announced;
mod build;
mod compare;
mod expression;
mod figures;
mod judge;
mod release;
mod render;
mod run;
mod scenario;
mod steps;
mod table;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use xtask::paths;

use self::{
    announced::Source,
    figures::{ByRelease, Figures, Measured},
    release::Release,
    scenario::{Scenarios, Variant},
};

/// What is written, relative to the workspace.
const DOCUMENT: &str = "docs/lab.md";

/// What says which function is an example of what, beside the functions.
const SCENARIOS: &str = "scenarios.toml";

/// Runs of a function in which the runtime allocates something of its own, until
/// one without: it makes threads, and up to Go 1.22 lists of timers, when it likes.
const ATTEMPTS: usize = 5;

/// Arguments of `lab`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these Go releases, as 1.24; the document is then not written
    #[arg(long, value_name = "RELEASE")]
    go: Vec<Release>,
    /// Compare with the document instead of writing it
    #[arg(long)]
    check: bool,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    let workspace = paths::workspace();
    let sources = workspace.join(build::SOURCES);
    let text = fs::read_to_string(sources.join(SCENARIOS))
        .with_context(|| format!("cannot read {SCENARIOS}"))?;
    let scenarios = Scenarios::parse(&text)?;
    let source = Source::read(&sources)?;
    let goalloc = run::goalloc()?;
    let releases = if args.go.is_empty() {
        Release::all()
    } else {
        args.go.clone()
    };
    let mut measured = ByRelease::new();
    for release in releases {
        let functions = measure(release, &scenarios, &source, &goalloc)
            .with_context(|| format!("with Go {release}"))?;
        eprintln!("Go {release}: {} functions measured", functions.len());
        measured.insert(release, functions);
    }
    let document = render::document(&scenarios, &measured);
    let wrong = judge::judge(&scenarios, &measured)?;
    let path = workspace.join(DOCUMENT);
    if args.check {
        let committed =
            fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
        let differences = compare::compare(&scenarios, &measured, &committed)?;
        report(&[wrong, differences].concat(), "is not what was measured")?;
        println!(
            "{DOCUMENT} is as measured with Go {}",
            render::releases(&measured)
        );
    } else if args.go.is_empty() {
        report(&wrong, "is not written")?;
        fs::write(&path, document).with_context(|| format!("cannot write {DOCUMENT}"))?;
        println!("wrote {DOCUMENT}");
    } else {
        print!("{document}");
        report(&wrong, "would not be written")?;
    }
    Ok(())
}

fn report(wrong: &[String], end: &str) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    for line in wrong {
        eprintln!("{line}");
    }
    bail!(
        "{DOCUMENT} {end}: {} things are wrong; mend {SCENARIOS}, or write the document anew \
         with `cargo xtask lab`",
        wrong.len()
    )
}

/// Every function of the lab under one release.
fn measure(
    release: Release,
    scenarios: &Scenarios,
    source: &Source,
    goalloc: &Path,
) -> Result<Measured> {
    let built = build::build(release)?;
    let all: Vec<&Variant> = scenarios.variants().collect();
    let mut measured = run::measure(goalloc, &built.executable, &all)?;
    for _ in 1..ATTEMPTS {
        let differ = |it: &&&Variant| measured.get(&it.function).is_some_and(|it| !it.agree());
        let again: Vec<&Variant> = all.iter().filter(differ).copied().collect();
        if again.is_empty() {
            break;
        }
        for variant in &again {
            let name = &variant.function;
            if let Some(Figures {
                goalloc, memstats, ..
            }) = measured.get(name)
            {
                eprintln!("Go {release}: once more {name}: {goalloc:?}, MemStats {memstats:?}");
            }
        }
        measured.extend(run::measure(goalloc, &built.executable, &again)?);
    }
    steps::add(&built.executable, &mut measured)?;
    for variant in &all {
        let (heap, stays) = built.log.of(source, variant)?;
        if let Some(figures) = measured.get_mut(&variant.function) {
            figures.announced = heap;
            figures.stays = stays;
        }
    }
    Ok(measured)
}
