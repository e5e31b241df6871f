//! Debian packages: what is missing is installed with one `apt-get`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{command, paths};

/// Whether this process may install packages and attach probes.
pub fn is_root() -> bool {
    // The owner of our own folder in /proc is our effective user.
    fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// Makes sure that all of `packages` are installed.
pub fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .copied()
        .filter(|it| !is_installed(it))
        .collect();
    if missing.is_empty() {
        println!("Debian packages: all there ({})", packages.join(" "));
        return Ok(());
    }
    let list = missing.join(" ");
    if which::which("apt-get").is_err() {
        bail!("this is no Debian (no apt-get); install what it calls {list}");
    }
    if !is_root() {
        bail!("installing Debian packages takes root; run `sudo apt-get install -y {list}`");
    }
    println!("Debian packages: installing {list}");
    update()?;
    command::run(
        apt_get("install")
            .args(["-y", "--no-install-recommends"])
            .args(&missing),
        "look at apt's message above; the packages are Debian bookworm's",
    )
}

/// Makes sure that `package` is unpacked in the cache, and returns where. Of
/// a package that would start a daemon when installed, that is all we want.
pub fn unpack(package: &str) -> Result<PathBuf> {
    let destination = unpacked(package)?;
    if destination.exists() {
        println!("{package}: unpacked in {}", destination.display());
        return Ok(destination);
    }
    update()?;
    let cache = paths::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let incoming = tempfile::Builder::new()
        .prefix(".incoming-")
        .tempdir_in(&cache)?;
    let mut download = apt_get("download");
    command::run(
        download.arg(package).current_dir(incoming.path()),
        "run `apt-get update`",
    )?;
    let archive = fs::read_dir(incoming.path())?
        .flatten()
        .map(|it| it.path())
        .find(|it| it.extension().is_some_and(|it| it == "deb"))
        .with_context(|| format!("apt-get fetched no {package}"))?;
    let unpacked = incoming.path().join("unpacked");
    let mut dpkg = Command::new("dpkg");
    command::run(dpkg.arg("-x").arg(archive).arg(&unpacked), "run it again")?;
    fs::create_dir_all(destination.parent().unwrap_or(Path::new("/")))?;
    fs::rename(&unpacked, &destination)
        .with_context(|| format!("cannot write {}", destination.display()))?;
    Ok(destination)
}

/// The packages in apt's lists whose names match `pattern`, a regular
/// expression.
pub fn packages(pattern: &str) -> Result<Vec<String>> {
    let mut search = Command::new("apt-cache");
    search.args(["search", "--names-only", pattern]);
    let found = command::output(&mut search, "this takes Debian's apt")?;
    let names = found.lines().filter_map(|it| it.split(' ').next());
    Ok(names.map(ToOwned::to_owned).collect())
}

/// Where [`unpack`] puts `package`.
pub fn unpacked(package: &str) -> Result<PathBuf> {
    Ok(paths::cache()?.join("debian").join(package))
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    command::output(&mut query, "").is_ok_and(|it| it == "installed")
}

/// Refreshes the package lists, once in the life of this process; only root
/// can, the others take them as they are.
pub fn update() -> Result<()> {
    static UPDATED: std::sync::Mutex<bool> = std::sync::Mutex::new(false);
    let mut updated = UPDATED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*updated && is_root() {
        command::run(&mut apt_get("update"), "check the network")?;
        *updated = true;
    }
    Ok(())
}

fn apt_get(subcommand: &str) -> Command {
    let mut apt_get = Command::new("apt-get");
    apt_get
        .arg("--quiet")
        // As root, fetch as root: our folders are closed to apt's own user.
        .args(["-o", "APT::Sandbox::User=root"])
        .arg(subcommand)
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt_get
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_installed() {
        if which::which("dpkg-query").is_ok() {
            assert!(is_installed("dpkg"));
        }
        assert!(!is_installed("no-such-package-here"));
    }

    #[test]
    fn root_is_who_may_read_shadow() {
        assert_eq!(is_root(), fs::File::open("/etc/shadow").is_ok());
    }
}
