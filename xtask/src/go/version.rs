//! Go version numbers.

use std::{fmt, str::FromStr};

/// A Go release with its patch level, ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// The release without its patch level.
    pub const fn release(self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads `1.27.3`; a release without a patch level has patch 0.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseVersionError {
            text: text.to_owned(),
        };
        let mut numbers = [0; 3];
        let mut count = 0;
        for part in text.split('.') {
            let number = part.parse().map_err(|_| error())?;
            *numbers.get_mut(count).ok_or_else(error)? = number;
            count += 1;
        }
        let [major, minor, patch] = numbers;
        if count < 2 {
            return Err(error());
        }
        Ok(Self::new(major, minor, patch))
    }
}

/// Not a version number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseVersionError {
    text: String,
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a Go version such as 1.27.3", self.text)
    }
}

impl std::error::Error for ParseVersionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        assert_eq!("1.27.3".parse(), Ok(Version::new(1, 27, 3)));
        assert_eq!("1.20".parse(), Ok(Version::new(1, 20, 0)));
        assert_eq!(Version::new(1, 24, 11).to_string(), "1.24.11");
    }

    #[test]
    fn orders_by_number_not_by_text() {
        assert!(Version::new(1, 9, 0) < Version::new(1, 21, 13));
        assert!(Version::new(1, 24, 9) < Version::new(1, 24, 11));
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", "1", "go1.21.0", "1.21.0.1", "1.x", "1.21rc1"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
