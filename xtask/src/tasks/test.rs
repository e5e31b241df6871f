//! `test`: every test of the workspace, those on live processes included.

use std::{env, process::Command};

use anyhow::Result;
use xtask::{bpf, command, debian, paths};

use super::setup;

/// With this set, a live test that cannot run fails.
const REQUIRE_LIVE: &str = "GOALLOC_REQUIRE_LIVE";

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Passed on to `cargo test`, such as `-p tracer --test live`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo_args: Vec<String>,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    if debian::is_root() {
        setup::for_tests()?;
    } else {
        println!("not root: nothing is installed, and tests on live processes do not run");
    }
    let mut test = Command::new(bpf::cargo());
    test.current_dir(paths::workspace())
        .args(["test", "--no-fail-fast"]);
    if args.cargo_args.is_empty() {
        test.arg("--workspace");
    } else {
        test.args(&args.cargo_args);
    }
    if debian::is_root() && env::var_os("CI").is_some() {
        test.env(REQUIRE_LIVE, "1");
    }
    command::run(&mut test, "see the failed tests above")
}
