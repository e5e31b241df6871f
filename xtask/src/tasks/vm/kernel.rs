//! Which kernel to boot: a file, or Debian's newest of a version.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use xtask::debian;

/// Debian's smallest kernels: what a virtual machine has no use for is left out
/// or a module.
const FLAVOUR: &str = "-cloud-amd64";

const PREFIX: &str = "linux-image-";

/// The bzImage that `wanted` stands for: itself if it is a file, else that of
/// Debian's newest kernel whose version begins so. It is fetched if need be.
pub fn find(wanted: &str) -> Result<PathBuf> {
    let file = Path::new(wanted);
    if file.is_file() {
        return Ok(file.to_path_buf());
    }
    let Some(version) = Version::parse(wanted) else {
        bail!("`{wanted}` is neither a file nor a kernel version such as 6.1");
    };
    // No need to ask the network for one that is there.
    let mut newest = newest(&version)?;
    let there = |it: &String| debian::unpacked(it).is_ok_and(|it| it.exists());
    if !newest.as_ref().is_some_and(there) {
        debian::update()?;
        newest = self::newest(&version)?;
    }
    let Some(package) = newest else {
        let all = packages()?.join(" ");
        bail!("apt's lists have no kernel {wanted}{FLAVOUR}, but: {all}");
    };
    image(&debian::unpack(&package)?)
}

/// The image in an unpacked package.
fn image(package: &Path) -> Result<PathBuf> {
    let boot = package.join("boot");
    let entries = fs::read_dir(&boot).with_context(|| format!("cannot read {}", boot.display()))?;
    entries
        .flatten()
        .map(|it| it.path())
        .find(|it| {
            it.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
        })
        .with_context(|| format!("no vmlinuz in {}", boot.display()))
}

/// Every kernel there is, the packages that only depend on one left out.
fn packages() -> Result<Vec<String>> {
    debian::packages(&format!("^{PREFIX}[0-9]+[.][0-9]+[.].*{FLAVOUR}$"))
}

fn newest(wanted: &Version) -> Result<Option<String>> {
    Ok(newest_of(packages()?, wanted))
}

fn newest_of(packages: Vec<String>, wanted: &Version) -> Option<String> {
    let versions = packages.into_iter().filter_map(|package| {
        let version = package.strip_prefix(PREFIX)?.strip_suffix(FLAVOUR)?;
        Some((Version::parse(version)?, package))
    });
    let matching = versions.filter(|(version, _)| version.0.starts_with(&wanted.0));
    matching.max().map(|(_, package)| package)
}

/// The numbers of a version, in the order in which they matter: 6.1.0-56 and
/// 6.12.117+deb12 are what Debian has.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Vec<u32>);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.replace("deb", "");
        let numbers = text.split(['.', '-', '+']).map(|it| it.parse().ok());
        numbers.collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_by_number_and_of_the_version_asked_for() {
        let newest = |wanted| {
            let packages = [
                "linux-image-6.1.0-9-cloud-amd64",
                "linux-image-6.1.0-56-cloud-amd64",
                "linux-image-6.12.117+deb12-cloud-amd64",
                "linux-image-6.12.99+deb12-cloud-amd64",
            ];
            let packages = packages.map(ToOwned::to_owned).to_vec();
            newest_of(packages, &Version::parse(wanted).unwrap())
        };
        assert_eq!(newest("6.1").unwrap(), "linux-image-6.1.0-56-cloud-amd64");
        assert_eq!(
            newest("6.12").unwrap(),
            "linux-image-6.12.117+deb12-cloud-amd64"
        );
        assert_eq!(
            newest("6.1.0-9").unwrap(),
            "linux-image-6.1.0-9-cloud-amd64"
        );
        assert_eq!(newest("6.1.0-5"), None);
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "6.", "latest", "vmlinuz-6.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_taken_as_it_is() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path();
        assert_eq!(find(path.to_str().unwrap()).unwrap(), path);
        assert!(find("/no/such/bzImage").is_err());
    }
}
