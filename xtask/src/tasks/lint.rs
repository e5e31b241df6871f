//! `lint`: formatting, clippy on the host and on the BPF target, and the
//! documentation, with every warning an error.

use std::process::Command;

use anyhow::{Result, bail};
use xtask::{
    bpf::{self, Toolchain},
    command, paths,
};

/// Runs the task: all of it, so that one run shows everything.
pub fn run() -> Result<()> {
    let checks = [format(), clippy(), bpf_clippy(), documentation()];
    let failures: Vec<_> = checks.into_iter().filter_map(Result::err).collect();
    for failure in &failures {
        eprintln!("error: {failure:#}");
    }
    if !failures.is_empty() {
        bail!("{} of the checks failed", failures.len());
    }
    Ok(())
}

fn format() -> Result<()> {
    let mut fmt = cargo("fmt");
    command::run(fmt.args(["--all", "--check"]), "run `cargo fmt --all`")
}

fn clippy() -> Result<()> {
    let mut clippy = cargo("clippy");
    clippy.args(["--workspace", "--all-targets", "--keep-going"]);
    clippy.args(["--", "--deny=warnings"]);
    command::run(&mut clippy, "mend what clippy says above")
}

/// Clippy on the BPF programs, with the flags they are built with.
fn bpf_clippy() -> Result<()> {
    let toolchain = Toolchain::find()?;
    let target_dir = paths::target().join("bpf");
    let mend = "mend what is said above";
    if toolchain.has_clippy() {
        let mut clippy = toolchain.cargo("clippy", &target_dir);
        command::run(clippy.args(["--", "--deny=warnings"]), mend)
    } else {
        println!("clippy on the BPF target: left to the compiler, Debian's has no clippy here");
        command::run(&mut toolchain.cargo("check", &target_dir), mend)
    }
}

fn documentation() -> Result<()> {
    let mut doc = cargo("doc");
    doc.args(["--workspace", "--no-deps", "--keep-going"])
        .arg("--document-private-items")
        .env("RUSTDOCFLAGS", "--deny=warnings");
    command::run(&mut doc, "mend what rustdoc says above")
}

fn cargo(subcommand: &str) -> Command {
    let mut cargo = Command::new(bpf::cargo());
    cargo.current_dir(paths::workspace()).arg(subcommand);
    cargo
}
