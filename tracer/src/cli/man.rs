//! `goalloc man`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;
use tracer::output::{Output, Permissions};

use super::{Cli, Outcome};

/// Arguments of `goalloc man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Command to have the page of; without it that of goalloc itself
    #[arg(value_name = "COMMAND", conflicts_with = "folder")]
    command: Option<String>,
    /// Write the pages of all commands to this folder, as goalloc-record.1
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Overwrite pages that exist
    #[arg(long, requires = "folder")]
    force: bool,
}

/// Runs `goalloc man`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let pages = pages();
    match &args.folder {
        Some(folder) => write_all(&pages, folder, args.force)?,
        None => print(&pages, args.command.as_deref())?,
    }
    Ok(Outcome::Done)
}

/// goalloc itself, then each of its commands under a name of its own.
fn pages() -> Vec<clap::Command> {
    let mut cli = Cli::command();
    // Global arguments and versions reach the commands.
    cli.build();
    let commands: Vec<clap::Command> = cli
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
        .map(|command| {
            let name = format!("goalloc-{}", command.get_name());
            command.clone().name(name)
        })
        .collect();
    std::iter::once(cli).chain(commands).collect()
}

fn write_all(pages: &[clap::Command], folder: &Path, force: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    // All places first, so that a page that is there already leaves none half done.
    let places = pages
        .iter()
        .map(|page| {
            let path = folder.join(format!("{}.1", page.get_name()));
            Output::create(&path, force, Permissions::Umask)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (page, place) in pages.iter().zip(places) {
        place.commit(&text(page)?)?;
    }
    Ok(())
}

fn print(pages: &[clap::Command], command: Option<&str>) -> anyhow::Result<()> {
    let wanted = command.map_or_else(|| "goalloc".to_owned(), |it| format!("goalloc-{it}"));
    let page = pages
        .iter()
        .find(|page| page.get_name() == wanted)
        .with_context(|| {
            let command = command.unwrap_or_default();
            format!("there is no command {command}: `goalloc --help` lists them")
        })?;
    let output = Output::create(Path::new("-"), false, Permissions::Umask)?;
    output.commit(&text(page)?)?;
    Ok(())
}

fn text(page: &clap::Command) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(page.clone())
        .render(&mut text)
        .context("the page cannot be made")?;
    Ok(text)
}
