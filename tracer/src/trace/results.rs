//! What is known of the functions that can be traced: what they return.
//!
//! Go returns the first integer results in RAX, RBX, RCX (go1.24
//! src/cmd/compile/abi-internal.md). Sources as for the arguments.

use super::signature::Kind;
use crate::plan::leaves::Leaf;

/// One result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Its name.
    pub name: &'static str,
    /// Index into [`crate::collect::Return::registers`].
    pub register: usize,
    /// What the register holds.
    pub kind: Kind,
}

const fn result(name: &'static str, register: usize, kind: Kind) -> Returned {
    Returned {
        name,
        register,
        kind,
    }
}

const OBJECT: &[Returned] = &[result("pointer", 0, Kind::Pointer)];
const MAP: &[Returned] = &[result("map", 0, Kind::Pointer)];
const CHANNEL: &[Returned] = &[result("channel", 0, Kind::Pointer)];
const SLICE: &[Returned] = &[
    result("pointer", 0, Kind::Pointer),
    result("len", 1, Kind::Signed),
    result("cap", 2, Kind::Signed),
];
/// Where the element is.
const ELEMENT: &[Returned] = &[result("element", 0, Kind::Pointer)];
const ELEMENT_OR_NONE: &[Returned] = &[
    result("element", 0, Kind::Pointer),
    result("found", 1, Kind::Bool),
];
const KEY_AND_ELEMENT: &[Returned] = &[
    result("key", 0, Kind::Pointer),
    result("element", 1, Kind::Pointer),
];

/// The results of a function that can be traced; none where it has none.
pub(super) fn results_of(function: &str) -> &'static [Returned] {
    // The parts of the allocator also return the size of the slot, from which mallocgc
    // tells what to zero.
    if Leaf::from_name(function).is_some() {
        return OBJECT;
    }
    let Some(name) = function.strip_prefix("runtime.") else {
        return &[];
    };
    match name {
        "mallocgc" | "newobject" | "newarray" | "makeslice" | "makeslice64" | "makeslicecopy" => {
            OBJECT
        }
        "makechan" | "makechan64" => CHANNEL,
        "makemap" | "makemap64" | "makemap_small" => MAP,
        "mapaccessK" => KEY_AND_ELEMENT,
        _ if name.starts_with("growslice") => SLICE,
        _ if name.starts_with("mapassign") || name.starts_with("mapaccess1") => ELEMENT,
        _ if name.starts_with("mapaccess2") => ELEMENT_OR_NONE,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_registers_of_the_sources() {
        for (function, expected) in [
            ("runtime.mallocgc", OBJECT),
            ("runtime.mallocgcTinySC2", OBJECT),
            ("runtime.growsliceNoAlias", SLICE),
            ("runtime.mapassign_faststr", ELEMENT),
            ("runtime.mapaccess1_fat", ELEMENT),
            ("runtime.mapaccess2_fast64", ELEMENT_OR_NONE),
            ("runtime.mapaccessK", KEY_AND_ELEMENT),
            ("runtime.mapdelete", &[]),
            ("runtime.hashGrow", &[]),
            ("internal/runtime/maps.(*table).grow", &[]),
        ] {
            assert_eq!(results_of(function), expected, "{function}");
        }
    }
}
