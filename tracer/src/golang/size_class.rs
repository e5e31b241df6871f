//! What the runtime sets aside for an object.

use super::version::GoVersion;

/// How many size classes there are; class 0 stands for large objects.
pub const SIZE_CLASSES: usize = 68;

/// Object sizes of the size classes, the same in Go 1.19 to 1.27:
/// go1.19 src/runtime/sizeclasses.go:93, go1.26 src/internal/runtime/gc/sizeclasses.go:98.
pub const CLASS_BYTES: [u16; SIZE_CLASSES] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792,
    2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];

/// Largest object of a size class. go1.26 src/internal/runtime/gc/sizeclasses.go:86.
const MAX_CLASS_BYTES: u64 = 32768;
/// Unit of larger objects, the runtime's page. go1.26 sizeclasses.go:91 (`PageShift`).
const PAGE_BYTES: u64 = 8192;
/// In front of objects with pointers above [`MAX_HEADERLESS_BYTES`]: a word with
/// their type, since Go 1.22. go1.22 src/runtime/mbitmap_allocheaders.go:72.
const MALLOC_HEADER_BYTES: u64 = 8;
/// `minSizeForMallocHeader`, go1.22 src/runtime/mbitmap_allocheaders.go:102.
const MAX_HEADERLESS_BYTES: u64 = 512;

/// How one Go release, built with certain experiments, rounds object sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MallocRules {
    has_malloc_headers: bool,
}

impl MallocRules {
    /// The rules of a release; `experiments` as [`super::BuildInfo::experiments`]
    /// gives them.
    #[must_use]
    pub fn new(version: &GoVersion, experiments: &[String]) -> Self {
        // GOEXPERIMENT=noallocheaders exists in Go 1.22 alone.
        let declined = experiments.iter().any(|name| name == "noallocheaders");
        Self {
            has_malloc_headers: version.at_least(1, 22) && !declined,
        }
    }

    /// Size of the largest object that is of a size class, bytes.
    #[must_use]
    pub fn largest_small_bytes(&self) -> u16 {
        // With headers the largest class would have no room for one.
        let header = if self.has_malloc_headers {
            MALLOC_HEADER_BYTES
        } else {
            0
        };
        (MAX_CLASS_BYTES - header) as u16
    }

    /// How many bytes an object may grow to without taking more of the heap:
    /// `roundupsize`, by which slices grow (go1.24 src/runtime/msize.go:14).
    #[must_use]
    pub fn round_up(&self, size_bytes: u64, noscan: bool) -> u64 {
        let is_small = size_bytes <= u64::from(self.largest_small_bytes());
        let has_header =
            self.has_malloc_headers && is_small && !noscan && size_bytes > MAX_HEADERLESS_BYTES;
        let header = if has_header { MALLOC_HEADER_BYTES } else { 0 };
        self.heap_bytes(size_bytes, noscan).saturating_sub(header)
    }

    /// Bytes of heap set aside for an object of `size_bytes`, as `TotalAlloc`
    /// counts them. `noscan`: the object holds no pointers.
    ///
    /// Not for tiny objects (`noscan` and below 16 bytes, other than those of
    /// `-race` builds), several of which share 16 bytes; each alone counts here as
    /// the class it would have.
    #[must_use]
    pub fn heap_bytes(&self, size_bytes: u64, noscan: bool) -> u64 {
        let mut needed = size_bytes;
        if self.has_malloc_headers && !noscan && size_bytes > MAX_HEADERLESS_BYTES {
            needed = size_bytes.saturating_add(MALLOC_HEADER_BYTES);
        }
        if size_bytes > u64::from(self.largest_small_bytes()) {
            return size_bytes
                .checked_next_multiple_of(PAGE_BYTES)
                .unwrap_or(u64::MAX);
        }
        let class = CLASS_BYTES.partition_point(|&class| u64::from(class) < needed);
        CLASS_BYTES
            .get(class)
            .copied()
            .map_or(MAX_CLASS_BYTES, u64::from)
    }
}

/// The number of the size class whose slots have so many bytes; `None` when
/// there is no such class.
#[must_use]
pub fn number(slot_bytes: u64) -> Option<u8> {
    let slot_bytes = u16::try_from(slot_bytes).ok()?;
    let class = CLASS_BYTES.binary_search(&slot_bytes).ok()?;
    u8::try_from(class).ok()
}

/// Bytes of a slot of a size class; 0 for a number that is none.
#[must_use]
pub fn bytes(class: u8) -> u64 {
    CLASS_BYTES
        .get(usize::from(class))
        .copied()
        .map_or(0, u64::from)
}

/// [`MallocRules::heap_bytes`] for a single object.
#[must_use]
pub fn heap_bytes(
    size_bytes: u64,
    noscan: bool,
    version: &GoVersion,
    experiments: &[String],
) -> u64 {
    MallocRules::new(version, experiments).heap_bytes(size_bytes, noscan)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(version: &str, experiments: &[&str]) -> MallocRules {
        let experiments: Vec<_> = experiments.iter().map(|&name| name.to_owned()).collect();
        MallocRules::new(&GoVersion::parse(version).expect("valid"), &experiments)
    }

    #[test]
    fn classes_and_pages() {
        let old = rules("go1.21.13", &[]);
        assert_eq!(old.heap_bytes(0, true), 0);
        assert_eq!(old.heap_bytes(1, false), 8);
        assert_eq!(old.heap_bytes(33, true), 48);
        assert_eq!(old.heap_bytes(1024, false), 1024);
        assert_eq!(old.heap_bytes(32768, true), 32768);
        assert_eq!(old.heap_bytes(32769, true), 40960);
        assert_eq!(old.heap_bytes(65536, false), 65536);
    }

    #[test]
    fn room_to_grow_is_without_the_header() {
        let new = rules("go1.24.11", &[]);
        assert_eq!(new.round_up(848 * 8, true), 6784);
        assert_eq!(new.round_up(513, false), 568);
        assert_eq!(new.round_up(512, false), 512);
        assert_eq!(new.round_up(40_000, false), 40_960);
        assert_eq!(rules("go1.21.13", &[]).round_up(513, false), 576);
    }

    #[test]
    fn headers_since_1_22() {
        let new = rules("go1.22.10", &[]);
        assert_eq!(new.heap_bytes(512, false), 512);
        assert_eq!(new.heap_bytes(513, false), 576);
        assert_eq!(new.heap_bytes(1024, false), 1152);
        assert_eq!(new.heap_bytes(1024, true), 1024);
        assert_eq!(new.heap_bytes(32760, false), 32768);
        assert_eq!(new.heap_bytes(32761, true), 32768);
        assert_eq!(new.heap_bytes(32769, true), 40960);
        let declined = rules("go1.22.10", &["noallocheaders"]);
        assert_eq!(declined, rules("go1.21", &[]));
    }

    #[test]
    fn no_overflow() {
        assert_eq!(rules("go1.26", &[]).heap_bytes(u64::MAX, false), u64::MAX);
    }

    proptest! {
        #[test]
        fn enough_and_not_much_more(size in 1u64..1 << 40, noscan: bool, new: bool) {
            let rules = rules(if new { "go1.27" } else { "go1.19" }, &[]);
            let heap = rules.heap_bytes(size, noscan);
            prop_assert!(heap >= size);
            // The table's own claim: at most 12.5 % beyond 1 KiB, but for headers and pages.
            prop_assert!(heap <= size + size / 6 + 8192);
        }
    }
}
