//! Go release numbers.

use std::cmp::Ordering;
use std::fmt;

/// A Go release, as build info states it.
///
/// Compared by major and minor number alone: layouts change with those.
#[derive(Clone, Debug)]
pub struct GoVersion {
    /// 1 so far.
    pub major: u32,
    /// The 26 of 1.26.6.
    pub minor: u32,
    /// The 6 of 1.26.6; `None` for `go1.26`, betas, candidates and development builds.
    pub patch: Option<u32>,
    /// As the file states it: `go1.26.6`, `go1.27rc1`,
    /// `devel go1.28-2a5c1b3f X:nodwarf5`.
    pub raw: String,
}

impl GoVersion {
    /// The oldest release whose layouts are known here.
    pub const OLDEST: (u32, u32) = (1, 19);
    /// The newest release whose layouts are known here.
    pub const NEWEST: (u32, u32) = (1, 27);

    /// Reads a version as `runtime.Version` prints it. `None` when there is no
    /// `go<major>.<minor>` in it.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let rest = raw.strip_prefix("devel ").unwrap_or(raw).trim_start();
        let rest = rest.strip_prefix("go")?;
        let (major, rest) = number(rest)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let patch = rest.strip_prefix('.').and_then(number);
        Some(Self {
            major,
            minor,
            patch: patch.map(|(patch, _)| patch),
            raw: raw.to_owned(),
        })
    }

    /// Whether this release is at least `major.minor`.
    #[must_use]
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        self.number() >= (major, minor)
    }

    /// Whether this release is older than any whose layouts are known here.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.number() < Self::OLDEST
    }

    /// Whether this release is newer than any whose layouts are known here.
    /// Such a binary is read as one of the newest known release.
    #[must_use]
    pub fn is_newer_than_known(&self) -> bool {
        self.number() > Self::NEWEST
    }

    /// Experiments named in the version itself: the `a,b` of `go1.26 X:a,b`,
    /// which newer releases write `go1.26-X:a,b`.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        let list = self.raw.split_once("X:").map_or("", |(_, list)| list);
        let list = list.split_whitespace().next().unwrap_or_default();
        list.split(',').filter(|name| !name.is_empty())
    }

    fn number(&self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

impl PartialEq for GoVersion {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for GoVersion {}

impl PartialOrd for GoVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GoVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(raw: &str) -> (u32, u32, Option<u32>) {
        let version = GoVersion::parse(raw).expect(raw);
        (version.major, version.minor, version.patch)
    }

    #[test]
    fn every_spelling() {
        assert_eq!(parts("go1.26.6"), (1, 26, Some(6)));
        assert_eq!(parts("go1.20"), (1, 20, None));
        assert_eq!(parts("go1.27rc1"), (1, 27, None));
        assert_eq!(parts("go1.22.4-fips"), (1, 22, Some(4)));
        assert_eq!(
            parts("devel go1.28-2a5c1b3f Tue Mar 3 X:a,b"),
            (1, 28, None)
        );
        assert_eq!(parts("go1.26.1-X:nodwarf5"), (1, 26, Some(1)));
        for none in ["", "go", "go1", "1.26", "devel +abc", "go1.x", "gox.1"] {
            assert!(GoVersion::parse(none).is_none(), "{none}");
        }
    }

    #[test]
    fn experiments_are_split() {
        let of = |raw| {
            let version = GoVersion::parse(raw).expect(raw);
            version
                .experiments()
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .join("+")
        };
        assert_eq!(of("go1.26 X:a,b"), "a+b");
        assert_eq!(of("go1.26.1-X:nodwarf5"), "nodwarf5");
        assert_eq!(of("devel go1.28-2a Tue X:a rest"), "a");
        assert_eq!(of("go1.26"), "");
    }

    #[test]
    fn order_is_by_release_not_by_text() {
        let version = |raw| GoVersion::parse(raw).expect(raw);
        assert!(version("go1.9.7") < version("go1.19"));
        assert!(version("go1.26rc1") == version("go1.26.6"));
        assert!(version("go1.18.9").is_too_old());
        assert!(version("go1.28-devel").is_newer_than_known());
        assert_eq!(version("go1.26.6").to_string(), "go1.26.6");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(raw: String) {
            let _ = GoVersion::parse(&raw);
        }
    }
}
