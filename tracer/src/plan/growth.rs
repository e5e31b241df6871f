//! The functions by which slices and maps grow, whose calls are counted with how far each
//! goes.
//!
//! Each step passes one of them: the other functions by which slices grow call
//! `growslice` (go1.26 src/runtime/slice.go:303, :510, :547; `reflect_growslice` :369),
//! and a table that is full calls `grow` or `split` (go1.24
//! src/internal/runtime/maps/table.go:1009). `bytes.growSlice`, which makes a new array for
//! a `bytes.Buffer` and copies to it itself, calls `growslice` as for a slice that is empty.

use std::fmt;

use tracer_ebpf::wire::grower;

use super::program::Register;

/// The function that a `bytes.Buffer` grows by (go1.19 src/bytes/buffer.go:220).
pub const BUFFER: &str = "bytes.growSlice";
/// The function that a full table is split by.
pub const SPLIT: &str = "internal/runtime/maps.(*table).split";

const SLICE: &str = "runtime.growslice";
/// Up to Go 1.23, and with `GOEXPERIMENT=noswissmap` (go1.23 src/runtime/map.go:1139).
const BUCKETS: &str = "runtime.hashGrow";
const FIRST_GROUP: &str = "internal/runtime/maps.(*Map).growToSmall";

/// Of maps since Go 1.24 (src/internal/runtime/maps).
const TABLES: [(&str, Grower); 4] = [
    (FIRST_GROUP, Grower::FirstGroup),
    (
        "internal/runtime/maps.(*Map).growToTable",
        Grower::FirstTable,
    ),
    ("internal/runtime/maps.(*table).grow", Grower::Table),
    (SPLIT, Grower::Table),
];

/// Whether a function grows slices, not maps.
#[must_use]
pub fn is_of_slices(function: &str) -> bool {
    [SLICE, BUFFER].contains(&function)
}

/// A function by which something grows, by its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grower {
    /// `growslice` since Go 1.20.
    Slice,
    /// `growslice` before.
    SliceByParts,
    /// [`BUFFER`].
    Buffer,
    /// `hashGrow`.
    Buckets,
    /// `(*Map).growToSmall`.
    FirstGroup,
    /// `(*Map).growToTable`.
    FirstTable,
    /// `(*table).grow` and `(*table).split`.
    Table,
}

impl Grower {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Slice,
        Self::SliceByParts,
        Self::Buffer,
        Self::Buckets,
        Self::FirstGroup,
        Self::FirstTable,
        Self::Table,
    ];

    /// As the BPF program knows it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Slice => grower::SLICE,
            Self::SliceByParts => grower::SLICE_BY_PARTS,
            Self::Buffer => grower::BUFFER,
            Self::Buckets => grower::BUCKETS,
            Self::FirstGroup => grower::FIRST_GROUP,
            Self::FirstTable => grower::FIRST_TABLE,
            Self::Table => grower::TABLE,
        }
    }

    /// The register with the address of the type descriptor.
    pub(super) const fn type_addr(self) -> Option<Register> {
        match self {
            Self::Slice => Some(Register::Si),
            Self::SliceByParts | Self::Buckets => Some(Register::Ax),
            Self::FirstGroup | Self::FirstTable | Self::Table => Some(Register::Bx),
            Self::Buffer => None,
        }
    }
}

/// Every function there is in any release.
pub(super) fn all_functions() -> impl Iterator<Item = &'static str> {
    let tables = TABLES.iter().map(|(name, _)| *name);
    [SLICE, BUFFER, BUCKETS].into_iter().chain(tables)
}

/// The functions to probe in an executable that has those that `has` says. `by_parts`:
/// whether it was built before Go 1.20.
pub(super) fn functions(by_parts: bool, has: impl Fn(&str) -> bool) -> Vec<(&'static str, Grower)> {
    let slice = if by_parts {
        Grower::SliceByParts
    } else {
        Grower::Slice
    };
    let mut functions = vec![(SLICE, slice)];
    // Most programs have no buffers, and none has both kinds of map.
    if has(BUFFER) {
        functions.push((BUFFER, Grower::Buffer));
    }
    if TABLES.iter().any(|(name, _)| has(name)) {
        functions.extend(TABLES);
    } else {
        functions.push((BUCKETS, Grower::Buckets));
    }
    functions
}

impl fmt::Display for Grower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Slice => "type=SI len=BX-DI cap=CX to=BX",
            Self::SliceByParts => "type=AX len=CX cap=DI to=SI",
            Self::Buffer => "len=BX cap=CX to=BX+DI",
            Self::Buckets => "type=AX map=BX",
            Self::FirstGroup => "type=BX",
            Self::FirstTable => "type=BX map=AX",
            Self::Table => "type=BX table=AX",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_one_kind_of_map() {
        let names = |has: &[&str], by_parts| {
            let all = functions(by_parts, |name| has.contains(&name));
            all.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[SLICE, BUCKETS], true), [SLICE, BUCKETS]);
        assert_eq!(
            names(&[SLICE, BUFFER, SPLIT], false)[..3],
            [SLICE, BUFFER, FIRST_GROUP]
        );
        assert!(!names(&[SPLIT], false).contains(&BUCKETS));
        let known: Vec<_> = all_functions().collect();
        assert!(
            names(&[SPLIT, BUFFER], false)
                .iter()
                .all(|it| known.contains(it))
        );
    }

    #[test]
    fn numbers_are_distinct() {
        let mut numbers = Grower::ALL.map(Grower::number).to_vec();
        numbers.dedup();
        assert_eq!(numbers.len(), Grower::ALL.len());
        assert!(!numbers.contains(&grower::NONE));
    }
}
