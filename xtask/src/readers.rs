//! Programs that read what goalloc writes and are not of this repository, for tests:
//! packages of one version each from PyPI and npm, in the user's cache.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{command, debian, npm, paths};

/// Debian packages: Graphviz, and what fetches and runs the others.
pub const DEBIAN_PACKAGES: [&str; 2] = ["graphviz", "python3-pip"];

/// PyPI packages: what decodes OpenTelemetry profiles, made from the published schema
/// v1.10.0, and what reads HdrHistogram logs.
const PYTHON_PACKAGES: [(&str, &str); 2] = [
    ("opentelemetry-proto", "1.45.2"),
    ("hdrhistogram", "0.10.8"),
];

/// A document for speedscope to run in without a browser. The last one that runs on
/// Debian's Node.js.
const JSDOM: (&str, &str) = ("jsdom", "26.1.0");

/// Fetches what is not there yet.
pub fn set_up() -> Result<()> {
    npm::SPEEDSCOPE.unpack()?;
    for (name, version) in PYTHON_PACKAGES {
        fetch(&python_folder(name, version)?, |folder| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--target"])
                .arg(folder)
                .arg("--disable-pip-version-check")
                .args(["--root-user-action", "ignore"])
                .arg(format!("{name}=={version}"));
            command::run(&mut pip, "check the network")
        })?;
    }
    let (name, version) = JSDOM;
    fetch(&jsdom()?, |folder| {
        if which::which("npm").is_err() {
            debian::install(&["npm"])?;
        }
        let mut install = Command::new("npm");
        install
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(folder)
            .arg(format!("{name}@{version}"));
        command::run(&mut install, "check the network")
    })
}

/// Python with the packages, to be given a script. `None` when they are not there.
pub fn python() -> Result<Option<Command>> {
    let mut folders = Vec::new();
    for (name, version) in PYTHON_PACKAGES {
        let folder = python_folder(name, version)?;
        if !folder.exists() {
            return Ok(None);
        }
        folders.push(folder);
    }
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", std::env::join_paths(folders)?);
    Ok(Some(python))
}

/// Where [`set_up`] puts jsdom and what it takes: a folder with `node_modules`.
pub fn jsdom() -> Result<PathBuf> {
    let (name, version) = JSDOM;
    Ok(paths::cache()?
        .join("npm")
        .join(format!("{name}-{version}")))
}

fn python_folder(name: &str, version: &str) -> Result<PathBuf> {
    Ok(paths::cache()?
        .join("pypi")
        .join(format!("{name}-{version}")))
}

/// Has `install` fill the folder, unless it is there. An interrupted one leaves nothing
/// that looks like it.
fn fetch(destination: &Path, install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if destination.exists() {
        println!("{}: there", destination.display());
        return Ok(());
    }
    let parent = destination.parent().context("a folder in the cache")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let incoming = tempfile::Builder::new()
        .prefix(".incoming-")
        .tempdir_in(parent)?;
    let package = incoming.path().join("package");
    fs::create_dir(&package)?;
    install(&package)?;
    fs::rename(&package, destination)
        .with_context(|| format!("cannot write {}", destination.display()))
}
