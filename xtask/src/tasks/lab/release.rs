//! Go releases as the lab names them: `1.24`, without a patch level.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use xtask::go::{self, Toolchain, Version};

/// A release, ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Release {
    major: u32,
    minor: u32,
}

/// The release of Debian's package ([`go::DEBIAN_PACKAGE`]).
const DEBIAN: Release = Release {
    major: 1,
    minor: 19,
};

impl Release {
    /// Every release of the matrix, oldest first.
    pub fn all() -> Vec<Self> {
        let mut all = vec![DEBIAN];
        all.extend(go::FETCHED.map(Self::from));
        all.sort();
        all
    }

    /// The one before it in the matrix.
    pub fn before(self) -> Option<Self> {
        Self::all().into_iter().rev().find(|it| *it < self)
    }

    /// The one after it in the matrix.
    pub fn after(self) -> Option<Self> {
        Self::all().into_iter().find(|it| *it > self)
    }

    /// Its toolchain on this machine.
    pub fn toolchain(self) -> Result<Toolchain> {
        Toolchain::of_release(self.major, self.minor)?
            .with_context(|| format!("no Go {self}: run `cargo xtask setup --go --test`"))
    }

    /// Several in few words: `1.19, 1.22–1.24`, or `all`.
    pub fn ranges(releases: &[Self]) -> String {
        let all = Self::all();
        if releases.len() == all.len() {
            return "all".to_owned();
        }
        let mut words: Vec<(Self, Self)> = Vec::new();
        for &release in releases {
            match words.last_mut() {
                Some((_, last)) if last.minor + 1 == release.minor => *last = release,
                _ => words.push((release, release)),
            }
        }
        let words = words.iter().map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}–{last}")
            }
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What [`Self::ranges`] has written.
    pub fn parse_ranges(text: &str) -> Result<Vec<Self>> {
        let all = Self::all();
        if text == "all" {
            return Ok(all);
        }
        let mut releases = Vec::new();
        for word in text.split(", ") {
            let (first, last) = word.split_once('–').unwrap_or((word, word));
            let (first, last): (Self, Self) = (first.parse()?, last.parse()?);
            releases.extend(all.iter().filter(|it| (first..=last).contains(*it)));
        }
        Ok(releases)
    }
}

impl From<Version> for Release {
    fn from(version: Version) -> Self {
        let (major, minor) = version.release();
        Self { major, minor }
    }
}

impl FromStr for Release {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let release = Self::from(text.parse::<Version>()?);
        if !Self::all().contains(&release) {
            let all: Vec<_> = Self::all().iter().map(ToString::to_string).collect();
            bail!("Go {text} is not among those tested: {}", all.join(", "));
        }
        Ok(release)
    }
}

impl TryFrom<String> for Release {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(names: &[&str]) -> Vec<Release> {
        names.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn ranges_are_short_and_read_back() {
        for (names, text) in [
            (&["1.19"][..], "1.19"),
            (&["1.19", "1.21"], "1.19, 1.21"),
            (&["1.21", "1.22"], "1.21–1.22"),
            (&["1.19", "1.22", "1.23", "1.27"], "1.19, 1.22–1.23, 1.27"),
        ] {
            let releases = releases(names);
            assert_eq!(Release::ranges(&releases), text);
            assert_eq!(Release::parse_ranges(text).unwrap(), releases);
        }
        let all = Release::all();
        assert_eq!(Release::ranges(&all), "all");
        assert_eq!(Release::parse_ranges("all").unwrap(), all);
    }

    #[test]
    fn neighbours_are_those_of_the_matrix() {
        let [old, new] = releases(&["1.19", "1.21"])[..] else {
            panic!();
        };
        assert_eq!((old.after(), new.before()), (Some(new), Some(old)));
        assert_eq!(old.before(), None);
        assert!("1.20".parse::<Release>().is_err());
    }
}
