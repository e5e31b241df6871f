//! What the committed BPF object was built from.
//!
//! `cargo xtask build-ebpf` writes the manifest, `tracer/build.rs` includes
//! this same file and stops a build whose sources no longer match it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The command that brings object and manifest up to date.
pub const MENDING_COMMAND: &str = "cargo xtask build-ebpf";

/// The package that holds the BPF programs, relative to the workspace.
const PACKAGE_DIR: &str = "tracer-ebpf";

/// Crates compiled into the object. A crate's own build-time dependencies
/// (syn and the like) are left out: they do not reach it.
const COMPILED_IN: [&str; 3] = ["aya-ebpf", "aya-log-ebpf", "aya-log-common"];

/// Everything that decides what is in the object, but for the toolchain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// SHA-256, in hex, of each source file by its path in the workspace.
    pub sources: BTreeMap<String, String>,
    /// `name version` of the crates compiled in, from `Cargo.lock`.
    pub crates: BTreeSet<String>,
}

/// The manifest that lies beside the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the object was built from.
    #[serde(flatten)]
    pub inputs: Inputs,
    /// SHA-256 of the object, in hex.
    pub object_sha256: String,
    /// `rustc --version` of the compiler.
    pub rustc: String,
    /// `bpf-linker --version` of the linker.
    pub bpf_linker: String,
}

impl Inputs {
    /// Reads the inputs from the workspace at `workspace`.
    pub fn read(workspace: &Path) -> io::Result<Self> {
        let mut sources = BTreeMap::new();
        for path in source_files(workspace)? {
            let name = path.strip_prefix(workspace).unwrap_or(&path);
            sources.insert(name.display().to_string(), sha256_hex(&fs::read(&path)?));
        }
        let lock = fs::read_to_string(workspace.join("Cargo.lock"))?;
        Ok(Self {
            sources,
            crates: crates_compiled_in(&lock),
        })
    }

    /// One line for each input in which `self` (the workspace) differs from
    /// `built` (the manifest).
    pub fn changes_since(&self, built: &Self) -> Vec<String> {
        let names: BTreeSet<_> = self.sources.keys().chain(built.sources.keys()).collect();
        let sources = names.into_iter().filter_map(|name| {
            match (built.sources.get(name), self.sources.get(name)) {
                (None, _) => Some(format!("{name} is new")),
                (_, None) => Some(format!("{name} is gone")),
                (was, is) => (was != is).then(|| format!("{name} has changed")),
            }
        });
        let new = self.crates.difference(&built.crates);
        let gone = built.crates.difference(&self.crates);
        sources
            .chain(new.map(|it| format!("Cargo.lock now has {it}")))
            .chain(gone.map(|it| format!("Cargo.lock no longer has {it}")))
            .collect()
    }
}

/// Path of the committed object.
pub fn object_path(workspace: &Path) -> PathBuf {
    workspace.join(PACKAGE_DIR).join("prebuilt/probes.o")
}

/// Path of its manifest.
pub fn manifest_path(workspace: &Path) -> PathBuf {
    workspace.join(PACKAGE_DIR).join("prebuilt/manifest.json")
}

/// The hash the manifest keeps of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The package's manifest and all of its Rust sources, sorted.
pub fn source_files(workspace: &Path) -> io::Result<Vec<PathBuf>> {
    let package = workspace.join(PACKAGE_DIR);
    let mut files = vec![package.join("Cargo.toml")];
    let mut folders = vec![package.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `name version` of the BPF-side crates that `lock` (a `Cargo.lock`) pins.
fn crates_compiled_in(lock: &str) -> BTreeSet<String> {
    let value = |line: Option<&str>, key: &str| {
        let rest = line?.strip_prefix(key)?.strip_prefix(" = \"")?;
        rest.strip_suffix('"').map(str::to_owned)
    };
    lock.split("[[package]]\n")
        .filter_map(|package| {
            let mut lines = package.lines();
            let name = value(lines.next(), "name")?;
            let version = value(lines.next(), "version")?;
            COMPILED_IN
                .iter()
                .any(|prefix| name.starts_with(prefix))
                .then(|| format!("{name} {version}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(sources: &[(&str, &str)], crates: &[&str]) -> Inputs {
        Inputs {
            sources: sources
                .iter()
                .map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned()))
                .collect(),
            crates: crates.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn names_each_change() {
        let built = inputs(&[("a", "1"), ("b", "1"), ("c", "1")], &["aya-ebpf 0.2.1"]);
        let now = inputs(&[("a", "1"), ("b", "2"), ("d", "1")], &["aya-ebpf 0.2.2"]);
        assert_eq!(
            now.changes_since(&built),
            [
                "b has changed",
                "c is gone",
                "d is new",
                "Cargo.lock now has aya-ebpf 0.2.2",
                "Cargo.lock no longer has aya-ebpf 0.2.1",
            ]
        );
        assert!(now.changes_since(&now).is_empty());
    }

    #[test]
    fn finds_the_crates_in_a_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"aya\"\nversion = \"0.14.0\"\n\n\
                    [[package]]\nname = \"aya-ebpf\"\nversion = \"0.2.1\"\nsource = \"registry\"\n";
        assert_eq!(
            crates_compiled_in(lock),
            BTreeSet::from(["aya-ebpf 0.2.1".to_owned()])
        );
    }

    #[test]
    fn hashes_like_sha256sum() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn reads_this_workspace() {
        let inputs = Inputs::read(&crate::paths::workspace()).unwrap();
        assert!(inputs.sources.contains_key("tracer-ebpf/Cargo.toml"));
        assert!(inputs.sources.contains_key("tracer-ebpf/src/wire.rs"));
        assert!(inputs.crates.iter().any(|it| it.starts_with("aya-ebpf ")));
    }
}
