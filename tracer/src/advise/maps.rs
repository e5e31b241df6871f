//! Maps that grow as they are filled: the hint to make them with.
//!
//! Up to go1.23 a map has 2^B buckets of 8 slots and doubles them when it has more than
//! 6.5 entries a bucket (go1.23 src/runtime/map.go:71, :1183; go1.19 :71, :1085); the
//! same is in go1.24 and go1.25 with GOEXPERIMENT=noswissmap. From go1.24 on it has
//! tables of groups of 8 slots, each at most 7/8 full; a table doubles up to 1024 slots and
//! then splits in two (go1.24 src/internal/runtime/maps/table.go:20, :115, :1009; go1.27
//! :20, :116, :1208). A hint makes room for as many entries at once (go1.23
//! src/runtime/map.go:332; go1.24 src/internal/runtime/maps/map.go:255; go1.27 :283).

use std::collections::BTreeMap;

use super::growth::{Growth, Level, Start};
use super::place::Site;
use super::slices::tolerance;
use super::steps::Steps;
use super::{Advice, Evidence, Finding};
use crate::cause::Cause;
use crate::profile::{Profile, Sample};

/// Functions that fill a map which their caller can make.
const FILLING: &[&str] = &["maps."];

/// Slots of a bucket and of a group (go1.23 src/internal/abi/map.go:12; go1.27
/// src/internal/abi/map.go:18).
const UNIT_SLOTS: u64 = 8;
/// Slots of a table that splits instead of growing.
const MAX_TABLE_SLOTS: u64 = 1024;
/// Where two tables are made of a full one.
const SPLIT: &str = "internal/runtime/maps.(*table).split";
/// Where a bucket is made for entries that find no room in their own.
const OVERFLOW: &str = "runtime.(*hmap).newoverflow";

/// How a release lays out its maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    Buckets,
    Groups,
}

impl Layout {
    /// From the type of an object that belongs to a map, and the map's own.
    fn of(type_name: &str) -> Option<(Self, String)> {
        let plain = type_name.strip_prefix("[]").unwrap_or(type_name);
        let (layout, rest) = if let Some(rest) = plain.strip_prefix("map.bucket[") {
            (Self::Buckets, rest)
        } else {
            (Self::Groups, plain.strip_prefix("map.group[")?)
        };
        Some((layout, format!("map[{rest}")))
    }

    /// The largest hint that makes a table of so many slots at once.
    const fn hint(self, slots: u64) -> u64 {
        match self {
            Self::Buckets => slots / UNIT_SLOTS * 13 / 2,
            Self::Groups => slots / UNIT_SLOTS * 7,
        }
    }
}

/// Slots of a table that is so many times its unit: a power of two of it. With old maps
/// buckets for what overflows are made along, a sixteenth and what rounding leaves room for
/// (go1.23 src/runtime/map.go:359); sizes of used-up spans are rounded as well.
fn slots(units: u64) -> Option<u64> {
    UNIT_SLOTS.checked_shl(units.checked_ilog2()?)
}

/// Advice on each type of map that grows at a site.
pub(super) fn advise(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    if site.cause != Cause::MapGrowth.name() || !site.place.allocates_by(FILLING) {
        return Vec::new();
    }
    let mut by_type: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for sample in &site.samples {
        if let Some(key) = sample.labels.type_name.as_deref().and_then(Layout::of) {
            by_type.entry(key).or_default().push(sample);
        }
    }
    let types = by_type
        .keys()
        .map(|(_, name)| Some(name.as_str()))
        .collect();
    let of_type = |((layout, type_name), samples): (&(Layout, String), &Vec<&Sample>)| {
        let tables = Tables::of(evidence.profile, samples);
        let steps = Steps::of_type(site, Some(type_name), &types);
        let found = tables.find(evidence, *layout, steps.as_ref())?;
        let named = steps.and_then(|it| it.type_name);
        let type_name = named.unwrap_or(type_name).to_owned();
        Some(evidence.advice(site, samples, Some(type_name), found))
    };
    by_type.iter().filter_map(of_type).collect()
}

/// The tables of maps of one type.
#[derive(Default)]
struct Tables {
    /// Those that a map grew to, by slots.
    grown: BTreeMap<u64, Level>,
    /// Those that come of splitting, all of the same size.
    split: u64,
    /// Bytes of a bucket or a group.
    unit_bytes: u64,
}

impl Tables {
    fn of(profile: &Profile, samples: &[&Sample]) -> Self {
        let mut tables = Self::default();
        for sample in samples {
            let has = |name: &str| {
                let mut runtime = profile.frames(&sample.stack).take_while(|it| it.runtime);
                runtime.any(|frame| frame.function == name)
            };
            let Some(bytes) = sample.labels.size_bytes.filter(|_| !has(OVERFLOW)) else {
                continue;
            };
            let unit = sample.labels.element_bytes.unwrap_or(bytes);
            let slots = bytes.checked_div(unit).and_then(slots);
            let Some(slots) = slots.filter(|&it| it > 0) else {
                continue;
            };
            tables.unit_bytes = unit;
            if has(SPLIT) {
                tables.split = tables.split.saturating_add(sample.values.objects);
            } else {
                let level = tables.grown.entry(slots);
                let level = level.or_insert(Level { bytes, objects: 0 });
                level.objects = level.objects.saturating_add(sample.values.objects);
            }
        }
        tables
    }

    fn find(
        mut self,
        evidence: &Evidence<'_>,
        layout: Layout,
        steps: Option<&Steps<'_>>,
    ) -> Option<(Finding, u64)> {
        let tolerance = tolerance(evidence);
        let tables = self
            .grown
            .values()
            .fold(self.split, |sum, it| sum.saturating_add(it.objects));
        if let Some(steps) = steps {
            // The first bucket or group is no growth, but with a hint there is none.
            self.grown.entry(UNIT_SLOTS).or_insert(Level {
                bytes: self.unit_bytes,
                objects: steps.first_rooms(UNIT_SLOTS),
            });
        }
        let slots: Vec<u64> = self.grown.keys().copied().collect();
        let levels = self.grown.into_values().collect();
        let growth = match steps {
            Some(steps) => Growth::counted(levels, steps.things(tolerance)),
            None => Growth::of(levels, tolerance),
        };
        let maps = steps.map_or(growth.things, |it| it.outgrew_first(UNIT_SLOTS, tolerance));
        let hint_serves = |level: usize| slots.get(level).is_some_and(|&it| it > UNIT_SLOTS);
        let grown = growth.best_start(hint_serves);
        let (&first, &last) = (slots.first()?, slots.last()?);
        let splitting = (last == MAX_TABLE_SLOTS && layout == Layout::Groups)
            .then(|| after_splitting(&growth, self.split))
            .flatten();
        let (to_slots, start_slots, saved_bytes) = match (grown, splitting) {
            (grown, Some(split)) if grown.is_none_or(|it| it.saved_bytes < split.saved_bytes) => {
                let slots = split.tables.saturating_mul(last);
                (slots, slots, split.saved_bytes)
            }
            (Some(Start { level, saved_bytes }), _) => (last, *slots.get(level)?, saved_bytes),
            (None, _) => return None,
        };
        let finding = Finding::MapGrowth {
            maps: maps.round() as u64,
            tables,
            from_slots: first,
            to_slots,
            hint: layout.hint(start_slots),
            counted: steps.map(|it| it.counted(&evidence.intervals)),
        };
        Some((finding, saved_bytes))
    }
}

/// What beginning with several tables saves.
struct Directory {
    tables: u64,
    saved_bytes: u64,
}

/// The number of tables to begin with, a power of two, that saves most where maps split
/// their tables: each split makes two tables of one.
fn after_splitting(growth: &Growth, split: u64) -> Option<Directory> {
    let full = growth.levels.last()?;
    let maps = full.objects as f64;
    if split == 0 || maps <= 0.0 {
        return None;
    }
    let bytes = |objects: f64| objects * full.bytes as f64;
    let grown: f64 = growth
        .levels
        .iter()
        .map(|it| it.bytes as f64 * it.objects as f64)
        .sum();
    // How many a map has in the end, on average.
    let tables = 1.0 + split as f64 / 2.0 / maps;
    let mut best: Option<Directory> = None;
    for depth in 1..u64::BITS {
        let directory = 1_u64 << depth;
        let still_split = 2.0 * (tables - directory as f64).max(0.0);
        let saved = grown + bytes(split as f64) - bytes(maps * (directory as f64 + still_split));
        let saved_bytes = saved.max(0.0) as u64;
        let is_better = best.as_ref().is_none_or(|it| saved_bytes > it.saved_bytes);
        if saved_bytes > 0 && is_better {
            best = Some(Directory {
                tables: directory,
                saved_bytes,
            });
        }
        if directory as f64 >= tables {
            break;
        }
    }
    best
}
