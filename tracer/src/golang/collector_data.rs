//! Where the garbage collector keeps what it did, and how that is laid out.

use std::collections::BTreeSet;

use super::binary::GoBinary;
use super::code_references::{Code, Reference, taken, the_one, words};
use super::layout::LayoutSource;
use super::runtime_data::DataSource;
use super::version::GoVersion;
use crate::addr::ElfAddr;

/// Addresses of the garbage collector's variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectorData {
    /// `runtime.work`, a `workType`: go1.19 src/runtime/mgc.go:282, go1.27 :325.
    pub work: ElfAddr,
    /// `runtime.gcController`, a `gcControllerState`: go1.19
    /// src/runtime/mgcpacer.go:96, go1.27 :90.
    pub controller: ElfAddr,
    /// Where these were taken from.
    pub source: DataSource,
}

/// Offsets in bytes within `workType` and `gcControllerState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectorLayout {
    /// `startSema`, a `uint32`: 0 while a collection is being started.
    pub work_start_sema: u16,
    /// `cycles`, a `uint32`: collections started.
    pub work_cycles: u16,
    /// `tSweepTerm`, nanoseconds: when the last collection started.
    pub work_sweep_term: u16,
    /// `tMarkTerm`, nanoseconds: when the last one that got so far had marked all.
    pub work_mark_term: u16,
    /// `heap0`, bytes: the heap as the collection started.
    pub work_heap0: u16,
    /// `heap1`, bytes: the heap as it had marked all.
    pub work_heap1: u16,
    /// `heap2`, bytes: how much it had marked.
    pub work_heap2: u16,
    /// `lastHeapGoal`, bytes: the heap it was to end at.
    pub controller_last_heap_goal: u16,
    /// Where these were taken from.
    pub source: LayoutSource,
}

const VARIABLES: [&str; 2] = ["runtime.work", "runtime.gcController"];

const GC_START: &str = "runtime.gcStart";
const GC_MARK_TERMINATION: &str = "runtime.gcMarkTermination";
const END_CYCLE: &str = "runtime.(*gcControllerState).endCycle";

impl CollectorLayout {
    /// What is known of a release, built with its default experiments; `None` when
    /// it is newer or older than any that is known.
    ///
    /// Taken from the debug information of programs built by each release; a test
    /// compares the two. Go 1.20: by the machine code of `gcStart`,
    /// `gcMarkTermination`, `endCycle` and `putfull` of a program built by it. Sources:
    /// `type workType` (go1.19 src/runtime/mgc.go:284, go1.27 :327), `type
    /// gcControllerState` (go1.19 src/runtime/mgcpacer.go:98, go1.27 :92).
    #[must_use]
    pub fn of_release(version: &GoVersion) -> Option<Self> {
        if version.is_newer_than_known() || version.is_too_old() {
            return None;
        }
        let (start_sema, cycles) = match version.minor {
            ..=19 => (0xf8, 0x158),
            20 => (0xf8, 0x150),
            21 | 22 => (0x138, 0x190),
            23 | 24 => (0x138, 0x1a8),
            25 => (0x178, 0x200),
            26.. => (0x200, 0x288),
        };
        // pauseStart lies before it up to Go 1.21.
        let heap0 = if version.at_least(1, 22) { 0x38 } else { 0x40 } + cycles;
        Some(Self {
            work_start_sema: start_sema,
            work_cycles: cycles,
            work_sweep_term: cycles + 0x10,
            work_mark_term: cycles + 0x20,
            work_heap0: heap0,
            work_heap1: heap0 + 8,
            work_heap2: heap0 + 16,
            controller_last_heap_goal: match version.minor {
                ..=19 => 0x80,
                20 => 0x48,
                21.. => 0x60,
            },
            source: LayoutSource::Release,
        })
    }
}

impl GoBinary {
    /// Offsets of the garbage collector's fields, chosen as those of the counters.
    #[must_use]
    pub fn collector_layout(&self) -> Option<CollectorLayout> {
        let known = CollectorLayout::of_release(self.version());
        if known.is_some() && self.build_info().experiments().is_empty() {
            return known;
        }
        self.dwarf_collector_layout().ok().flatten().or(known)
    }

    /// Addresses of the garbage collector's variables: from the symbol table, else
    /// from the debug information, else from machine code. `None` when all three fail.
    #[must_use]
    pub fn collector_data(&self) -> Option<CollectorData> {
        let from = |found: [Option<ElfAddr>; 2], source| {
            let [work, controller] = found;
            Some(CollectorData {
                work: work?,
                controller: controller?,
                source,
            })
        };
        from(self.symtab_variables(VARIABLES), DataSource::Symtab)
            .or_else(|| from(self.dwarf_variables(VARIABLES).ok()?, DataSource::Dwarf))
            .or_else(|| self.collector_data_in_code())
    }

    /// The same, from machine code alone.
    #[must_use]
    pub fn collector_data_in_code(&self) -> Option<CollectorData> {
        let layout = self.collector_layout()?;
        let code = self.references_to_zeroed(&[GC_START, GC_MARK_TERMINATION, END_CYCLE]);
        Some(CollectorData {
            work: the_one(works(&code, &layout))?,
            controller: the_one(controllers(&code, &layout))?,
            source: DataSource::Instructions,
        })
    }
}

/// What may be `work`: `gcStart` takes the address of `startSema`, writes `heap0` and
/// adds to `cycles` (go1.19 src/runtime/mgc.go:608, :655 and :675, go1.27 :772, :827 and
/// :859), `gcMarkTermination` prints the three sizes (go1.19 :1122, go1.27 :1625).
fn works(code: &Code<'_>, layout: &CollectorLayout) -> [BTreeSet<ElfAddr>; 2] {
    let start = code.of(GC_START);
    let termination = code.of(GC_MARK_TERMINATION);
    let field = |work: ElfAddr, offset: u16| ElfAddr(work.0.wrapping_add(offset.into()));
    [
        structs_by_field(start, layout.work_heap0, |work| {
            let fields = [layout.work_start_sema, layout.work_cycles];
            let mut fields = fields.map(|offset| field(work, offset)).into_iter();
            fields.all(|at| start.iter().any(|reference| reference.at == at))
        }),
        structs_by_field(termination, layout.work_heap0, |work| {
            let sizes = [layout.work_heap1, layout.work_heap2];
            let sizes = sizes.map(|offset| Reference::accessed(field(work, offset), 8));
            sizes.iter().all(|size| termination.contains(size))
        }),
    ]
}

/// What may be `gcController`: `gcStart` takes its address to call `startCycle` (go1.19
/// src/runtime/mgc.go:679, go1.27 :863), `endCycle` writes `lastHeapGoal` (go1.19
/// src/runtime/mgcpacer.go:666, go1.27 :601), `gcMarkTermination` prints it (go1.19
/// src/runtime/mgc.go:1123, go1.27 :1626).
fn controllers(code: &Code<'_>, layout: &CollectorLayout) -> [BTreeSet<ElfAddr>; 3] {
    let by_goal = |function| {
        let references = code.of(function);
        structs_by_field(references, layout.controller_last_heap_goal, |_| true)
    };
    [
        taken(code.of(GC_START)),
        by_goal(END_CYCLE),
        by_goal(GC_MARK_TERMINATION),
    ]
}

/// Structs that have a word at this offset which is read or written, if they are what
/// is wanted.
fn structs_by_field(
    references: &BTreeSet<Reference>,
    offset: u16,
    is_wanted: impl Fn(ElfAddr) -> bool,
) -> BTreeSet<ElfAddr> {
    words(references)
        .into_iter()
        .filter_map(|at| at.0.checked_sub(offset.into()).map(ElfAddr))
        .filter(|&at| is_wanted(at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_release_has_its_fields_in_their_order() {
        for minor in GoVersion::OLDEST.1..=GoVersion::NEWEST.1 {
            let version = GoVersion::parse(&format!("go1.{minor}")).unwrap();
            let layout = CollectorLayout::of_release(&version).unwrap();
            let fields = [
                layout.work_start_sema,
                layout.work_cycles,
                layout.work_sweep_term,
                layout.work_mark_term,
                layout.work_heap0,
                layout.work_heap1,
                layout.work_heap2,
            ];
            assert!(fields.is_sorted(), "{layout:#x?}");
        }
        let newer = GoVersion::parse("go1.28").unwrap();
        assert_eq!(CollectorLayout::of_release(&newer), None);
    }
}
