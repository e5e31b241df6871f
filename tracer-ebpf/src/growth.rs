//! A step by which a slice or a map grows, in 64 bits: what the BPF programs count and the
//! collector reads again.
//!
//! Steps that come to the same are one number, so that few are kept: of a slice that
//! needs less room than `append` makes anyway, how much it needs is left out.

/// One step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Step {
    /// Elements before, at most as many as there was room for.
    pub old_len: u64,
    /// Room for elements before.
    pub old_cap: u64,
    /// Elements that there has to be room for, or, of a map, that there will be. At least
    /// `old_cap`.
    pub new_len: u64,
}

/// Below this capacity slices double (go1.19 src/runtime/slice.go:204, go1.27 :333).
pub const DOUBLES_BELOW: u64 = 256;

/// Bits of a shortened number that say by how much it was shifted.
const SHIFT_BITS: u32 = 5;
/// Bits kept of the old capacity: exact below 8,388,608.
const CAPACITY_BITS: u32 = 23;
/// Bits kept of how far each length is from it: exact below 8,192.
const DISTANCE_BITS: u32 = 13;

const CAPACITY_FIELD: u32 = SHIFT_BITS + CAPACITY_BITS;
const DISTANCE_FIELD: u32 = SHIFT_BITS + DISTANCE_BITS;

impl Step {
    /// Of a slice that has to hold `new_len` elements. All that `append` makes the same
    /// room for are the same step (`nextslicecap`, go1.27 src/runtime/slice.go:326).
    #[inline(always)]
    #[must_use]
    pub const fn of_slice(old_len: u64, old_cap: u64, new_len: u64) -> Self {
        let made_anyway = if old_cap < DOUBLES_BELOW {
            old_cap.wrapping_mul(2)
        } else {
            old_cap.wrapping_add(old_cap.wrapping_add(3 * DOUBLES_BELOW) >> 2)
        };
        Self {
            old_len,
            old_cap,
            new_len: if new_len <= made_anyway {
                old_cap.wrapping_add(1)
            } else {
                new_len
            },
        }
    }

    /// Into 64 bits. Of numbers too large to be kept whole the last bits are dropped: of
    /// the capacity less than 1 in 4,194,304, of the others' distance from it less than
    /// 1 in 4,096.
    #[inline(always)]
    #[must_use]
    pub const fn pack(&self) -> u64 {
        let unused = self.old_cap.saturating_sub(self.old_len);
        let more = self.new_len.saturating_sub(self.old_cap);
        shorten(self.old_cap, CAPACITY_BITS)
            | shorten(unused, DISTANCE_BITS) << CAPACITY_FIELD
            | shorten(more, DISTANCE_BITS) << (CAPACITY_FIELD + DISTANCE_FIELD)
    }

    /// Out of 64 bits.
    #[must_use]
    pub const fn unpack(packed: u64) -> Self {
        let old_cap = lengthen(packed, CAPACITY_BITS);
        let unused = lengthen(packed >> CAPACITY_FIELD, DISTANCE_BITS);
        let more = lengthen(packed >> (CAPACITY_FIELD + DISTANCE_FIELD), DISTANCE_BITS);
        Self {
            old_len: old_cap.saturating_sub(unused),
            old_cap,
            new_len: old_cap.saturating_add(more),
        }
    }
}

/// The first bits of a number and by how much they were shifted; the largest there is
/// where that is not enough.
#[inline(always)]
const fn shorten(number: u64, bits: u32) -> u64 {
    let shift = (u64::BITS - number.leading_zeros()).saturating_sub(bits);
    if shift >= 1 << SHIFT_BITS {
        return (1 << (SHIFT_BITS + bits)) - 1;
    }
    (number >> shift) | (shift as u64) << bits
}

/// A shortened number; bits above it are passed over.
const fn lengthen(short: u64, bits: u32) -> u64 {
    let shift = (short >> bits) & ((1 << SHIFT_BITS) - 1);
    (short & ((1 << bits) - 1)) << shift
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slices_with_the_same_room_are_one_step() {
        assert_eq!(Step::of_slice(3, 4, 7), Step::of_slice(3, 4, 5));
        assert_ne!(Step::of_slice(3, 4, 9), Step::of_slice(3, 4, 8));
        assert_eq!(Step::of_slice(0, 0, 1).new_len, 1);
        assert_eq!(Step::of_slice(512, 512, 832), Step::of_slice(512, 512, 513));
        assert_eq!(Step::of_slice(512, 512, 833).new_len, 833);
    }

    #[test]
    fn any_number_can_be_a_length() {
        let step = Step::of_slice(u64::MAX, u64::MAX, u64::MAX);
        assert!(Step::unpack(step.pack()).old_cap > 1 << 53);
        assert_eq!(Step::unpack(0), Step::default());
    }

    proptest! {
        #[test]
        fn small_steps_come_back_whole(
            old_cap in 0_u64..1 << CAPACITY_BITS,
            unused in 0_u64..1 << DISTANCE_BITS,
            more in 0_u64..1 << DISTANCE_BITS,
        ) {
            let old_len = old_cap.saturating_sub(unused);
            let step = Step { old_len, old_cap, new_len: old_cap + more };
            prop_assert_eq!(Step::unpack(step.pack()), step);
        }

        #[test]
        fn large_steps_come_back_nearly(
            old_cap in 0_u64..1 << 40,
            unused in 0_u64..1 << 40,
            more in 0_u64..1 << 40,
        ) {
            let unused = unused.min(old_cap);
            let step = Step { old_len: old_cap - unused, old_cap, new_len: old_cap + more };
            let found = Step::unpack(step.pack());
            prop_assert!(old_cap - found.old_cap <= old_cap >> (CAPACITY_BITS - 1));
            let found_unused = found.old_cap - found.old_len;
            prop_assert!(found_unused <= unused && unused - found_unused <= unused >> (DISTANCE_BITS - 1));
            let found_more = found.new_len - found.old_cap;
            prop_assert!(found_more <= more && more - found_more <= more >> (DISTANCE_BITS - 1));
        }

        #[test]
        fn any_bits_are_a_step(packed: u64) {
            let Step { old_len, old_cap, new_len } = Step::unpack(packed);
            prop_assert!(old_len <= old_cap && old_cap <= new_len);
        }
    }
}
