//! Where the runtime keeps its heap profile, and how its records are laid out.

use std::collections::BTreeSet;

use super::binary::GoBinary;
use super::code_references::{Reference, taken, words};
use super::runtime_data::DataSource;
use super::version::GoVersion;
use crate::addr::ElfAddr;

/// Addresses of the heap profile's variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapProfileData {
    /// `runtime.mbuckets`, a pointer to the newest bucket: go1.19
    /// src/runtime/mprof.go:155, go1.27 :165.
    pub buckets: ElfAddr,
    /// `runtime.MemProfileRate`, an `int`, bytes: go1.19 src/runtime/mprof.go:587,
    /// go1.27 :870.
    pub rate: ElfAddr,
    /// Where these were taken from.
    pub source: DataSource,
}

/// How a `memRecord` is laid out: the published cycle, then three that are not yet,
/// each of this size and beginning with the number of allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapProfileLayout {
    /// Size of a `memRecordCycle`.
    pub cycle_bytes: u16,
}

const VARIABLES: [&str; 2] = ["runtime.mbuckets", "runtime.MemProfileRate"];

/// Read `mbuckets`, or take its address to add a bucket: go1.19 src/runtime/mprof.go:316
/// and :385, go1.23 :1022. The last is there since Go 1.23, if the program can ask for
/// the profile.
const USERS_OF_BUCKETS: [&str; 3] = [
    "runtime.stkbucket",
    "runtime.mProf_FlushLocked",
    "runtime.memProfileInternal",
];
/// Reads `MemProfileRate`: go1.19 src/runtime/malloc.go:1249, go1.27 :2240.
const NEXT_SAMPLE: &str = "runtime.nextSample";
/// Write it as GODEBUG has it, the second where there is no first: go1.21
/// src/runtime/runtime1.go:482, go1.19 :394.
const PARSERS: [&str; 2] = ["runtime.parsegodebug", "runtime.parsedebugvars"];

impl HeapProfileLayout {
    /// Cycles of a `memRecord`: `active` and `future [3]memRecordCycle`, go1.19
    /// src/runtime/mprof.go:121, go1.27 :135.
    pub const CYCLES: u16 = 4;

    /// What is known of a release; `None` when it is newer or older than any that is
    /// known.
    ///
    /// `memRecordCycle` has allocs, frees and the bytes of both: go1.19
    /// src/runtime/mprof.go:134, go1.26 :148. Go 1.27 has dropped the bytes (:147):
    /// all objects of a bucket have the same size.
    #[must_use]
    pub fn of_release(version: &GoVersion) -> Option<Self> {
        if version.is_newer_than_known() || version.is_too_old() {
            return None;
        }
        let words = if version.at_least(1, 27) { 2 } else { 4 };
        Some(Self {
            cycle_bytes: 8 * words,
        })
    }

    /// Size of a `memRecord`.
    #[must_use]
    pub fn record_bytes(self) -> u16 {
        Self::CYCLES * self.cycle_bytes
    }
}

impl GoBinary {
    /// Addresses of the heap profile's variables: from the symbol table, else from the
    /// debug information, else from machine code. `None` when all three fail.
    #[must_use]
    pub fn heap_profile_data(&self) -> Option<HeapProfileData> {
        let from = |[buckets, rate]: [Option<ElfAddr>; 2], source| {
            Some(HeapProfileData {
                buckets: buckets?,
                rate: rate?,
                source,
            })
        };
        from(self.symtab_variables(VARIABLES), DataSource::Symtab)
            .or_else(|| from(self.dwarf_variables(VARIABLES).ok()?, DataSource::Dwarf))
            .or_else(|| self.heap_profile_data_in_code())
    }

    /// The same, from machine code alone.
    #[must_use]
    pub fn heap_profile_data_in_code(&self) -> Option<HeapProfileData> {
        let code = self.references_to_zeroed(&USERS_OF_BUCKETS);
        let buckets = code.agreed(&USERS_OF_BUCKETS, words_or_taken)?;
        // Newer releases give it an initial value.
        let [parser, older_parser] = PARSERS;
        let code = self.references_to_variables(&[NEXT_SAMPLE, parser, older_parser]);
        let parser = if code.has(parser) {
            parser
        } else {
            older_parser
        };
        Some(HeapProfileData {
            buckets,
            rate: code.agreed(&[NEXT_SAMPLE, parser], words)?,
            source: DataSource::Instructions,
        })
    }

    /// How the heap profile's records are laid out, where that is known.
    #[must_use]
    pub fn heap_profile_layout(&self) -> Option<HeapProfileLayout> {
        HeapProfileLayout::of_release(self.version())
    }
}

/// Words that are used, and addresses that are taken.
fn words_or_taken(references: &BTreeSet<Reference>) -> BTreeSet<ElfAddr> {
    &words(references) | &taken(references)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_lost_their_bytes_in_go_1_27() {
        let bytes = |text: &str| {
            let layout = HeapProfileLayout::of_release(&GoVersion::parse(text).unwrap());
            layout.map(HeapProfileLayout::record_bytes)
        };
        assert_eq!(bytes("go1.19"), Some(128));
        assert_eq!(bytes("go1.26.6"), Some(128));
        assert_eq!(bytes("go1.27.3"), Some(64));
        assert_eq!(bytes("go1.28"), None);
    }
}
