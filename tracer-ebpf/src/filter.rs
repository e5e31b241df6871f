//! Which objects an inlined leaf takes: the decision `mallocgc` makes, as a
//! pure function that the BPF programs and the host share.
//!
//! Written for the verifier as much as for the reader: no table, no bounds
//! check, no division, nothing that can panic.

use crate::wire::{LeafFilter, general_leaf};

/// `maxTinySize`: pointer-free objects below it share 16-byte blocks
/// (go1.24 src/runtime/malloc.go:113,127).
const MAX_TINY_SIZE_BYTES: u64 = 16;

/// Largest object whose pointer bitmap is in its span, `heapBitsInSpan`
/// (go1.24 src/runtime/mbitmap.go:112, `minSizeForMallocHeader`: 8-byte pointers times 64 bits).
const MAX_NO_HEADER_BYTES: u64 = 512;

/// Largest object of a size class: `maxSmallSize - mallocHeaderSize`
/// (go1.24 src/runtime/malloc.go:1050).
const MAX_SMALL_BYTES: u64 = 32_760;

/// Largest size that [`small_size_class`] knows.
pub const MAX_CLASSED_BYTES: u64 = 512;

/// The runtime's size class of an object, or 0 for sizes it has none for here:
/// 0 and more than [`MAX_CLASSED_BYTES`].
///
/// The classes step by 8 bytes up to 32, by 16 up to 256, by 32 up to 512, the
/// same in every release from 1.19 to 1.27 (go1.24
/// src/runtime/sizeclasses.go:95, go1.27 src/internal/runtime/gc/sizeclasses.go:98).
#[inline(always)]
#[must_use]
pub const fn small_size_class(size_bytes: u64) -> u32 {
    let class = match size_bytes {
        1..=32 => size_bytes.wrapping_add(7) >> 3,
        33..=256 => (size_bytes.wrapping_add(15) >> 4).wrapping_add(2),
        257..=MAX_CLASSED_BYTES => (size_bytes.wrapping_add(31) >> 5).wrapping_add(10),
        _ => 0,
    };
    class as u32
}

/// Whether one of the filter's leaves allocates an object of `size_bytes`,
/// which holds no pointers if `noscan`.
///
/// Follows `mallocgc` of go1.24 (src/runtime/malloc.go:1010), of go1.26
/// (:1067, the size-specialised experiment included) and of go1.27 (:1067).
/// An empty object is taken by none: `mallocgc` returns `zerobase` for it.
#[inline(always)]
#[must_use]
pub const fn takes(filter: &LeafFilter, size_bytes: u64, noscan: bool) -> bool {
    if size_bytes == 0 {
        return false;
    }
    if filter.general & general_leaf::ANY != 0 {
        return true;
    }
    if filter.general & general_leaf::UP_TO_LIMIT != 0 {
        return size_bytes <= filter.size_class_limit as u64;
    }
    if noscan && size_bytes < MAX_TINY_SIZE_BYTES {
        return has_bit(filter.tiny_sizes, size_bytes as u32);
    }
    if size_bytes <= filter.size_class_limit as u64 {
        let classes = if noscan {
            filter.sc_noscan
        } else {
            filter.sc_scan
        };
        return has_bit(classes, small_size_class(size_bytes));
    }
    let leaf = if size_bytes > MAX_SMALL_BYTES {
        general_leaf::LARGE
    } else if noscan {
        general_leaf::SMALL_NOSCAN
    } else if size_bytes <= MAX_NO_HEADER_BYTES {
        general_leaf::SMALL_SCAN_NO_HEADER
    } else {
        general_leaf::SMALL_SCAN_HEADER
    };
    filter.general & leaf != 0
}

#[inline(always)]
const fn has_bit(mask: u32, bit: u32) -> bool {
    mask.wrapping_shr(bit) & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `class_to_size` up to 512 bytes (go1.24 src/runtime/sizeclasses.go:95).
    const CLASS_TO_SIZE: [u64; 27] = [
        0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288,
        320, 352, 384, 416, 448, 480, 512,
    ];

    const NONE: LeafFilter = LeafFilter {
        sc_scan: 0,
        sc_noscan: 0,
        tiny_sizes: 0,
        general: 0,
        size_class_limit: 0,
    };

    #[test]
    fn size_classes_are_the_runtime_s() {
        for size in 1..=MAX_CLASSED_BYTES {
            let class = CLASS_TO_SIZE
                .iter()
                .position(|&limit| size <= limit)
                .unwrap();
            assert_eq!(small_size_class(size), class as u32, "size {size}");
        }
        for size in [0, 513, 40_000, u64::MAX] {
            assert_eq!(small_size_class(size), 0, "size {size}");
        }
    }

    #[test]
    fn nothing_takes_an_empty_object() {
        let everything = LeafFilter {
            sc_scan: u32::MAX,
            sc_noscan: u32::MAX,
            tiny_sizes: u32::MAX,
            general: u16::MAX,
            size_class_limit: 512,
        };
        assert!(!takes(&everything, 0, true));
        assert!(!takes(&everything, 0, false));
        assert!(takes(&everything, 1, true));
    }

    #[test]
    fn any_takes_the_largest_size_too() {
        let any = LeafFilter {
            general: general_leaf::ANY,
            ..NONE
        };
        assert!(takes(&any, u64::MAX, false));
        assert!(!takes(&NONE, u64::MAX, false));
    }

    #[test]
    fn a_pointer_makes_a_small_object_a_scan_class() {
        let tiny = LeafFilter {
            tiny_sizes: 1 << 8,
            ..NONE
        };
        assert!(takes(&tiny, 8, true));
        assert!(!takes(&tiny, 8, false));
        assert!(!takes(&tiny, 9, true));
        let scan = LeafFilter {
            sc_scan: 1 << 1,
            size_class_limit: 80,
            ..NONE
        };
        assert!(takes(&scan, 8, false));
        assert!(!takes(&scan, 8, true));
    }

    #[test]
    fn classes_end_at_the_limit() {
        let filter = LeafFilter {
            sc_noscan: u32::MAX,
            size_class_limit: 80,
            ..NONE
        };
        assert!(takes(&filter, 80, true));
        assert!(!takes(&filter, 81, true));
        let filter = LeafFilter {
            general: general_leaf::SMALL_NOSCAN,
            ..filter
        };
        assert!(takes(&filter, 81, true));
        assert!(takes(&filter, 32_760, true));
        assert!(!takes(&filter, 32_761, true));
    }
}
