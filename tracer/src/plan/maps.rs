//! Which functions are probed beyond the allocator: calls of the map runtime,
//! counted as calls (what they allocate passes the leaves).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::program::Program;

/// Which probes to plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProbeSet {
    /// The allocator alone.
    Alloc,
    /// With `runtime.makemap_small` and `runtime.mapassign_fast64`.
    #[default]
    AllocMap,
    /// With every `makemap` and `mapassign` of the runtime.
    AllocMapAll,
}

/// A set of probes that does not exist.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no probe set `{text}`: take `alloc`, `alloc,map` or `alloc,map-all`")]
pub struct UnknownProbeSet {
    /// What was asked for.
    pub text: String,
}

/// The functions of [`ProbeSet::AllocMap`].
const MAP: [&str; 2] = ["runtime.makemap_small", "runtime.mapassign_fast64"];

/// The functions of [`ProbeSet::AllocMapAll`] (go1.23 src/runtime/map.go:296,
/// :318, :615 and map_fast*.go; go1.24 src/runtime/map_swiss.go:52, :71, :133
/// keeps the names). `makemap64`, used on 32-bit machines alone, calls `makemap` and would
/// count a map twice.
const MAP_ALL: [&str; 8] = [
    "runtime.makemap_small",
    "runtime.makemap",
    "runtime.mapassign",
    "runtime.mapassign_fast32",
    "runtime.mapassign_fast32ptr",
    "runtime.mapassign_fast64",
    "runtime.mapassign_fast64ptr",
    "runtime.mapassign_faststr",
];

impl ProbeSet {
    /// The map functions it contains.
    #[must_use]
    pub fn map_functions(self) -> &'static [&'static str] {
        match self {
            Self::Alloc => &[],
            Self::AllocMap => &MAP,
            Self::AllocMapAll => &MAP_ALL,
        }
    }
}

/// The program for a map function: all but `makemap_small` have the map's type
/// in AX.
#[must_use]
pub fn program_of(map_function: &str) -> Program {
    if map_function == "runtime.makemap_small" {
        Program::Call
    } else {
        Program::CallTyped
    }
}

impl FromStr for ProbeSet {
    type Err = UnknownProbeSet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut alloc, mut map, mut map_all) = (false, false, false);
        for part in text.split(',') {
            match part.trim() {
                "alloc" => alloc = true,
                "map" => map = true,
                "map-all" => map_all = true,
                _ => {
                    return Err(UnknownProbeSet {
                        text: text.to_owned(),
                    });
                }
            }
        }
        match (alloc, map, map_all) {
            (true, false, false) => Ok(Self::Alloc),
            (true, true, false) => Ok(Self::AllocMap),
            (true, _, true) => Ok(Self::AllocMapAll),
            (false, ..) => Err(UnknownProbeSet {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for ProbeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alloc => "alloc",
            Self::AllocMap => "alloc,map",
            Self::AllocMapAll => "alloc,map-all",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_written() {
        for set in [ProbeSet::Alloc, ProbeSet::AllocMap, ProbeSet::AllocMapAll] {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        assert_eq!("map, alloc".parse(), Ok(ProbeSet::AllocMap));
        assert_eq!("alloc,map,map-all".parse(), Ok(ProbeSet::AllocMapAll));
        assert_eq!(ProbeSet::default().to_string(), "alloc,map");
    }

    #[test]
    fn unknown_sets_are_named() {
        for text in ["", "map", "alloc,", "alloc,maps", "all"] {
            let error = text.parse::<ProbeSet>().unwrap_err();
            let expected =
                format!("no probe set `{text}`: take `alloc`, `alloc,map` or `alloc,map-all`");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn the_small_set_is_part_of_the_large() {
        assert!(MAP.iter().all(|name| MAP_ALL.contains(name)));
        assert_eq!(program_of("runtime.makemap_small"), Program::Call);
        assert_eq!(program_of("runtime.makemap"), Program::CallTyped);
    }
}
