//! Which functions are probed beyond the allocator: calls of the map runtime, counted as
//! calls (what they allocate passes the leaves).

use super::program::Program;

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MapCalls {
    /// Of none.
    None,
    /// `runtime.makemap_small` and `runtime.mapassign_fast64`.
    #[default]
    Some,
    /// Every `makemap` and `mapassign` of the runtime.
    All,
}

/// The functions of [`MapCalls::Some`].
const MAP: [&str; 2] = ["runtime.makemap_small", "runtime.mapassign_fast64"];

/// The functions of [`MapCalls::All`] (go1.23 src/runtime/map.go:296,
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

impl MapCalls {
    /// The functions.
    #[must_use]
    pub fn functions(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Some => &MAP,
            Self::All => &MAP_ALL,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_set_is_part_of_the_large() {
        assert!(MAP.iter().all(|name| MAP_ALL.contains(name)));
        assert_eq!(program_of("runtime.makemap_small"), Program::Call);
        assert_eq!(program_of("runtime.makemap"), Program::CallTyped);
    }
}
