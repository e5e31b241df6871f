//! How far slices and maps grow.

use tracer_ebpf::growth::DOUBLES_BELOW;

use super::size_class::MallocRules;

/// Slots of a group of a swiss map (go1.24 src/internal/abi/map_swiss.go:17).
pub const GROUP_SLOTS: u64 = 8;

/// Entries of a bucket of an old map, and the load it grows at: 13/2 entries a bucket
/// (go1.23 src/runtime/map.go:70, :75).
const BUCKET_ENTRIES: u64 = 8;
const LOAD_NUMERATOR: u64 = 13;
const LOAD_DENOMINATOR: u64 = 2;

/// Elements that `append` makes room for where `new_len` do not fit `old_cap`, of so many
/// bytes each: `growslice`, go1.19 src/runtime/slice.go:178, go1.27 :178. `None` for what
/// no slice has.
#[must_use]
pub fn slice_capacity(
    new_len: u64,
    old_cap: u64,
    element_bytes: u64,
    noscan: bool,
    rules: MallocRules,
) -> Option<u64> {
    if element_bytes == 0 {
        return Some(new_len);
    }
    let bytes = next_capacity(new_len, old_cap)?.checked_mul(element_bytes)?;
    Some(rules.round_up(bytes, noscan) / element_bytes)
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

/// Buckets that an old map with `entries` will have: twice as many, or as many again if it
/// has merely too many that overflow (`hashGrow` and `overLoadFactor`, go1.21
/// src/runtime/map.go:1058, :1102).
#[must_use]
pub fn grown_buckets(entries: u64, buckets: u64) -> Option<u64> {
    let needed = entries.checked_add(1)?;
    let load = (buckets / LOAD_DENOMINATOR).checked_mul(LOAD_NUMERATOR)?;
    if needed > BUCKET_ENTRIES && needed > load {
        buckets.checked_mul(2)
    } else {
        Some(buckets)
    }
}

/// Slots of a table of a swiss map when it has grown, in two tables if it had to be split
/// (`rehash`, go1.24 src/internal/runtime/maps/table.go:1009).
#[must_use]
pub const fn grown_table(slots: u64) -> Option<u64> {
    slots.checked_mul(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracer_ebpf::growth::Step;

    use super::*;
    use crate::golang::GoVersion;

    fn capacity(new_len: u64, old_cap: u64, element_bytes: u64) -> Option<u64> {
        let version = GoVersion::parse("go1.24.11").expect("valid");
        let rules = MallocRules::new(&version, &[]);
        slice_capacity(new_len, old_cap, element_bytes, true, rules)
    }

    #[test]
    fn slices_grow_as_go_lets_them() {
        // As a Go 1.24 program prints them: append to a full slice, one element.
        for (old_cap, element_bytes, expected) in [
            (0, 8, 1),
            (4, 8, 8),
            (256, 8, 512),
            (512, 8, 848),
            (848, 8, 1280),
            (5, 1, 16),
            (3, 24, 6),
        ] {
            assert_eq!(
                capacity(old_cap + 1, old_cap, element_bytes),
                Some(expected),
                "{old_cap} {element_bytes}"
            );
        }
        assert_eq!(capacity(1000, 4, 1), Some(1024));
    }

    #[test]
    fn old_maps_double_or_grow_sideways() {
        assert_eq!(grown_buckets(8, 1), Some(2));
        assert_eq!(grown_buckets(13, 2), Some(4));
        assert_eq!(grown_buckets(12, 2), Some(2), "too many overflow");
    }

    proptest! {
        #[test]
        fn never_panics(numbers: [u64; 3]) {
            let [new_len, old_cap, element_bytes] = numbers;
            let _ = capacity(new_len, old_cap, element_bytes);
            let _ = grown_buckets(new_len, old_cap);
            let _ = grown_table(old_cap);
        }

        #[test]
        fn a_step_leads_where_the_call_did(
            old_cap in 0_u64..1 << 20, more in 1_u64..1 << 13, element_bytes in 1_u64..100,
        ) {
            let step = Step::of_slice(old_cap, old_cap, old_cap + more);
            let step = Step::unpack(step.pack());
            prop_assert_eq!(
                capacity(step.new_len, step.old_cap, element_bytes),
                capacity(old_cap + more, old_cap, element_bytes)
            );
        }
    }
}
