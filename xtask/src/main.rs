//! Development tasks of goalloc, run as `cargo xtask TASK`.

mod tasks;

use std::process::ExitCode;

use clap::Parser;

use crate::tasks::{bench, build_ebpf, demo, docs, fixtures, lab, lint, setup, test, vm};

/// Development tasks of goalloc.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Record a small Go service and draw its flame graph
    Demo,
    /// Run every test; as root, install what they need and trace live processes
    Test(test::Args),
    /// Run live tests on another kernel, in QEMU; without arguments, a selection
    /// on Debian's Linux 6.1
    Vm(vm::Args),
    /// Check formatting, lints and documentation, with warnings denied
    Lint,
    /// Build the BPF object from source, and its manifest
    BuildEbpf(build_ebpf::Args),
    /// Measure what tracing costs and how exact it is, and print the tables of docs/
    Bench(bench::Args),
    /// Put claims about Go's allocations to the measurement and write docs/lab.md, or check it
    Lab(lab::Args),
    /// Make the README's pictures and printed blocks from a real run, or check them
    Docs(docs::Args),
    /// Build the Go test programs with every Go toolchain there is
    Fixtures,
    /// Install what a fresh Debian machine lacks (as root)
    Setup(setup::Args),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Demo => demo::run(),
        Task::Test(args) => test::run(&args),
        Task::Vm(args) => vm::run(&args),
        Task::Lint => lint::run(),
        Task::Bench(args) => bench::run(&args),
        Task::BuildEbpf(args) => build_ebpf::run(&args),
        Task::Lab(args) => lab::run(&args),
        Task::Docs(args) => docs::run(&args),
        Task::Fixtures => fixtures::run(),
        Task::Setup(args) => setup::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
