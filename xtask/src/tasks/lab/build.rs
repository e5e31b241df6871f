//! Builds the lab with a Go release, and keeps what the compiler says meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use xtask::{command, paths};

use super::{announced::Log, release::Release};

/// The lab's sources, relative to the workspace.
pub const SOURCES: &str = "testdata/go/lab";

/// The lab as a release has built it.
#[derive(Debug)]
pub struct Built {
    /// The program.
    pub executable: PathBuf,
    /// What was said of its package.
    pub log: Log,
}

/// Builds it. The module is told to be of that very release, as a program written
/// for it would be: what the language means and how the runtime behaves depends on
/// it (loop variables from 1.22 on, timers from 1.23 on).
pub fn build(release: Release) -> Result<Built> {
    let toolchain = release.toolchain()?;
    let folder = paths::target().join(format!("lab/go{release}"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let module = folder.join("go.mod");
    fs::write(&module, format!("module fixtures\n\ngo {release}\n"))?;
    let executable = folder.join("lab");
    let mut go = toolchain.command();
    go.current_dir(paths::workspace().join(SOURCES))
        .args(["build", "-gcflags=-m"])
        .arg(argument("-modfile=", &module))
        .arg("-o")
        .arg(&executable)
        .arg(".");
    let line = command::display(&go);
    let output = go
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let errors: Vec<_> = said.lines().filter(|it| !is_note(it)).collect();
        bail!("`{line}` failed:\n{}", errors.join("\n"));
    }
    Ok(Built {
        executable,
        log: Log::parse(&said),
    })
}

fn argument(name: &str, path: &Path) -> String {
    format!("{name}{}", path.display())
}

/// Whether a line is one of those that `-m` adds.
fn is_note(line: &str) -> bool {
    [
        "inline",
        "inlining call",
        "escape",
        "leaking param",
        "moved to heap",
        "devirtualizing",
    ]
    .iter()
    .any(|note| line.contains(note))
}
