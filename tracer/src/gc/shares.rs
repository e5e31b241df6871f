//! What each site has of all collections.

use super::cycle::Cycle;
use crate::estimate::SiteId;

/// A recording by garbage collections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cycles {
    /// In their order. The last may have no collection at its end.
    pub cycles: Vec<Cycle>,
    /// Names of sites, as `goalloc report` has them.
    pub sites: Vec<String>,
    /// Why nothing is known of the heap before and after the collections, where that is
    /// so.
    pub no_heap_sizes: Option<String>,
    /// Cycles at the end of which sites were forgotten for want of room.
    pub without_sites: usize,
}

/// What one site has of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteShare {
    /// Which.
    pub site: SiteId,
    /// Heap set aside, in the cycles that were seen.
    pub bytes: f64,
    /// Percent of what all sites have.
    pub bytes_percent: f64,
    /// Collections it brought on: the sum of its shares.
    pub collections: f64,
    /// Percent of the collections that sites brought on, as far as they were seen.
    pub collections_percent: f64,
}

impl Cycle {
    /// Collections that allocation brought on.
    #[must_use]
    pub fn brought_on(&self) -> u32 {
        self.collections.saturating_sub(self.forced)
    }

    /// What part of it sites are known of: 1 when all was seen.
    #[must_use]
    pub fn seen(&self) -> f64 {
        let bytes = self.shared_bytes();
        match bytes > 0.0 {
            true => 1.0 - self.unseen_bytes / bytes,
            false => 0.0,
        }
    }

    /// Bytes that shares are shares of.
    #[must_use]
    pub fn shared_bytes(&self) -> f64 {
        let sites: f64 = self.sites.iter().map(|it| it.bytes).sum();
        sites + self.unseen_bytes
    }
}

impl Cycles {
    /// Collections that ended.
    #[must_use]
    pub fn collections(&self) -> u64 {
        self.cycles.iter().map(|it| u64::from(it.collections)).sum()
    }

    /// How many of them the program called for.
    #[must_use]
    pub fn forced(&self) -> u64 {
        self.cycles.iter().map(|it| u64::from(it.forced)).sum()
    }

    /// The longest that the end of a collection went unnoticed, at most.
    #[must_use]
    pub fn late_ns(&self) -> u64 {
        let ended = self.cycles.iter().filter(|it| it.collections > 0);
        ended.map(|it| it.late_ns).max().unwrap_or_default()
    }

    /// The name of a site.
    #[must_use]
    pub fn site(&self, site: SiteId) -> &str {
        self.sites
            .get(site.0 as usize)
            .map_or("[unknown]", String::as_str)
    }

    /// Every site, that with the most collections first.
    #[must_use]
    pub fn shares(&self) -> Vec<SiteShare> {
        let mut shares: Vec<SiteShare> = (0..self.sites.len())
            .map(|index| SiteShare {
                site: SiteId(u32::try_from(index).unwrap_or(u32::MAX)),
                bytes: 0.0,
                bytes_percent: 0.0,
                collections: 0.0,
                collections_percent: 0.0,
            })
            .collect();
        let (mut seen_bytes, mut seen) = (0.0, 0.0);
        for cycle in &self.cycles {
            let shared_bytes = cycle.shared_bytes();
            let brought_on = f64::from(cycle.brought_on());
            seen_bytes += shared_bytes - cycle.unseen_bytes;
            seen += brought_on * cycle.seen();
            for it in &cycle.sites {
                if let Some(share) = shares.get_mut(it.site.0 as usize) {
                    share.bytes += it.bytes;
                    share.collections += brought_on * it.bytes / shared_bytes;
                }
            }
        }
        let percent = |part: f64, all: f64| if all > 0.0 { part / all * 100.0 } else { 0.0 };
        for share in &mut shares {
            share.bytes_percent = percent(share.bytes, seen_bytes);
            share.collections_percent = percent(share.collections, seen);
        }
        shares.retain(|share| share.bytes > 0.0);
        shares.sort_by(|a, b| {
            let by = |value: fn(&SiteShare) -> f64| value(b).total_cmp(&value(a));
            by(|it| it.collections)
                .then(by(|it| it.bytes))
                .then_with(|| self.site(a.site).cmp(self.site(b.site)))
        });
        shares
    }

    /// Collections brought on of which sites are known.
    #[must_use]
    pub fn seen(&self) -> f64 {
        let cycles = self.cycles.iter();
        cycles
            .map(|it| f64::from(it.brought_on()) * it.seen())
            .sum()
    }

    /// Numbers of the first and the last collection.
    #[must_use]
    pub fn numbers(&self) -> Option<(u32, u32)> {
        let mut ended = self.cycles.iter().filter(|it| it.collections > 0);
        let first = ended.next()?;
        let last = ended.next_back().unwrap_or(first);
        let number = first.number.wrapping_sub(first.collections);
        Some((number.wrapping_add(1), last.number))
    }
}
