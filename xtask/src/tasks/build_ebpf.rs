//! `build-ebpf`: compiles the BPF programs and writes the object and manifest
//! that are committed and embedded in `goalloc`.

use std::{fs, os::unix::ffi::OsStrExt as _, path::Path};

use anyhow::{Context as _, Result, bail};
use xtask::{
    bpf::{self, Toolchain},
    command,
    manifest::{self, Inputs, MENDING_COMMAND, Manifest},
    paths,
};

/// Arguments of `build-ebpf`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Build from scratch into a temporary folder and compare with the
    /// committed object, changing nothing
    #[arg(long)]
    check: bool,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    let toolchain = Toolchain::find()?;
    if args.check {
        check(&toolchain)
    } else {
        write(&toolchain)
    }
}

fn write(toolchain: &Toolchain) -> Result<()> {
    let workspace = paths::workspace();
    let (object, manifest) = build(toolchain, &paths::target().join("bpf"))?;
    let mut json = serde_json::to_string_pretty(&manifest)?;
    json.push('\n');
    for (path, bytes) in [
        (manifest::object_path(&workspace), object.as_slice()),
        (manifest::manifest_path(&workspace), json.as_bytes()),
    ] {
        let name = path.strip_prefix(&workspace).unwrap_or(&path).display();
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            println!("{name} is up to date");
        } else {
            replace(&path, bytes)?;
            println!("{name} written ({} bytes)", bytes.len());
        }
    }
    Ok(())
}

fn check(toolchain: &Toolchain) -> Result<()> {
    let workspace = paths::workspace();
    let path = manifest::manifest_path(&workspace);
    let committed = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; run `{MENDING_COMMAND}`", path.display()))?;
    let committed: Manifest = serde_json::from_str(&committed)
        .with_context(|| format!("cannot parse {}", path.display()))?;
    let committed_object = fs::read(manifest::object_path(&workspace))?;

    let target_dir = tempfile::tempdir()?;
    let (object, manifest) = build(toolchain, target_dir.path())?;

    let mut differences = manifest.inputs.changes_since(&committed.inputs);
    for (what, was, is) in [
        ("rustc", &committed.rustc, &manifest.rustc),
        ("bpf-linker", &committed.bpf_linker, &manifest.bpf_linker),
    ] {
        if was != is {
            differences.push(format!("{what} was `{was}`, is `{is}`"));
        }
    }
    if manifest::sha256_hex(&committed_object) != committed.object_sha256 {
        differences.push("the committed object is not the one the manifest names".to_owned());
    }
    if object == committed_object && differences.is_empty() {
        println!(
            "reproducible: a fresh build is the committed object, byte for byte ({} bytes)",
            object.len()
        );
        return Ok(());
    }
    if object != committed_object {
        differences.push(format!(
            "the objects differ: {} bytes committed, {} built, the first difference at byte {}",
            committed_object.len(),
            object.len(),
            first_difference(&object, &committed_object),
        ));
    }
    for line in &differences {
        println!("{line}");
    }
    bail!("the committed object is not what a fresh build gives; run `{MENDING_COMMAND}`");
}

/// Builds the object and the manifest that describes it.
fn build(toolchain: &Toolchain, target_dir: &Path) -> Result<(Vec<u8>, Manifest)> {
    let workspace = paths::workspace();
    let inputs = Inputs::read(&workspace).context("cannot read the BPF sources")?;
    command::run(
        &mut toolchain.cargo("build", target_dir),
        "mend the sources, or run `cargo xtask setup --bpf` if the toolchain is at fault",
    )?;
    let linked = target_dir.join(bpf::TARGET).join("release/probes");
    let stripped = linked.with_extension("o");
    toolchain.strip_dwarf(&linked, &stripped)?;
    let object =
        fs::read(&stripped).with_context(|| format!("cannot read {}", stripped.display()))?;
    if contains(&object, workspace.as_os_str().as_bytes()) {
        bail!(
            "the object names a path of this machine, {}; add it to the paths mapped away in xtask/src/bpf.rs",
            workspace.display()
        );
    }
    let manifest = Manifest {
        inputs,
        object_sha256: manifest::sha256_hex(&object),
        rustc: toolchain.rustc_version()?,
        bpf_linker: toolchain.linker_version()?,
    };
    Ok((object, manifest))
}

/// Writes a file so that nobody ever sees half of it.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().context("a file path has a parent")?;
    fs::create_dir_all(folder)?;
    let new = path.with_extension("new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn first_difference(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|it| it == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bytes_and_differences() {
        assert!(contains(b"a/b/c", b"/b/"));
        assert!(!contains(b"a/b", b"/b/"));
        assert_eq!(first_difference(b"abc", b"abd"), 2);
        assert_eq!(first_difference(b"abc", b"ab"), 2);
    }

    #[test]
    fn replace_leaves_the_new_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/probes.o");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }
}
