//! The pieces of a recording by site: garbage collections, or slices of time.

use std::collections::HashMap;
use std::time::Duration;

use tracer_ebpf::wire::CountKey;

use super::assemble::nanoseconds;
use crate::collect::{Cut, RawRecording};
use crate::counters::Counters;
use crate::estimate::{BySite, Counted, SiteId, Traced, share_by_site};
use crate::gc::{Cycle, Cycles, SiteBytes};
use crate::profile::{Profile, Sample, Timeline};
use crate::report::By;
use crate::symbolize::KeyObject;

/// What each site has of each piece.
pub(super) struct BySites<'a> {
    raw: &'a RawRecording,
    pieces: Vec<BySite>,
    names: Vec<String>,
}

impl<'a> BySites<'a> {
    /// `profile` is of that recording, `objects` what its keys are.
    pub fn of(
        profile: &Profile,
        raw: &'a RawRecording,
        objects: &HashMap<CountKey, KeyObject>,
    ) -> Self {
        let traced = match (raw.sampled, raw.large_is_exact) {
            (false, _) => Traced::All,
            (true, true) => Traced::SmallInWindows,
            (true, false) => Traced::InWindows,
        };
        let mut sites = Sites {
            profile,
            objects,
            of_key: HashMap::new(),
            ids: HashMap::new(),
            names: Vec::new(),
        };
        let piece = |cut: &Cut| {
            let counted = sites.counted(cut);
            // Without its counts nothing of it was seen.
            let traced = if cut.is_whole {
                traced
            } else {
                Traced::InWindows
            };
            let nothing = Counters::default();
            share_by_site(&counted, cut.allocated.as_ref().unwrap_or(&nothing), traced)
        };
        let pieces = raw.pieces.cuts.iter().map(piece).collect();
        Self {
            raw,
            pieces,
            names: sites.names,
        }
    }

    /// They as garbage collections, if they are.
    pub fn cycles(self) -> Option<Cycles> {
        let cuts = &self.raw.pieces.cuts;
        let pieces = cuts.iter().zip(self.pieces);
        let cycles: Option<Vec<Cycle>> = pieces.map(|(cut, piece)| cycle(cut, &piece)).collect();
        Some(Cycles {
            cycles: cycles?,
            sites: self.names,
            no_heap_sizes: self.raw.no_heap_sizes.clone(),
            without_sites: cuts.iter().filter(|cut| !cut.is_whole).count(),
        })
    }

    /// They as slices of time. `None` where it is not known what was allocated in them.
    pub fn timeline(self, interval: Duration) -> Option<Timeline> {
        let cuts = &self.raw.pieces.cuts;
        let is_known = |cut: &Cut| cut.allocated.is_some();
        let is_exact = !self.raw.sampled && cuts.iter().all(|cut| cut.is_whole);
        let by_counters = self.raw.runtime.is_some() && cuts.iter().all(is_known);
        if !is_exact && !by_counters {
            return None;
        }
        let ends = cuts.iter().map(|cut| nanoseconds(cut.at));
        let slices: Vec<_> = ends.zip(self.pieces).collect();
        Some(Timeline::new(nanoseconds(interval), &self.names, &slices))
    }
}

fn cycle(cut: &Cut, piece: &BySite) -> Option<Cycle> {
    let (ended, allocated) = (cut.ended?, cut.allocated.as_ref()?);
    let bytes = piece.sites.iter().map(|(site, amount)| SiteBytes {
        site: *site,
        bytes: amount.heap_bytes,
    });
    Some(Cycle {
        number: ended.number,
        collections: ended.collections,
        forced: ended.forced,
        ended_ns: nanoseconds(cut.at),
        late_ns: nanoseconds(ended.within),
        heap: ended.heap,
        objects: allocated.mallocs(),
        bytes: allocated.total_alloc_bytes(),
        sites: bytes.filter(|it| it.bytes > 0.0).collect(),
        unseen_bytes: piece.unseen.heap_bytes,
    })
}

/// The sites of keys, each named once.
struct Sites<'a> {
    profile: &'a Profile,
    objects: &'a HashMap<CountKey, KeyObject>,
    of_key: HashMap<CountKey, SiteId>,
    ids: HashMap<String, SiteId>,
    names: Vec<String>,
}

impl Sites<'_> {
    fn counted(&mut self, cut: &Cut) -> Vec<Counted> {
        let mut counted = Vec::new();
        for (key, count) in &cut.counts {
            // Only what was dropped for want of room is missing, and is told as lost.
            let Some(object) = self.objects.get(key).filter(|it| !it.is_call) else {
                continue;
            };
            counted.push(Counted {
                site: self.site(key, object),
                objects: *count,
                heap_bytes: object.heap_bytes.saturating_mul(*count),
                is_large: object.is_large,
            });
        }
        counted
    }

    fn site(&mut self, key: &CountKey, object: &KeyObject) -> SiteId {
        if let Some(id) = self.of_key.get(key) {
            return *id;
        }
        let sample = Sample {
            stack: object.stack.clone(),
            ..Sample::default()
        };
        let name = By::Site.key(self.profile, &sample);
        let next = SiteId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(name.clone()).or_insert(next);
        if id == next {
            self.names.push(name);
        }
        self.of_key.insert(*key, id);
        id
    }
}
