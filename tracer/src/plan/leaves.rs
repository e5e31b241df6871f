//! The functions that allocate: each heap object passes exactly one of them.
//!
//! They are told by their names in the binary, never by its Go version: what
//! exists depends on the release, on GOEXPERIMENT, on the race detector and on
//! what the linker found reachable.

use std::fmt;

use tracer_ebpf::{
    filter::{MAX_CLASSED_BYTES, small_size_class},
    wire::{LeafFilter, general_leaf, tiny_rule},
};

/// Package prefix of every leaf.
const RUNTIME_MALLOCGC: &str = "runtime.mallocgc";

/// Largest `n` of a `SC<n>` function that has been seen (go1.26
/// src/runtime/malloc_generated.go with GOEXPERIMENT=sizespecializedmalloc).
const MAX_SIZE_CLASS: u8 = small_size_class(MAX_CLASSED_BYTES) as u8;

/// Largest `n` of `mallocgcTinySize<n>` (likewise).
const MAX_TINY_SIZE: u8 = 15;

/// Bits of [`LeafFilter::tiny_sizes`] for all sizes from 1 to 15.
const ALL_TINY_SIZES: u32 = 0xfffe;

/// A function that allocates every object it is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leaf {
    /// `mallocgc`: a leaf only where no other exists, up to Go 1.23.
    Mallocgc,
    /// `mallocgcTiny`: noscan, under 16 bytes.
    Tiny,
    /// `mallocgcTinySC2`: the same from Go 1.27 on.
    TinyClass,
    /// `mallocgcTinySize<n>`: noscan of `n` bytes (Go 1.26's experiment).
    TinySize(u8),
    /// `mallocgcSmallNoscan`: noscan, up to 32,760 bytes.
    SmallNoscan,
    /// `mallocgcSmallScanNoHeader`: with pointers, up to 512 bytes.
    SmallScanNoHeader,
    /// `mallocgcSmallScanHeader`: with pointers, up to 32,760 bytes.
    SmallScanHeader,
    /// `mallocgcLarge`: all above.
    Large,
    /// `mallocgcSmallNoScanSC<n>`: noscan of size class `n`.
    NoScanClass(u8),
    /// `mallocgcSmallScanNoHeaderSC<n>`: with pointers, of size class `n`.
    ScanClass(u8),
}

impl Leaf {
    /// The leaf of this name, if it is one. The slow paths of Go 1.27 are not:
    /// their callers are.
    #[must_use]
    pub fn from_name(function: &str) -> Option<Self> {
        let rest = function.strip_prefix(RUNTIME_MALLOCGC)?;
        Some(match rest {
            "" => Self::Mallocgc,
            "Tiny" => Self::Tiny,
            "SmallNoscan" => Self::SmallNoscan,
            "SmallScanNoHeader" => Self::SmallScanNoHeader,
            "SmallScanHeader" => Self::SmallScanHeader,
            "Large" => Self::Large,
            _ => Self::from_numbered(rest)?,
        })
    }

    fn from_numbered(rest: &str) -> Option<Self> {
        let number = |prefix: &str| {
            let digits = rest.strip_prefix(prefix)?;
            let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if all_digits {
                digits.parse::<u8>().ok()
            } else {
                None
            }
        };
        number("TinySC")
            .map(|_| Self::TinyClass)
            .or_else(|| number("TinySize").map(Self::TinySize))
            .or_else(|| number("SmallNoScanSC").map(Self::NoScanClass))
            .or_else(|| number("SmallScanNoHeaderSC").map(Self::ScanClass))
    }

    /// Every name a leaf has had in any release: what to look for in inline
    /// trees, because an inlined leaf may have no function of its own left.
    #[must_use]
    pub fn known_names() -> Vec<String> {
        let plain = [
            Self::Mallocgc,
            Self::Tiny,
            Self::TinyClass,
            Self::SmallNoscan,
            Self::SmallScanNoHeader,
            Self::SmallScanHeader,
            Self::Large,
        ];
        let sizes = (1..=MAX_TINY_SIZE).map(Self::TinySize);
        let classes = (1..=MAX_SIZE_CLASS).flat_map(|n| [Self::NoScanClass(n), Self::ScanClass(n)]);
        plain
            .into_iter()
            .chain(sizes)
            .chain(classes)
            .map(|leaf| leaf.to_string())
            .collect()
    }

    /// How a probe on it tells tiny objects; one of [`tiny_rule`].
    #[must_use]
    pub fn tiny_rule(self) -> u8 {
        match self {
            Self::Mallocgc => tiny_rule::BY_TYPE,
            Self::Tiny | Self::TinyClass | Self::TinySize(_) => tiny_rule::ALWAYS,
            Self::SmallNoscan
            | Self::SmallScanNoHeader
            | Self::SmallScanHeader
            | Self::Large
            | Self::NoScanClass(_)
            | Self::ScanClass(_) => tiny_rule::NEVER,
        }
    }

    /// Largest size with a function of its own size class if this leaf exists,
    /// or 0; `None` for a size class beyond those that a filter can tell.
    #[must_use]
    pub fn size_class_limit(self) -> Option<u16> {
        match self {
            Self::NoScanClass(class) | Self::ScanClass(class) => {
                let limit = (1..=MAX_CLASSED_BYTES)
                    .rev()
                    .find(|&size| small_size_class(size) == u32::from(class));
                limit.and_then(|bytes| u16::try_from(bytes).ok())
            }
            _ => Some(0),
        }
    }

    /// Adds the objects it takes to a filter. `false` if the filter cannot
    /// express them.
    #[must_use]
    pub fn add_to(self, filter: &mut LeafFilter) -> bool {
        match self {
            Self::Mallocgc => filter.general |= general_leaf::ANY,
            Self::Tiny | Self::TinyClass => filter.tiny_sizes |= ALL_TINY_SIZES,
            Self::TinySize(size) if (1..=MAX_TINY_SIZE).contains(&size) => {
                filter.tiny_sizes |= 1 << size;
            }
            Self::SmallNoscan => filter.general |= general_leaf::SMALL_NOSCAN,
            Self::SmallScanNoHeader => filter.general |= general_leaf::SMALL_SCAN_NO_HEADER,
            Self::SmallScanHeader => filter.general |= general_leaf::SMALL_SCAN_HEADER,
            Self::Large => filter.general |= general_leaf::LARGE,
            Self::NoScanClass(class) if (1..=MAX_SIZE_CLASS).contains(&class) => {
                filter.sc_noscan |= 1 << class;
            }
            Self::ScanClass(class) if (1..=MAX_SIZE_CLASS).contains(&class) => {
                filter.sc_scan |= 1 << class;
            }
            Self::TinySize(_) | Self::NoScanClass(_) | Self::ScanClass(_) => return false,
        }
        true
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RUNTIME_MALLOCGC)?;
        match self {
            Self::Mallocgc => Ok(()),
            Self::Tiny => f.write_str("Tiny"),
            Self::TinyClass => f.write_str("TinySC2"),
            Self::TinySize(size) => write!(f, "TinySize{size}"),
            Self::SmallNoscan => f.write_str("SmallNoscan"),
            Self::SmallScanNoHeader => f.write_str("SmallScanNoHeader"),
            Self::SmallScanHeader => f.write_str("SmallScanHeader"),
            Self::Large => f.write_str("Large"),
            Self::NoScanClass(class) => write!(f, "SmallNoScanSC{class}"),
            Self::ScanClass(class) => write!(f, "SmallScanNoHeaderSC{class}"),
        }
    }
}

/// The limit of the size-specialised functions of a binary that has these
/// leaves (80 bytes in Go 1.27, 512 in Go 1.26's experiment, 0 without them).
/// `None` if one is beyond what a filter can tell.
///
/// The tables of `mallocgc` refer to all of them, so all exist or none.
#[must_use]
pub fn size_class_limit(leaves: impl IntoIterator<Item = Leaf>) -> Option<u16> {
    leaves
        .into_iter()
        .try_fold(0, |limit, leaf| Some(leaf.size_class_limit()?.max(limit)))
}

/// The leaves to count at, of those a binary mentions: `mallocgc` is one only
/// where it does all the work itself.
#[must_use]
pub fn counted(mentioned: &[Leaf]) -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = mentioned
        .iter()
        .copied()
        .filter(|&leaf| leaf != Leaf::Mallocgc)
        .collect();
    if leaves.is_empty() {
        leaves.extend(mentioned.iter().copied());
    }
    leaves.sort_unstable();
    leaves.dedup();
    leaves
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::filter::takes;

    use super::*;

    #[test]
    fn names_of_leaves() {
        for (name, leaf) in [
            ("runtime.mallocgc", Leaf::Mallocgc),
            ("runtime.mallocgcTiny", Leaf::Tiny),
            ("runtime.mallocgcTinySC2", Leaf::TinyClass),
            ("runtime.mallocgcTinySize15", Leaf::TinySize(15)),
            ("runtime.mallocgcSmallNoscan", Leaf::SmallNoscan),
            ("runtime.mallocgcSmallNoScanSC26", Leaf::NoScanClass(26)),
            ("runtime.mallocgcSmallScanNoHeader", Leaf::SmallScanNoHeader),
            ("runtime.mallocgcSmallScanNoHeaderSC1", Leaf::ScanClass(1)),
            ("runtime.mallocgcSmallScanHeader", Leaf::SmallScanHeader),
            ("runtime.mallocgcLarge", Leaf::Large),
        ] {
            assert_eq!(Leaf::from_name(name), Some(leaf), "{name}");
        }
        for name in [
            "runtime.mallocgcTinySlowPath",
            "runtime.mallocgcSmallScanSlowPath",
            "runtime.mallocgcSmallNoScanSlowPath",
            "runtime.mallocgcSmallNoscanReuse",
            "runtime.mallocgcSmallNoScanSC",
            "runtime.mallocgcSmallNoScanSC+5",
            "runtime.mallocgcSmallNoScanSC999",
            "runtime.mallocgc.abi0",
            "main.mallocgc",
            "runtime.postMallocgcDebug",
            "",
        ] {
            assert_eq!(Leaf::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_known_name_is_a_leaf() {
        let names = Leaf::known_names();
        assert_eq!(names.len(), 7 + 15 + 2 * 26);
        for name in &names {
            assert_eq!(Leaf::from_name(name).unwrap().to_string(), *name);
        }
    }

    #[test]
    fn mallocgc_counts_only_alone() {
        assert_eq!(counted(&[Leaf::Mallocgc]), [Leaf::Mallocgc]);
        assert_eq!(
            counted(&[Leaf::Large, Leaf::Mallocgc, Leaf::Tiny]),
            [Leaf::Tiny, Leaf::Large]
        );
        assert_eq!(counted(&[]), []);
    }

    #[test]
    fn limits() {
        assert_eq!(size_class_limit([Leaf::Tiny, Leaf::Large]), Some(0));
        assert_eq!(
            size_class_limit([Leaf::ScanClass(1), Leaf::NoScanClass(7)]),
            Some(80)
        );
        assert_eq!(size_class_limit([Leaf::ScanClass(26)]), Some(512));
        assert_eq!(size_class_limit([Leaf::ScanClass(27)]), None);
    }

    #[test]
    fn a_class_without_a_bit_is_said() {
        let mut filter = LeafFilter::default();
        for leaf in [
            Leaf::ScanClass(27),
            Leaf::NoScanClass(0),
            Leaf::TinySize(16),
        ] {
            assert!(!leaf.add_to(&mut filter));
        }
        assert_eq!(filter, LeafFilter::default());
    }

    /// `class_to_size` (go1.24 src/runtime/sizeclasses.go:95), up to 512.
    const CLASS_TO_SIZE: [u64; 27] = [
        0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288,
        320, 352, 384, 416, 448, 480, 512,
    ];

    fn class(size: u64) -> u8 {
        CLASS_TO_SIZE
            .iter()
            .position(|&limit| size <= limit)
            .unwrap() as u8
    }

    /// What `mallocgc` of each release calls for an object, written down from
    /// its source and apart from the code under test.
    fn dispatch(release: Release, size: u64, noscan: bool) -> Leaf {
        match release {
            Release::Go124 => {}
            // go1.27 src/runtime/malloc.go:1079
            Release::Go127 if size < 81 => {
                return match (noscan, size >= 16) {
                    (true, true) => Leaf::NoScanClass(class(size)),
                    (true, false) => Leaf::TinyClass,
                    (false, _) => Leaf::ScanClass(class(size)),
                };
            }
            // go1.26 src/runtime/malloc.go:1080 and malloc_tables_generated.go
            Release::Go126Experiment if size <= 512 => {
                return match (noscan, size < 16) {
                    (true, true) => Leaf::TinySize(size as u8),
                    (true, false) => Leaf::NoScanClass(class(size)),
                    (false, _) => Leaf::ScanClass(class(size)),
                };
            }
            Release::Go127 | Release::Go126Experiment => {}
        }
        // go1.24 src/runtime/malloc.go:1050
        if size <= 32768 - 8 {
            match (noscan, size) {
                (true, ..16) => Leaf::Tiny,
                (true, _) => Leaf::SmallNoscan,
                (false, ..=512) => Leaf::SmallScanNoHeader,
                (false, _) => Leaf::SmallScanHeader,
            }
        } else {
            Leaf::Large
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Release {
        /// Also 1.25, 1.26 and 1.27 with -race.
        Go124,
        Go127,
        Go126Experiment,
    }

    fn leaves_of(release: Release) -> Vec<Leaf> {
        let general = [
            Leaf::SmallNoscan,
            Leaf::SmallScanNoHeader,
            Leaf::SmallScanHeader,
            Leaf::Large,
        ];
        let classes = |last| {
            (1..=last)
                .map(Leaf::ScanClass)
                .chain((2..=last).map(Leaf::NoScanClass))
        };
        match release {
            Release::Go124 => general.into_iter().chain([Leaf::Tiny]).collect(),
            Release::Go127 => general
                .into_iter()
                .chain([Leaf::TinyClass])
                .chain(classes(7))
                .collect(),
            Release::Go126Experiment => general
                .into_iter()
                .chain((1..=15).map(Leaf::TinySize))
                .chain(classes(26))
                .collect(),
        }
    }

    #[test]
    fn leaf_counts_of_releases() {
        assert_eq!(leaves_of(Release::Go124).len(), 5);
        assert_eq!(leaves_of(Release::Go127).len(), 18);
    }

    /// A filter made of any one leaf takes exactly the objects that `mallocgc`
    /// sends there, at every size.
    #[test]
    fn filters_agree_with_the_dispatch_of_every_release() {
        for release in [Release::Go124, Release::Go127, Release::Go126Experiment] {
            let leaves = leaves_of(release);
            let limit = size_class_limit(leaves.iter().copied()).unwrap();
            let filters: Vec<(Leaf, LeafFilter)> = leaves
                .iter()
                .map(|&leaf| {
                    let mut filter = LeafFilter {
                        size_class_limit: limit,
                        ..Default::default()
                    };
                    assert!(leaf.add_to(&mut filter));
                    (leaf, filter)
                })
                .collect();
            for size in 1..=40_000 {
                for noscan in [false, true] {
                    let taken: Vec<Leaf> = filters
                        .iter()
                        .filter(|(_, filter)| takes(filter, size, noscan))
                        .map(|&(leaf, _)| leaf)
                        .collect();
                    let expected = dispatch(release, size, noscan);
                    assert_eq!(taken, [expected], "{release:?} size {size} noscan {noscan}");
                }
            }
        }
    }
}
