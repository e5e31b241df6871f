//! `cargo xtask bench`: the measurements behind `docs/`.

use std::process::Command;

use anyhow::Result;
use xtask::{bpf, command, paths};

/// Runs the benches; their tables go to standard output, in Markdown.
pub fn run() -> Result<()> {
    command::run(
        Command::new(bpf::cargo())
            .args(["bench", "--package", "tracer", "--bench", "overhead"])
            .current_dir(paths::workspace()),
        "install what the benches need with `cargo xtask setup --bench` and run them as root",
    )
}
