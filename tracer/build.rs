//! Embeds the committed BPF object, and stops a build whose BPF sources are
//! no longer those the object was built from.

#[path = "../xtask/src/manifest.rs"]
mod manifest;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use manifest::{Inputs, MENDING_COMMAND, Manifest};

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}; run `{MENDING_COMMAND}`");
            ExitCode::FAILURE
        }
    }
}

/// Copies the object to `OUT_DIR/probes.o` if it matches its manifest and the
/// sources; else says what is wrong.
fn embed() -> Result<(), String> {
    let workspace = workspace()?;
    let object_path = manifest::object_path(&workspace);
    let manifest_path = manifest::manifest_path(&workspace);
    for path in [&object_path, &manifest_path] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rerun-if-changed=../Cargo.lock");
    println!("cargo::rerun-if-changed=../tracer-ebpf/Cargo.toml");
    println!("cargo::rerun-if-changed=../tracer-ebpf/src");

    let json = read(&manifest_path)?;
    let built: Manifest = serde_json::from_slice(&json)
        .map_err(|error| format!("{}: {error}", manifest_path.display()))?;
    let object = read(&object_path)?;
    if manifest::sha256_hex(&object) != built.object_sha256 {
        return Err("the BPF object is not the one its manifest names".to_owned());
    }
    let now = Inputs::read(&workspace).map_err(|error| format!("the BPF sources: {error}"))?;
    let changes = now.changes_since(&built.inputs);
    if !changes.is_empty() {
        let changes = changes.join(", ");
        return Err(format!("the BPF object is out of date: {changes}"));
    }

    let copy = PathBuf::from(variable("OUT_DIR")?).join("probes.o");
    fs::write(&copy, object).map_err(|error| format!("{}: {error}", copy.display()))
}

fn workspace() -> Result<PathBuf, String> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let parent = package.parent().map(Path::to_path_buf);
    parent.ok_or_else(|| "the package has no parent folder".to_owned())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
