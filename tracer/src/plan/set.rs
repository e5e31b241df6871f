//! Which probes are wanted, as `alloc,map,growth`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::maps::MapCalls;

/// Which probes to plan: the allocator's always, and these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProbeSet {
    /// Counted calls of the map runtime.
    pub maps: MapCalls,
    /// The steps by which slices and maps grow.
    pub growth: bool,
}

/// A set of probes that does not exist.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no probe set `{text}`: take `alloc`, and behind commas `map` or `map-all`, and `growth`")]
pub struct UnknownProbeSet {
    /// What was asked for.
    pub text: String,
}

impl ProbeSet {
    /// The allocator alone.
    pub const ALLOC: Self = Self::of(MapCalls::None);
    /// With [`MapCalls::Some`].
    pub const ALLOC_MAP: Self = Self::of(MapCalls::Some);
    /// With [`MapCalls::All`].
    pub const ALLOC_MAP_ALL: Self = Self::of(MapCalls::All);

    const fn of(maps: MapCalls) -> Self {
        Self {
            maps,
            growth: false,
        }
    }

    /// The same with the steps of growth.
    #[must_use]
    pub const fn with_growth(self) -> Self {
        Self {
            growth: true,
            ..self
        }
    }
}

impl FromStr for ProbeSet {
    type Err = UnknownProbeSet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownProbeSet {
            text: text.to_owned(),
        };
        let (mut alloc, mut set) = (false, Self::ALLOC);
        for part in text.split(',') {
            match part.trim() {
                "alloc" => alloc = true,
                "map" if set.maps == MapCalls::None => set.maps = MapCalls::Some,
                "map" => {}
                "map-all" => set.maps = MapCalls::All,
                "growth" => set.growth = true,
                _ => return Err(unknown()),
            }
        }
        alloc.then_some(set).ok_or_else(unknown)
    }
}

impl fmt::Display for ProbeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let maps = match self.maps {
            MapCalls::None => "",
            MapCalls::Some => ",map",
            MapCalls::All => ",map-all",
        };
        let growth = if self.growth { ",growth" } else { "" };
        f.pad(&format!("alloc{maps}{growth}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_written() {
        for set in [
            ProbeSet::ALLOC,
            ProbeSet::ALLOC_MAP,
            ProbeSet::ALLOC_MAP_ALL,
        ] {
            assert_eq!(set.to_string().parse(), Ok(set));
            let growing = set.with_growth();
            assert_eq!(growing.to_string().parse(), Ok(growing));
        }
        assert_eq!("map, alloc".parse(), Ok(ProbeSet::ALLOC_MAP));
        assert_eq!("map-all,alloc,map".parse(), Ok(ProbeSet::ALLOC_MAP_ALL));
        assert_eq!("alloc,growth".parse(), Ok(ProbeSet::ALLOC.with_growth()));
        assert_eq!(ProbeSet::default().to_string(), "alloc,map");
    }

    #[test]
    fn unknown_sets_are_named() {
        for text in ["", "map", "growth", "alloc,", "alloc,maps", "all"] {
            let error = text.parse::<ProbeSet>().unwrap_err();
            let expected = format!(
                "no probe set `{text}`: take `alloc`, and behind commas `map` or `map-all`, \
                 and `growth`"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}
