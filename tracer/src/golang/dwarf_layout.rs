//! The runtime's field offsets, read from debug information.

use std::collections::HashMap;

use gimli::{
    DW_AT_byte_size, DW_AT_data_member_location, DW_AT_name, DW_TAG_member, DW_TAG_structure_type,
};

use super::binary::GoBinary;
use super::collector_data::CollectorLayout;
use super::counter_layout::CounterLayout;
use super::dwarf::{DwarfError, Reader};
use super::layout::{LayoutSource, RuntimeLayout};

/// The structs of a [`RuntimeLayout`].
const PROBED: [&str; 5] = [
    "runtime.g",
    "runtime.m",
    "runtime.p",
    "runtime.mcache",
    "runtime.stack",
];

/// The structs of a [`CounterLayout`].
const COUNTING: [&str; 6] = [
    "runtime.mstats",
    "runtime.consistentHeapStats",
    "runtime.heapStatsDelta",
    "runtime.p",
    "runtime.mcache",
    "runtime.mspan",
];

/// The structs of a [`CollectorLayout`].
const COLLECTING: [&str; 2] = ["runtime.workType", "runtime.gcControllerState"];

/// What the debug information says of some structs.
#[derive(Default)]
struct Structs {
    /// Offsets by struct and field.
    fields: HashMap<(&'static str, String), u16>,
    /// Sizes by struct.
    sizes: HashMap<&'static str, u16>,
}

impl Structs {
    fn offset(&self, parent: &'static str, field: &str) -> Option<u16> {
        self.fields.get(&(parent, field.to_owned())).copied()
    }
}

impl GoBinary {
    /// Offsets of the runtime's fields as the debug information has them; `None`
    /// when it lacks them. Unpacks and reads most of it, which takes a tenth of
    /// a second or more in a large program.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub fn dwarf_layout(&self) -> Result<Option<RuntimeLayout>, DwarfError> {
        Ok(runtime_layout(&self.dwarf_structs(&PROBED)?))
    }

    /// The same for the fields of the allocation counters.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub fn dwarf_counter_layout(&self) -> Result<Option<CounterLayout>, DwarfError> {
        Ok(counter_layout(&self.dwarf_structs(&COUNTING)?).filter(CounterLayout::is_consistent))
    }

    /// The same for what the garbage collector keeps of a collection.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub fn dwarf_collector_layout(&self) -> Result<Option<CollectorLayout>, DwarfError> {
        Ok(collector_layout(&self.dwarf_structs(&COLLECTING)?))
    }

    fn dwarf_structs(&self, wanted: &[&'static str]) -> Result<Structs, DwarfError> {
        let mut structs = Structs::default();
        if !self.has_dwarf() {
            return Ok(structs);
        }
        let dwarf = self.load_dwarf()?;
        let mut missing = wanted.to_vec();
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            let unit = dwarf.unit(header)?;
            collect(&dwarf, &unit, &mut missing, &mut structs)?;
            if missing.is_empty() {
                break;
            }
        }
        Ok(structs)
    }
}

/// Takes those missing structs that the unit describes.
fn collect(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &gimli::Unit<Reader>,
    missing: &mut Vec<&'static str>,
    structs: &mut Structs,
) -> Result<(), DwarfError> {
    let mut entries = unit.entries();
    // The struct being read, and how deep its entry is.
    let mut current = None;
    while let Some(entry) = entries.next_dfs()? {
        let name = || -> Result<Option<String>, gimli::Error> {
            let Some(value) = entry.attr_value(DW_AT_name) else {
                return Ok(None);
            };
            let name = dwarf.attr_string(unit, value)?;
            Ok(Some(String::from_utf8_lossy(&name).into_owned()))
        };
        let number = |attribute| {
            let value = entry.attr_value(attribute)?.udata_value()?;
            u16::try_from(value).ok()
        };
        let depth = entry.depth();
        if current.is_some_and(|(_, inside)| depth <= inside) {
            current = None;
        }
        if entry.tag() == DW_TAG_structure_type {
            let name = name()?;
            let found = missing.iter().position(|s| name.as_deref() == Some(*s));
            current = found.map(|index| (missing.swap_remove(index), depth));
            if let Some(((name, _), size)) = current.zip(number(DW_AT_byte_size)) {
                structs.sizes.insert(name, size);
            }
        } else if entry.tag() == DW_TAG_member
            && let Some((parent, _)) = current
            && let Some(name) = name()?
            && let Some(offset) = number(DW_AT_data_member_location)
        {
            structs.fields.insert((parent, name), offset);
        }
    }
    Ok(())
}

fn runtime_layout(structs: &Structs) -> Option<RuntimeLayout> {
    let at = |parent, name| structs.offset(parent, name);
    let stack = at("runtime.g", "stack")?;
    Some(RuntimeLayout {
        g_stack_lo: stack.checked_add(at("runtime.stack", "lo")?)?,
        g_stack_hi: stack.checked_add(at("runtime.stack", "hi")?)?,
        g_m: at("runtime.g", "m")?,
        g_goid: at("runtime.g", "goid")?,
        g_labels: at("runtime.g", "labels")?,
        m_g0: at("runtime.m", "g0")?,
        m_curg: at("runtime.m", "curg")?,
        m_p: at("runtime.m", "p")?,
        p_mcache: at("runtime.p", "mcache")?,
        mcache_tinyoffset: at("runtime.mcache", "tinyoffset")?,
        source: LayoutSource::Dwarf,
    })
}

fn counter_layout(structs: &Structs) -> Option<CounterLayout> {
    let at = |parent, name| structs.offset(parent, name);
    let heap_stats = at("runtime.mstats", "heapStats")?;
    let inside = |field| heap_stats.checked_add(at("runtime.consistentHeapStats", field)?);
    let delta = |field| at("runtime.heapStatsDelta", field);
    let mcache = |field| at("runtime.mcache", field);
    let mspan = |field| at("runtime.mspan", field);
    Some(CounterLayout {
        memstats_heap_stats: inside("stats")?,
        memstats_heap_stats_gen: inside("gen")?,
        memstats_numgc: at("runtime.mstats", "numgc")?,
        heap_stats_delta_bytes: *structs.sizes.get("runtime.heapStatsDelta")?,
        delta_tiny_alloc_count: delta("tinyAllocCount")?,
        delta_large_alloc: delta("largeAlloc")?,
        delta_large_alloc_count: delta("largeAllocCount")?,
        delta_small_alloc_count: delta("smallAllocCount")?,
        p_mcache: at("runtime.p", "mcache")?,
        mcache_tiny_allocs: mcache("tinyAllocs")?,
        mcache_alloc: mcache("alloc")?,
        mcache_flush_gen: mcache("flushGen")?,
        mspan_start_addr: mspan("startAddr")?,
        mspan_sweepgen: mspan("sweepgen")?,
        mspan_alloc_count: mspan("allocCount")?,
        mspan_spanclass: mspan("spanclass")?,
        mspan_alloc_count_before_cache: mspan("allocCountBeforeCache")?,
        mspan_elemsize: mspan("elemsize")?,
        mspan_nelems: mspan("nelems")?,
        source: LayoutSource::Dwarf,
    })
}

fn collector_layout(structs: &Structs) -> Option<CollectorLayout> {
    let work = |field| structs.offset("runtime.workType", field);
    Some(CollectorLayout {
        work_start_sema: work("startSema")?,
        work_cycles: work("cycles")?,
        work_sweep_term: work("tSweepTerm")?,
        work_mark_term: work("tMarkTerm")?,
        work_heap0: work("heap0")?,
        work_heap1: work("heap1")?,
        work_heap2: work("heap2")?,
        controller_last_heap_goal: structs.offset("runtime.gcControllerState", "lastHeapGoal")?,
        source: LayoutSource::Dwarf,
    })
}
