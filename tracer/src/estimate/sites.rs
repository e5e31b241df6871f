//! What sites have of a stretch of a recording, by what was counted in it.

use std::collections::BTreeMap;

use crate::counters::Counters;

/// Index into a list of names of sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// Objects of one size that one site made in the stretch, as far as they were traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where.
    pub site: SiteId,
    /// How many.
    pub objects: u64,
    /// Heap set aside for them.
    pub heap_bytes: u64,
    /// Whether they are too large for a size class.
    pub is_large: bool,
}

/// How much of something was allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Heap objects.
    pub objects: f64,
    /// Heap set aside for them.
    pub heap_bytes: f64,
}

impl Amount {
    /// Takes in as much.
    pub fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.heap_bytes += other.heap_bytes;
    }
}

/// How counts stand for what was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced {
    /// Every object was traced.
    All,
    /// Those in windows; large ones all the time.
    SmallInWindows,
    /// Those in windows.
    InWindows,
}

/// A stretch by site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BySite {
    /// What each has, most bytes first.
    pub sites: Vec<(SiteId, Amount)>,
    /// What no window saw any of.
    pub unseen: Amount,
}

impl Counted {
    fn amount(&self) -> Amount {
        Amount {
            objects: self.objects as f64,
            heap_bytes: self.heap_bytes as f64,
        }
    }
}

/// What sites allocated in a stretch of which the runtime's counters say `allocated`,
/// and what no window saw.
///
/// In windows the sites have the objects and the bytes of the stretch in the proportions
/// in which the windows have theirs.
#[must_use]
pub fn share_by_site(counted: &[Counted], allocated: &Counters, traced: Traced) -> BySite {
    let is_exact = |it: &Counted| match traced {
        Traced::All => true,
        Traced::SmallInWindows => it.is_large,
        Traced::InWindows => false,
    };
    let all = Amount {
        objects: allocated.mallocs() as f64,
        heap_bytes: allocated.total_alloc_bytes() as f64,
    };
    let to_share = match traced {
        Traced::All => Amount::default(),
        Traced::SmallInWindows => Amount {
            objects: all.objects - allocated.large_objects as f64,
            heap_bytes: all.heap_bytes - allocated.large_bytes as f64,
        },
        Traced::InWindows => all,
    };
    let mut seen = Amount::default();
    for it in counted.iter().filter(|it| !is_exact(it)) {
        seen.add(&it.amount());
    }
    // What was seen of a kind is not nothing where it is divided by.
    let scaled = |counted: u64, seen: f64, to_share: f64| match counted {
        0 => 0.0,
        counted => counted as f64 / seen * to_share,
    };
    let mut by_site: BTreeMap<SiteId, Amount> = BTreeMap::new();
    for it in counted {
        let amount = by_site.entry(it.site).or_default();
        if is_exact(it) {
            amount.add(&it.amount());
        } else {
            amount.objects += scaled(it.objects, seen.objects, to_share.objects);
            amount.heap_bytes += scaled(it.heap_bytes, seen.heap_bytes, to_share.heap_bytes);
        }
    }
    let mut sites: Vec<_> = by_site
        .into_iter()
        .filter(|(_, it)| it.objects > 0.0 || it.heap_bytes > 0.0)
        .collect();
    sites
        .sort_by(|(a, of_a), (b, of_b)| of_b.heap_bytes.total_cmp(&of_a.heap_bytes).then(a.cmp(b)));
    let unseen = |seen: f64, to_share: f64| if seen == 0.0 { to_share.max(0.0) } else { 0.0 };
    BySite {
        sites,
        unseen: Amount {
            objects: unseen(seen.objects, to_share.objects),
            heap_bytes: unseen(seen.heap_bytes, to_share.heap_bytes),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(site: u32, objects: u64, heap_bytes: u64, is_large: bool) -> Counted {
        Counted {
            site: SiteId(site),
            objects,
            heap_bytes,
            is_large,
        }
    }

    fn amount(objects: f64, heap_bytes: f64) -> Amount {
        Amount {
            objects,
            heap_bytes,
        }
    }

    fn shared(counted: &[Counted], traced: Traced) -> (Vec<(u32, Amount)>, Amount) {
        let mut allocated = Counters {
            large_objects: 1,
            large_bytes: 40_000,
            tiny: 200,
            ..Counters::default()
        };
        allocated.small[2] = 1000;
        let BySite { sites, unseen } = share_by_site(counted, &allocated, traced);
        let sites = sites.into_iter().map(|(site, it)| (site.0, it)).collect();
        (sites, unseen)
    }

    #[test]
    fn windows_stand_for_the_small_objects_of_their_stretch() {
        let seen = [
            counted(0, 30, 300, false),
            counted(1, 10, 100, false),
            counted(1, 1, 40_000, true),
        ];
        let (sites, unseen) = shared(&seen, Traced::SmallInWindows);
        let expected = [(1, amount(301.0, 44_000.0)), (0, amount(900.0, 12_000.0))];
        assert_eq!(sites, expected);
        assert_eq!(unseen, Amount::default());
        let (sites, unseen) = shared(&seen[2..], Traced::SmallInWindows);
        assert_eq!(sites, [(1, amount(1.0, 40_000.0))]);
        assert_eq!(unseen, amount(1200.0, 16_000.0));
        let (sites, unseen) = shared(&seen[..2], Traced::InWindows);
        let bytes: Vec<_> = sites.iter().map(|(_, it)| it.heap_bytes).collect();
        assert_eq!(
            (bytes, unseen),
            (vec![42_000.0, 14_000.0], Amount::default())
        );
        assert_eq!(
            shared(&[], Traced::InWindows),
            (vec![], amount(1201.0, 56_000.0))
        );
    }

    /// A tiny object in another one's block is an object of no bytes.
    #[test]
    fn objects_and_bytes_are_shared_out_each_by_itself() {
        let (sites, unseen) = shared(&[counted(3, 5, 0, false)], Traced::SmallInWindows);
        assert_eq!(sites, [(3, amount(1200.0, 0.0))]);
        assert_eq!(unseen, amount(0.0, 16_000.0));
    }

    #[test]
    fn what_was_traced_stands_for_itself() {
        let seen = [counted(0, 3, 300, false), counted(1, 1, 100, true)];
        let (sites, unseen) = shared(&seen, Traced::All);
        assert_eq!(sites, [(0, amount(3.0, 300.0)), (1, amount(1.0, 100.0))]);
        assert_eq!(unseen, Amount::default());
    }
}
