//! What follows from the arguments of a call: how far a slice or a map grows.

use super::signature::Facts;

/// Slots of a group of a swiss map (go1.24 src/internal/abi/map_swiss.go:17).
pub(super) const GROUP_SLOTS: u64 = 8;

/// Below this capacity slices double (go1.19 src/runtime/slice.go:204, go1.27 :333).
const DOUBLES_BELOW: u64 = 256;

/// Entries of a bucket of an old map, and the load it grows at: 13/2 entries a bucket
/// (go1.23 src/runtime/map.go:70, :75).
const BUCKET_ENTRIES: u64 = 8;
const LOAD_NUMERATOR: u64 = 13;
const LOAD_DENOMINATOR: u64 = 2;

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

/// `growslice`, go1.19 src/runtime/slice.go:178, go1.27 :178.
fn grown_capacity(facts: &Facts, new_len: u64, old_cap: u64) -> Option<u64> {
    let (element_bytes, noscan) = facts.element?;
    if element_bytes == 0 {
        return Some(new_len);
    }
    let bytes = next_capacity(new_len, old_cap)?.checked_mul(element_bytes)?;
    Some(facts.rules.round_up(bytes, noscan) / element_bytes)
}

/// `nextslicecap`, go1.27 src/runtime/slice.go:326. `None` for what no slice has.
fn next_capacity(new_len: u64, old_cap: u64) -> Option<u64> {
    if new_len > i64::MAX as u64 {
        return None;
    }
    let doubled = old_cap.checked_mul(2)?;
    if new_len > doubled {
        return Some(new_len);
    }
    if old_cap < DOUBLES_BELOW {
        return Some(doubled);
    }
    let mut capacity = old_cap;
    while capacity < new_len {
        capacity = capacity.checked_add((capacity.checked_add(3 * DOUBLES_BELOW)?) / 4)?;
    }
    Some(capacity)
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

/// Buckets it will have: twice as many, or as many again if it has merely too many that
/// overflow (`hashGrow` and `overLoadFactor`, go1.21 src/runtime/map.go:1058, :1102).
pub(super) fn grown_buckets(facts: &Facts) -> Option<u64> {
    let (entries, buckets) = (first_word(facts)?.checked_add(1)?, buckets(facts)?);
    let load = (buckets / LOAD_DENOMINATOR).checked_mul(LOAD_NUMERATOR)?;
    if entries > BUCKET_ENTRIES && entries > load {
        buckets.checked_mul(2)
    } else {
        Some(buckets)
    }
}

/// Entries of a table of a swiss map.
pub(super) fn table_entries(facts: &Facts) -> Option<u64> {
    half_word(facts, TABLE_USED)
}

/// Its slots.
pub(super) fn table_capacity(facts: &Facts) -> Option<u64> {
    half_word(facts, TABLE_CAPACITY)
}

/// Slots when it has grown, in two tables if it had to be split (`rehash`, go1.24
/// src/internal/runtime/maps/table.go:1009).
pub(super) fn grown_table_capacity(facts: &Facts) -> Option<u64> {
    Some(2 * table_capacity(facts)?)
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
    fn slices_grow_as_go_lets_them() {
        // As a Go 1.24 program prints them: append to a full slice, one element.
        for (old_cap, element, expected) in [
            (0, (8, true), 1),
            (4, (8, true), 8),
            (256, (8, true), 512),
            (512, (8, true), 848),
            (848, (8, true), 1280),
            (5, (1, true), 16),
            (3, (24, true), 6),
        ] {
            let facts = facts([0, old_cap + 1, old_cap, 1, 0], element);
            assert_eq!(capacity(&facts), Some(expected), "{old_cap} {element:?}");
        }
        let many = facts([0, 1000, 4, 996, 0], (1, true));
        assert_eq!(capacity(&many), Some(1024));
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
