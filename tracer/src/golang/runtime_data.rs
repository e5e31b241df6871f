//! Where the runtime's variables are.
//!
//! Those read here have no initial value, so they lie behind the file's bytes,
//! in the zeroed part of a writable segment. In a stripped file their addresses
//! are found in the machine code of functions that use them: the addresses they
//! take, and the sizes they read with.

use std::collections::BTreeSet;

use super::binary::GoBinary;
use super::code_references::{Reference, slices, taken};
use crate::addr::ElfAddr;

/// Addresses of `runtime.memstats`, `allp` and `emptymspan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeData {
    /// `runtime.memstats`, go1.19 src/runtime/mstats.go:112.
    pub memstats: ElfAddr,
    /// `runtime.allp`, a slice of pointers to every `p` in use: go1.19
    /// src/runtime/runtime2.go:1118.
    pub allp: ElfAddr,
    /// `runtime.emptymspan`, which stands for no span in `mcache.alloc`: go1.19
    /// src/runtime/mcache.go:82.
    pub emptymspan: ElfAddr,
    /// Where these were taken from.
    pub source: DataSource,
}

/// Where [`RuntimeData`] was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// The symbol table.
    Symtab,
    /// The debug information.
    Dwarf,
    /// The operands of instructions.
    Instructions,
}

const VARIABLES: [&str; 3] = ["runtime.memstats", "runtime.allp", "runtime.emptymspan"];

const ALLOCMCACHE: &str = "runtime.allocmcache";
const REFILL: &str = "runtime.(*mcache).refill";
const RELEASE_ALL: &str = "runtime.(*mcache).releaseAll";
const ALLOC_LARGE: &str = "runtime.(*mcache).allocLarge";
const GC_MARK_TERMINATION: &str = "runtime.gcMarkTermination";
const RETAKE: &str = "runtime.retake";
const CHECKDEAD: &str = "runtime.checkdead";
const PROCRESIZE: &str = "runtime.procresize";
const STOP_THE_WORLD: &str = "runtime.stopTheWorldWithSema";

/// Take the address of `emptymspan` to compare with, or to fill `mcache.alloc`
/// with: go1.19 src/runtime/mcache.go:93, :153 and :265.
const USERS_OF_EMPTYMSPAN: [&str; 3] = [ALLOCMCACHE, REFILL, RELEASE_ALL];
/// Take the address of `memstats.heapStats` to call `acquire`: go1.19
/// src/runtime/mcache.go:163, :237 and :270.
const USERS_OF_HEAP_STATS: [&str; 3] = [REFILL, RELEASE_ALL, ALLOC_LARGE];
/// Read pointer and length of `allp`: go1.19 src/runtime/proc.go:1211, :4820,
/// :5087 and :5297.
const USERS_OF_ALLP: [&str; 4] = [RETAKE, CHECKDEAD, PROCRESIZE, STOP_THE_WORLD];

impl GoBinary {
    /// Addresses of the runtime's variables in which it counts allocations: from
    /// the symbol table, else from the debug information, else from machine
    /// code. `None` when all three fail.
    #[must_use]
    pub fn runtime_data(&self) -> Option<RuntimeData> {
        let from = |found: [Option<ElfAddr>; 3], source| {
            let [memstats, allp, emptymspan] = found;
            Some(RuntimeData {
                memstats: memstats?,
                allp: allp?,
                emptymspan: emptymspan?,
                source,
            })
        };
        from(self.symtab_variables(VARIABLES), DataSource::Symtab)
            .or_else(|| from(self.dwarf_variables(VARIABLES).ok()?, DataSource::Dwarf))
            .or_else(|| self.runtime_data_in_code())
    }

    /// The same, from machine code alone.
    #[must_use]
    pub fn runtime_data_in_code(&self) -> Option<RuntimeData> {
        let names: BTreeSet<&str> = [
            &USERS_OF_EMPTYMSPAN[..],
            &USERS_OF_HEAP_STATS,
            &USERS_OF_ALLP,
            &[GC_MARK_TERMINATION],
        ]
        .concat()
        .into_iter()
        .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let code = self.references_to_zeroed(&names);
        let layout = self.counter_layout()?;

        let emptymspan = code.agreed(&USERS_OF_EMPTYMSPAN, taken)?;
        let counts_cycles = |heap_stats: &ElfAddr| {
            let memstats = heap_stats.0.wrapping_sub(layout.memstats_heap_stats.into());
            let numgc = ElfAddr(memstats.wrapping_add(layout.memstats_numgc.into()));
            code.of(GC_MARK_TERMINATION)
                .contains(&Reference::accessed(numgc, 4))
        };
        let heap_stats = code.agreed(&USERS_OF_HEAP_STATS, |references| {
            let mut taken = taken(references);
            taken.retain(counts_cycles);
            taken
        })?;
        let allp = code.agreed(&USERS_OF_ALLP, slices)?;
        let memstats = heap_stats
            .0
            .checked_sub(layout.memstats_heap_stats.into())?;
        Some(RuntimeData {
            memstats: ElfAddr(memstats),
            allp,
            emptymspan,
            source: DataSource::Instructions,
        })
    }
}
