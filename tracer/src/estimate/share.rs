//! Sharing the untraced objects out, so that totals are the runtime's own.

use crate::counters::Counters;
use crate::golang::size_class;
use crate::profile::Stratum;

/// Objects whose number the runtime itself knows: those of one size class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StratumId {
    /// Tiny objects that fit a block already open.
    Tiny,
    /// Objects of one size class, by its number from 1.
    Class(u8),
    /// Objects of class 2 and tiny ones together: what the spans of tiny
    /// objects hold.
    ClassWithTiny,
    /// Objects that are too large for a class.
    Large,
    /// Calls, which the runtime does not count.
    Calls,
}

/// The size class of tiny blocks: 16 bytes.
const TINY_BLOCK_CLASS: usize = 2;

impl StratumId {
    /// Objects of this kind by the runtime's counters.
    fn objects(self, counters: &Counters) -> Option<u64> {
        match self {
            Self::Tiny => Some(counters.tiny),
            Self::Class(class) => counters.small.get(usize::from(class)).copied(),
            Self::ClassWithTiny => Some(counters.small[TINY_BLOCK_CLASS] + counters.tiny),
            Self::Large => Some(counters.large_objects),
            Self::Calls => None,
        }
    }

    /// The stratum of an object by the heap set aside for it (0 for a tiny one in
    /// a block already open).
    #[must_use]
    pub fn of_heap_bytes(heap_bytes: u64) -> Self {
        match size_class::number(heap_bytes) {
            _ if heap_bytes == 0 => Self::Tiny,
            Some(class) => Self::Class(class),
            None => Self::Large,
        }
    }

    /// The stratum of the objects of a span: twice the number of the size class,
    /// and one more for those without pointers (`spanClass`, go1.24
    /// src/runtime/mheap.go:593).
    #[must_use]
    pub fn of_span_class(span_class: u64) -> Self {
        match u8::try_from(span_class >> 1) {
            Ok(class) if usize::from(class) == TINY_BLOCK_CLASS => Self::ClassWithTiny,
            Ok(class) => Self::Class(class),
            Err(_) => Self::Large,
        }
    }

    /// Bytes of a slot of its class; 0 where there is none.
    #[must_use]
    pub fn slot_bytes(self) -> u64 {
        match self {
            Self::Class(class) => size_class::bytes(class),
            Self::ClassWithTiny => 16,
            Self::Tiny | Self::Large | Self::Calls => 0,
        }
    }

    /// Every kind whose objects the runtime counts.
    pub fn counted(with_spans: bool) -> impl Iterator<Item = Self> {
        let classes = (1..68).filter(move |class| !with_spans || *class != 2);
        let tiny = if with_spans {
            Self::ClassWithTiny
        } else {
            Self::Tiny
        };
        classes.map(Self::Class).chain([tiny, Self::Large])
    }
}

/// What was seen of one thing in one stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Which.
    pub stratum: StratumId,
    /// Objects traced.
    pub counted: u64,
    /// Untraced objects that fall to it by the windows it was seen in.
    pub drawn: f64,
}

/// The estimates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    /// For each entry its number of objects, in the same order.
    pub objects: Vec<u64>,
    /// The strata, with what was shared out in each.
    pub strata: Vec<(StratumId, Stratum)>,
    /// Strata with objects by the runtime's counters of which no window saw
    /// one, and how many.
    pub unseen: Vec<(StratumId, u64)>,
}

/// Shares the untraced objects of each stratum out among its entries by what
/// they drew. With the runtime's counters, the estimates of a stratum sum to
/// them exactly; without, what was drawn is taken for what there was.
///
/// `exact` names a stratum that was traced all the time.
#[must_use]
pub fn share_out(
    entries: &[Entry],
    runtime: Option<&Counters>,
    with_spans: bool,
    exact: Option<StratumId>,
) -> Shares {
    let mut ids: Vec<StratumId> = entries.iter().map(|entry| entry.stratum).collect();
    ids.extend(
        runtime
            .into_iter()
            .flat_map(|_| StratumId::counted(with_spans)),
    );
    ids.sort_unstable();
    ids.dedup();
    let mut shares = Shares {
        objects: entries.iter().map(|entry| entry.counted).collect(),
        ..Shares::default()
    };
    for id in ids {
        let of_stratum: Vec<usize> = (0..entries.len())
            .filter(|&index| entries[index].stratum == id)
            .collect();
        let counted: u64 = of_stratum.iter().map(|&index| entries[index].counted).sum();
        let drawn: f64 = of_stratum.iter().map(|&index| entries[index].drawn).sum();
        let known = runtime.and_then(|counters| id.objects(counters));
        let untraced = match known {
            _ if exact == Some(id) => 0.0,
            Some(objects) => objects.saturating_sub(counted) as f64,
            None => drawn,
        };
        if drawn > 0.0 {
            let weights: Vec<f64> = of_stratum
                .iter()
                .map(|&index| entries[index].drawn / drawn)
                .collect();
            let total = untraced.round().max(0.0) as u64;
            for (&index, more) in of_stratum.iter().zip(whole_shares(total, &weights)) {
                shares.objects[index] += more;
            }
        } else if untraced > 0.0 {
            shares.unseen.push((id, untraced as u64));
        }
        if !of_stratum.is_empty() {
            let stratum = Stratum {
                untraced: if drawn > 0.0 { untraced } else { 0.0 },
                known: known.is_some(),
            };
            shares.strata.push((id, stratum));
        }
    }
    shares
}

/// Splits `total` by weights that sum to one into whole numbers that sum to it:
/// each is rounded down, and what is left goes to the largest remainders.
fn whole_shares(total: u64, weights: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = weights.iter().map(|weight| weight * total as f64).collect();
    let mut whole: Vec<u64> = exact.iter().map(|share| share.floor() as u64).collect();
    let given: u64 = whole.iter().sum();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let left = usize::try_from(total.saturating_sub(given)).unwrap_or(usize::MAX);
    for &index in order.iter().cycle().take(left.min(2 * order.len())) {
        whole[index] += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(class: u8, counted: u64, drawn: f64) -> Entry {
        Entry {
            stratum: StratumId::Class(class),
            counted,
            drawn,
        }
    }

    fn counters(small: &[(usize, u64)], tiny: u64) -> Counters {
        let mut counters = Counters {
            tiny,
            ..Counters::default()
        };
        for &(class, objects) in small {
            counters.small[class] = objects;
        }
        counters
    }

    #[test]
    fn totals_are_the_runtimes_own() {
        let entries = [entry(6, 10, 30.0), entry(6, 20, 90.0), entry(7, 1, 5.0)];
        let runtime = counters(&[(6, 430), (7, 1), (9, 12)], 3);
        let shares = share_out(&entries, Some(&runtime), false, None);
        assert_eq!(shares.objects, [110, 320, 1]);
        assert_eq!(
            shares.unseen,
            [(StratumId::Tiny, 3), (StratumId::Class(9), 12)]
        );
        assert!(shares.strata.iter().all(|(_, stratum)| stratum.known));
    }

    #[test]
    fn without_counters_draws_stand_for_themselves() {
        let calls = Entry {
            stratum: StratumId::Calls,
            counted: 2,
            drawn: 7.4,
        };
        let shares = share_out(&[entry(6, 10, 30.2), calls], None, false, None);
        assert_eq!(shares.objects, [40, 9]);
        assert!(shares.unseen.is_empty());
        assert!(shares.strata.iter().all(|(_, stratum)| !stratum.known));
    }

    #[test]
    fn what_was_traced_all_the_time_stays_as_it_is() {
        let large = Entry {
            stratum: StratumId::Large,
            counted: 5,
            drawn: 0.0,
        };
        let runtime = Counters {
            large_objects: 6,
            ..Counters::default()
        };
        let shares = share_out(&[large], Some(&runtime), false, Some(StratumId::Large));
        assert_eq!(shares.objects, [5]);
        assert!(shares.unseen.is_empty());
    }

    proptest! {
        #[test]
        fn whole_shares_lose_nothing(total in 0u64..1 << 40, parts in prop::collection::vec(1u32..1000, 1..50)) {
            let sum: f64 = parts.iter().map(|&part| f64::from(part)).sum();
            let weights: Vec<f64> = parts.iter().map(|&part| f64::from(part) / sum).collect();
            let whole = whole_shares(total, &weights);
            prop_assert_eq!(whole.iter().sum::<u64>(), total);
            for (share, weight) in whole.iter().zip(&weights) {
                prop_assert!((*share as f64 - weight * total as f64).abs() <= 2.0);
            }
        }
    }
}
