//! `goalloc completions`.

use clap::CommandFactory;
use clap_complete::Shell;
use tracer::output::Permissions;

use super::destination::Destination;
use super::{Cli, Outcome};

/// Arguments of `goalloc completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
    #[command(flatten)]
    destination: Destination,
}

/// Runs `goalloc completions`.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let output = args.destination.create(Permissions::Umask)?;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "goalloc", &mut script);
    output.commit(&script)?;
    Ok(Outcome::Done)
}
