//! Development tasks of goalloc, run as `cargo xtask TASK`.

mod tasks;

use std::process::ExitCode;

use clap::Parser;

use crate::tasks::build_ebpf;

/// Development tasks of goalloc.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Build the BPF object from source, and its manifest
    BuildEbpf(build_ebpf::Args),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::BuildEbpf(args) => build_ebpf::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
