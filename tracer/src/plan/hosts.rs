//! Leaves that were inlined into their callers.
//!
//! A build with a profile (`-pgo`) may inline a leaf into `mallocgc`, and
//! `mallocgc` into its own callers. The objects of an inlined leaf are seen at
//! its host instead, by a probe that recomputes `mallocgc`'s decision from the
//! host's arguments and counts what the inlined leaf takes. A leaf that is
//! still called needs nothing, whatever lies between it and user code.

use thiserror::Error;
use tracer_ebpf::wire::{LeafFilter, ProbeSpec, gate, tiny_rule};

use super::leaves::Leaf;
use super::program::Program;

/// Functions that allocate one object of the type in AX.
///
/// Symbol names, which is what the function table holds: the bodies are in
/// package runtime and pushed to other packages by linkname (go1.24
/// src/runtime/malloc.go:1725, :1730, :1746, :1751; src/runtime/iface.go:334, :348).
const ONE_OF_TYPE: [&str; 6] = [
    "runtime.newobject",
    "reflect.unsafe_New",
    "internal/reflectlite.unsafe_New",
    "internal/runtime/maps.newobject",
    "runtime.convT",
    "runtime.convTnoptr",
];

/// Functions that allocate BX elements of the type in AX (go1.24
/// src/runtime/malloc.go:1768, :1794, :1799).
const ARRAY_OF_TYPE: [&str; 3] = [
    "runtime.newarray",
    "reflect.unsafe_NewArray",
    "internal/runtime/maps.newarray",
];

/// Functions that allocate CX elements of the type in AX (go1.24
/// src/runtime/slice.go:101, :119).
const SLICE_OF_TYPE: [&str; 2] = ["runtime.makeslice", "runtime.makeslice64"];

/// Why the objects of inlined leaves cannot be seen at their host.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostError {
    /// The host's arguments do not tell what it allocates.
    #[error("the size it allocates does not follow from its arguments alone")]
    UnknownArguments,
    /// The host allocates in more than one place, and the leaf is inlined in
    /// some of them only.
    #[error("it also calls {callee}, where the same objects may be counted")]
    AlsoCalls {
        /// The other way to allocate.
        callee: String,
    },
    /// The leaf belongs to a size class that no filter can tell.
    #[error("the objects that {leaf} takes are not known")]
    UnknownLeaf {
        /// Its name.
        leaf: String,
    },
}

/// What a probe on a host counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostProbe {
    /// The program for its arguments.
    pub program: Program,
    /// The objects of its inlined leaves.
    pub filter: LeafFilter,
    /// One of [`tiny_rule`].
    pub tiny_rule: u8,
}

impl HostProbe {
    /// The row of the probe table for it.
    #[must_use]
    pub fn spec(&self, tests_flags: bool) -> ProbeSpec {
        ProbeSpec {
            filter: self.filter,
            tests_flags: tests_flags.into(),
            tiny_rule: self.tiny_rule,
            gate: gate::WINDOW,
            ..ProbeSpec::default()
        }
    }
}

/// The program that understands a host's arguments; `None` for a function
/// whose arguments do not tell what it allocates.
#[must_use]
pub fn program_of(host: &str) -> Option<Program> {
    if host == "runtime.mallocgc" {
        Some(Program::AllocDispatch)
    } else if ONE_OF_TYPE.contains(&host) {
        Some(Program::AllocNew)
    } else if ARRAY_OF_TYPE.contains(&host) {
        Some(Program::AllocArray)
    } else if SLICE_OF_TYPE.contains(&host) {
        Some(Program::AllocSlice)
    } else {
        None
    }
}

/// Whether what is inlined in this function is counted at the function itself:
/// the leaves that count, and the slow paths they call (`mallocgcTinySlowPath`
/// calls `mallocgcSmallNoScanSC2` for an object that `mallocgcTinySC2` was asked
/// for, go1.27 src/runtime/malloc_generated.go:1785).
#[must_use]
pub fn is_counted_itself(host: &str, counted: &[Leaf]) -> bool {
    match Leaf::from_name(host) {
        Some(leaf) => counted.contains(&leaf),
        None => host.starts_with("runtime.mallocgc") && host.ends_with("SlowPath"),
    }
}

/// The probe for a host of the leaves `inlined`, of which those that count are
/// given. `size_class_limit` is the binary's
/// ([`size_class_limit`](super::leaves::size_class_limit)).
///
/// # Errors
/// Where the arguments or the filter cannot tell what the leaves take.
pub fn probe_of(
    host: &str,
    inlined: &[Leaf],
    size_class_limit: Option<u16>,
) -> Result<HostProbe, HostError> {
    let program = program_of(host).ok_or(HostError::UnknownArguments)?;
    let unknown = |leaf: Leaf| HostError::UnknownLeaf {
        leaf: leaf.to_string(),
    };
    let Some(size_class_limit) = size_class_limit else {
        let beyond = inlined
            .iter()
            .copied()
            .find(|leaf| leaf.size_class_limit().is_none());
        return Err(beyond
            .or(inlined.first().copied())
            .map_or(HostError::UnknownArguments, unknown));
    };
    let mut filter = LeafFilter {
        size_class_limit,
        ..LeafFilter::default()
    };
    for &leaf in inlined {
        if !leaf.add_to(&mut filter) {
            return Err(unknown(leaf));
        }
    }
    Ok(HostProbe {
        program,
        filter,
        tiny_rule: tiny_rule_of(inlined),
    })
}

/// The rule that holds for all of the leaves.
fn tiny_rule_of(leaves: &[Leaf]) -> u8 {
    let mut rules = leaves.iter().map(|leaf| leaf.tiny_rule());
    let first = rules.next().unwrap_or(tiny_rule::NEVER);
    if rules.all(|rule| rule == first) {
        first
    } else {
        tiny_rule::BY_TYPE
    }
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::filter::takes;
    use tracer_ebpf::wire::general_leaf;

    use super::*;

    #[test]
    fn mallocgc_with_one_leaf_of_go_1_26() {
        let probe = probe_of("runtime.mallocgc", &[Leaf::SmallNoscan], Some(0)).unwrap();
        assert_eq!(probe.program, Program::AllocDispatch);
        assert_eq!(probe.filter.general, general_leaf::SMALL_NOSCAN);
        assert_eq!(probe.tiny_rule, tiny_rule::NEVER);
        assert!(takes(&probe.filter, 64, true));
        assert!(!takes(&probe.filter, 64, false));
        assert!(!takes(&probe.filter, 8, true));
    }

    #[test]
    fn mallocgc_with_a_class_of_go_1_27() {
        let inlined = [Leaf::SmallNoscan, Leaf::NoScanClass(5)];
        let probe = probe_of("runtime.mallocgc", &inlined, Some(80)).unwrap();
        // Class 5 is 33 to 48 bytes; above 80 all noscan objects are general.
        let taken: Vec<u64> = (1..=82)
            .filter(|&size| takes(&probe.filter, size, true))
            .collect();
        let expected: Vec<u64> = (33..=48).chain(81..=82).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn tiny_objects_are_told_by_type_once_leaves_mix() {
        let rule = |leaves: &[Leaf]| {
            probe_of("runtime.mallocgc", leaves, Some(0))
                .unwrap()
                .tiny_rule
        };
        assert_eq!(rule(&[Leaf::Tiny]), tiny_rule::ALWAYS);
        assert_eq!(rule(&[Leaf::Tiny, Leaf::SmallNoscan]), tiny_rule::BY_TYPE);
        assert_eq!(rule(&[Leaf::SmallNoscan, Leaf::Large]), tiny_rule::NEVER);
        assert_eq!(rule(&[Leaf::Mallocgc]), tiny_rule::BY_TYPE);
    }

    #[test]
    fn programs_of_hosts() {
        for (host, program) in [
            ("runtime.newobject", Program::AllocNew),
            ("internal/runtime/maps.newobject", Program::AllocNew),
            ("reflect.unsafe_NewArray", Program::AllocArray),
            ("runtime.makeslice", Program::AllocSlice),
        ] {
            let probe = probe_of(host, &[Leaf::SmallScanHeader], Some(0)).unwrap();
            assert_eq!(probe.program, program, "{host}");
        }
        for host in ["runtime.growslice", "runtime.convTstring", "main.main"] {
            let error = probe_of(host, &[Leaf::SmallScanHeader], Some(0)).unwrap_err();
            assert_eq!(error, HostError::UnknownArguments, "{host}");
        }
    }

    #[test]
    fn unknown_size_classes_are_refused() {
        let error = probe_of("runtime.mallocgc", &[Leaf::ScanClass(40)], None).unwrap_err();
        let leaf = "runtime.mallocgcSmallScanNoHeaderSC40".to_owned();
        assert_eq!(error, HostError::UnknownLeaf { leaf });
    }

    #[test]
    fn leaves_and_slow_paths_count_what_is_inlined_in_them() {
        let counted = [Leaf::TinyClass, Leaf::Large];
        assert!(is_counted_itself("runtime.mallocgcTinySlowPath", &counted));
        assert!(is_counted_itself("runtime.mallocgcTinySC2", &counted));
        assert!(!is_counted_itself("runtime.mallocgc", &counted));
        assert!(!is_counted_itself("runtime.newobject", &counted));
        assert!(is_counted_itself("runtime.mallocgc", &[Leaf::Mallocgc]));
    }
}
