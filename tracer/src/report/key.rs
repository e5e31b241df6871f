//! What rows are made of: the key a sample counts for.

use clap::ValueEnum;

use crate::profile::pprof::LOST_STACK;
use crate::profile::{Profile, Sample};

/// Key of objects whose type the runtime was not told.
pub const NO_TYPE: &str = "[no type]";
/// Key of objects without a cause.
pub const NO_CAUSE: &str = "[no cause]";
/// Package of functions that have none: C functions and bare addresses.
pub const NO_PACKAGE: &str = "[no package]";
/// Module of functions whose package is in none that is known.
pub const NO_MODULE: &str = "[no module]";

/// What rows are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Function, file and line of the first frame that is not the runtime's
    #[default]
    Site,
    /// Function of that frame
    Function,
    /// File and line of that frame
    Line,
    /// Type of the object
    Type,
    /// Why it was allocated
    Cause,
    /// Package of that frame, the main package by its import path
    Package,
    /// Module of that frame and its version; std is the standard library
    Module,
}

impl By {
    /// Name as the command line and the JSON have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Function => "function",
            Self::Line => "line",
            Self::Type => "type",
            Self::Cause => "cause",
            Self::Package => "package",
            Self::Module => "module",
        }
    }

    /// The key `sample` counts for.
    #[must_use]
    pub fn key(self, profile: &Profile, sample: &Sample) -> String {
        match self {
            Self::Type => sample
                .labels
                .type_name
                .as_deref()
                .unwrap_or(NO_TYPE)
                .to_owned(),
            Self::Cause => sample
                .labels
                .cause
                .as_deref()
                .unwrap_or(NO_CAUSE)
                .to_owned(),
            Self::Site | Self::Function | Self::Line | Self::Package | Self::Module => {
                self.key_of_site(profile, sample)
            }
        }
    }

    fn key_of_site(self, profile: &Profile, sample: &Sample) -> String {
        let Some(frame) = profile.site(sample) else {
            return LOST_STACK.to_owned();
        };
        match self {
            Self::Package => profile
                .package(&frame.function)
                .map_or_else(|| NO_PACKAGE.to_owned(), |p| p.into_owned()),
            Self::Module => profile
                .module(&frame.function)
                .unwrap_or_else(|| NO_MODULE.to_owned()),
            Self::Line => frame
                .position()
                .unwrap_or_else(|| frame.function.into_owned()),
            Self::Site => match frame.position() {
                Some(position) => format!("{} {position}", frame.function),
                None => frame.function.into_owned(),
            },
            Self::Function | Self::Type | Self::Cause => frame.function.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn each_kind_of_key() {
        let profile = fixture::service();
        let key = |by: By, index: usize| by.key(&profile, &profile.samples[index]);
        assert_eq!(
            key(By::Site, 0),
            "main.newOrder /home/dev/shop/order/order.go:12"
        );
        assert_eq!(key(By::Function, 0), "main.newOrder");
        assert_eq!(key(By::Line, 0), "/home/dev/shop/order/order.go:12");
        assert_eq!(key(By::Package, 0), "example.com/shop");
        assert_eq!(key(By::Module, 0), "example.com/shop v1.4.0");
        assert_eq!(key(By::Module, 1), "std");
        assert_eq!(key(By::Type, 0), "main.Order");
        assert_eq!(key(By::Cause, 0), "new");
        assert_eq!(key(By::Type, 1), NO_TYPE);
        assert_eq!(key(By::Package, 6), "runtime");
    }

    #[test]
    fn unknown_and_lost_places_keep_a_name() {
        let profile = fixture::service();
        let (unknown, lost) = (&profile.samples[7], &profile.samples[8]);
        assert!(By::Site.key(&profile, unknown).starts_with("0x40"));
        assert!(By::Line.key(&profile, unknown).starts_with("0x40"));
        assert_eq!(By::Package.key(&profile, unknown), NO_PACKAGE);
        for by in [By::Site, By::Function, By::Line, By::Package, By::Module] {
            assert_eq!(by.key(&profile, lost), LOST_STACK);
        }
        assert_eq!(By::Type.key(&profile, lost), "main.Order");
    }
}
