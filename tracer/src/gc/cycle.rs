//! One cycle: from the end of a collection to the end of the next.

use std::collections::BTreeMap;

use crate::counters::{Counters, HeapSizes};

/// Index into [`Cycles::sites`](super::Cycles::sites).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// Objects of one size that one site made in a cycle, as far as they were traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where.
    pub site: SiteId,
    /// Heap set aside for them.
    pub heap_bytes: u64,
    /// Whether they are too large for a size class.
    pub is_large: bool,
}

/// What a site allocated in a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteBytes {
    /// Where.
    pub site: SiteId,
    /// Heap set aside.
    pub bytes: f64,
}

/// What was allocated until a collection had ended, since the one before had.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// Number of the collection, as `GODEBUG=gctrace=1` prints it.
    pub number: u32,
    /// Collections that ended at the end of it: more than one where they followed each
    /// other too quickly to be told apart, none in the last cycle.
    pub collections: u32,
    /// How many of them the program called for.
    pub forced: u32,
    /// When that was noticed, since the recording began.
    pub ended_ns: u64,
    /// How much later than it happened, at most.
    pub late_ns: u64,
    /// How large the heap was in the last of the collections, where that could be read.
    pub heap: Option<HeapSizes>,
    /// Objects allocated by the runtime's counters.
    pub objects: u64,
    /// Heap set aside for them.
    pub bytes: u64,
    /// Bytes by site, most first.
    pub sites: Vec<SiteBytes>,
    /// Bytes of which no window saw any.
    pub unseen_bytes: f64,
}

/// How a cycle's counts stand for its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced {
    /// Every object was traced.
    All,
    /// Those in windows; large ones all the time.
    SmallInWindows,
    /// Those in windows.
    InWindows,
}

/// What sites allocated in a cycle, and what no window saw.
///
/// In windows the sites have the cycle's bytes in the proportions in which the windows
/// have theirs.
#[must_use]
pub fn share_out(
    counted: &[Counted],
    allocated: &Counters,
    traced: Traced,
) -> (Vec<SiteBytes>, f64) {
    let is_exact = |it: &Counted| match traced {
        Traced::All => true,
        Traced::SmallInWindows => it.is_large,
        Traced::InWindows => false,
    };
    let all = allocated.total_alloc_bytes() as f64;
    let to_share = match traced {
        Traced::All => 0.0,
        Traced::SmallInWindows => all - allocated.large_bytes as f64,
        Traced::InWindows => all,
    };
    let seen: u64 = counted
        .iter()
        .filter(|it| !is_exact(it))
        .map(|it| it.heap_bytes)
        .sum();
    let mut by_site: BTreeMap<SiteId, f64> = BTreeMap::new();
    for it in counted {
        let bytes = it.heap_bytes as f64;
        *by_site.entry(it.site).or_default() += match is_exact(it) {
            true => bytes,
            false => bytes / seen as f64 * to_share,
        };
    }
    let sites = by_site.into_iter();
    let mut sites: Vec<SiteBytes> = sites
        .map(|(site, bytes)| SiteBytes { site, bytes })
        .filter(|it| it.bytes > 0.0)
        .collect();
    sites.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then(a.site.cmp(&b.site)));
    let unseen = if seen == 0 { to_share.max(0.0) } else { 0.0 };
    (sites, unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(site: u32, heap_bytes: u64, is_large: bool) -> Counted {
        Counted {
            site: SiteId(site),
            heap_bytes,
            is_large,
        }
    }

    fn shared(counted: &[Counted], traced: Traced) -> (Vec<(u32, f64)>, f64) {
        let allocated = Counters {
            large_objects: 1,
            large_bytes: 40_000,
            tiny: 7,
            ..Counters::default()
        };
        let mut allocated = allocated;
        allocated.small[2] = 1000;
        let (sites, unseen) = share_out(counted, &allocated, traced);
        let sites = sites.iter().map(|it| (it.site.0, it.bytes)).collect();
        (sites, unseen)
    }

    #[test]
    fn windows_stand_for_the_small_objects_of_their_cycle() {
        let seen = [
            counted(0, 300, false),
            counted(1, 100, false),
            counted(1, 40_000, true),
        ];
        let (sites, unseen) = shared(&seen, Traced::SmallInWindows);
        assert_eq!(sites, [(1, 44_000.0), (0, 12_000.0)]);
        assert_eq!(unseen, 0.0);
        let (sites, unseen) = shared(&seen[2..], Traced::SmallInWindows);
        assert_eq!((sites, unseen), (vec![(1, 40_000.0)], 16_000.0));
        let (sites, unseen) = shared(&seen[..2], Traced::InWindows);
        assert_eq!((sites, unseen), (vec![(0, 42_000.0), (1, 14_000.0)], 0.0));
        assert_eq!(shared(&[], Traced::InWindows), (vec![], 56_000.0));
    }

    #[test]
    fn what_was_traced_stands_for_itself() {
        let seen = [counted(0, 300, false), counted(1, 100, true)];
        let (sites, unseen) = shared(&seen, Traced::All);
        assert_eq!((sites, unseen), (vec![(0, 300.0), (1, 100.0)], 0.0));
    }
}
