//! What follows from the arguments of a call: how far a slice or a map grows.

use super::signature::Facts;
use crate::golang::growth;

/// `hmap.B` (go1.19 src/runtime/map.go:117, go1.23 :118).
const HMAP_B: usize = 9;

/// `table.used` and `table.capacity`, 16 bits each (go1.24
/// src/internal/runtime/maps/table.go:23, go1.27 :23).
const TABLE_USED: usize = 0;
const TABLE_CAPACITY: usize = 2;

/// The capacity `growslice` makes, from its arguments since Go 1.20.
pub(super) fn capacity(facts: &Facts) -> Option<u64> {
    let [_, new_len, old_cap, ..] = facts.registers;
    grown_capacity(facts, new_len, old_cap)
}

/// The same before.
pub(super) fn capacity_before_1_20(facts: &Facts) -> Option<u64> {
    let [_, _, _, old_cap, new_len] = facts.registers;
    grown_capacity(facts, new_len, old_cap)
}

fn grown_capacity(facts: &Facts, new_len: u64, old_cap: u64) -> Option<u64> {
    let (element_bytes, noscan) = facts.element?;
    growth::slice_capacity(new_len, old_cap, element_bytes, noscan, facts.rules)
}

/// The first word copied: the number of entries of a map of any release (`hmap.count`,
/// `Map.used`: go1.19 src/runtime/map.go:115, go1.24 src/internal/runtime/maps/map.go:194).
pub(super) fn first_word(facts: &Facts) -> Option<u64> {
    let word = facts.copied?.first_chunk().copied()?;
    Some(u64::from_le_bytes(word))
}

/// Buckets of an old map.
pub(super) fn buckets(facts: &Facts) -> Option<u64> {
    1_u64.checked_shl((*facts.copied?.get(HMAP_B)?).into())
}

/// Buckets it will have.
pub(super) fn grown_buckets(facts: &Facts) -> Option<u64> {
    growth::grown_buckets(first_word(facts)?, buckets(facts)?)
}

/// Entries of a table of a swiss map.
pub(super) fn table_entries(facts: &Facts) -> Option<u64> {
    half_word(facts, TABLE_USED)
}

/// Its slots.
pub(super) fn table_capacity(facts: &Facts) -> Option<u64> {
    half_word(facts, TABLE_CAPACITY)
}

/// Slots when it has grown, in two tables if it had to be split.
pub(super) fn grown_table_capacity(facts: &Facts) -> Option<u64> {
    growth::grown_table(table_capacity(facts)?)
}

fn half_word(facts: &Facts, at: usize) -> Option<u64> {
    let bytes = facts.copied?.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracer_ebpf::wire::TRACED_MEMORY_BYTES;

    use super::*;
    use crate::golang::{GoVersion, MallocRules};

    fn facts(registers: [u64; 5], element: (u64, bool)) -> Facts {
        let version = GoVersion::parse("go1.24.11").expect("valid");
        Facts {
            registers,
            copied: None,
            element: Some(element),
            rules: MallocRules::new(&version, &[]),
        }
    }

    #[test]
    fn the_arguments_of_growslice_changed_places() {
        assert_eq!(capacity(&facts([0, 5, 4, 1, 0], (8, true))), Some(8));
        let before = facts([0, 0, 4, 4, 5], (8, true));
        assert_eq!(capacity_before_1_20(&before), Some(8));
    }

    fn with_memory(bytes: &[u8]) -> Facts {
        let mut copied = [0; TRACED_MEMORY_BYTES];
        copied[..bytes.len()].copy_from_slice(bytes);
        Facts {
            copied: Some(copied),
            ..facts([0; 5], (8, true))
        }
    }

    #[test]
    fn old_maps_double_or_grow_sideways() {
        let map = |entries: u8, b: u8| with_memory(&[entries, 0, 0, 0, 0, 0, 0, 0, 0, b]);
        assert_eq!(buckets(&map(8, 0)), Some(1));
        assert_eq!(grown_buckets(&map(8, 0)), Some(2));
        assert_eq!(grown_buckets(&map(13, 1)), Some(4));
        assert_eq!(grown_buckets(&map(12, 1)), Some(2), "too many overflow");
        assert_eq!(buckets(&map(0, 200)), None);
    }

    #[test]
    fn tables_double() {
        let table = with_memory(&[14, 0, 16, 0]);
        assert_eq!(table_entries(&table), Some(14));
        assert_eq!(table_capacity(&table), Some(16));
        assert_eq!(grown_table_capacity(&table), Some(32));
    }

    proptest! {
        #[test]
        fn never_panics(registers: [u64; 5], size: u64, noscan: bool, memory: [u8; 32]) {
            let mut facts = facts(registers, (size, noscan));
            let mut copied = [0; TRACED_MEMORY_BYTES];
            copied[..32].copy_from_slice(&memory);
            facts.copied = Some(copied);
            for derive in [
                capacity, capacity_before_1_20, first_word, buckets, grown_buckets,
                table_entries, table_capacity, grown_table_capacity,
            ] {
                let _ = derive(&facts);
            }
        }
    }
}
