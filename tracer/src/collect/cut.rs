//! A piece of a recording: what was counted from one cut to the next.

use std::collections::HashMap;
use std::time::Duration;

use tracer_ebpf::wire::CountKey;

use crate::counters::{Counters, HeapSizes};

/// A recording in pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pieces {
    /// In their order.
    pub cuts: Vec<Cut>,
    /// How long each is, where they are cut by time.
    pub interval: Option<Duration>,
}

/// What was counted until the recording was cut, since it was cut before.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// When, since the recording began.
    pub at: Duration,
    /// What the runtime's counters say was allocated, where they could be read.
    pub allocated: Option<Counters>,
    /// What the probes counted.
    pub counts: Vec<(CountKey, u64)>,
    /// Whether there was room for that.
    pub is_whole: bool,
    /// The garbage collections at whose end it was cut, if that is why.
    pub ended: Option<CyclesEnded>,
}

/// Garbage collections that ended between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CyclesEnded {
    /// Number of the last one, from 1 when the process started.
    pub number: u32,
    /// How many: more than one if no look came between them, none in the last cut.
    pub collections: u32,
    /// How many of them the program called for.
    pub forced: u32,
    /// How long before they had not ended yet.
    pub within: Duration,
    /// How large the heap was in the last of them, where that could be read.
    pub heap: Option<HeapSizes>,
}

impl Cut {
    /// Takes in what came right behind it, until a cut by time.
    fn join(&mut self, next: Self) {
        let mut counts: HashMap<_, _> = std::mem::take(&mut self.counts).into_iter().collect();
        for (key, count) in next.counts {
            *counts.entry(key).or_default() += count;
        }
        *self = Self {
            at: next.at,
            allocated: self
                .allocated
                .take()
                .zip(next.allocated)
                .map(|(mine, its)| mine.plus(&its)),
            counts: counts.into_iter().collect(),
            is_whole: self.is_whole && next.is_whole,
            ended: next.ended,
        };
    }
}

/// Number of the slice that one ending at `end_ns` is, from 0: ends are noticed a little
/// late.
#[must_use]
pub fn slice_of(end_ns: u64, interval_ns: u64) -> u64 {
    let early_ns = end_ns.saturating_sub(interval_ns / 4);
    early_ns.checked_div(interval_ns).unwrap_or_default()
}

/// Makes one of all that end in the same slice of `interval`.
pub fn join_slices(cuts: &mut Vec<Cut>, interval: Duration) {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let slice = |cut: &Cut| slice_of(nanoseconds(cut.at), nanoseconds(interval));
    let mut joined: Vec<Cut> = Vec::new();
    for cut in std::mem::take(cuts) {
        match joined.last_mut() {
            Some(last) if slice(last) == slice(&cut) => last.join(cut),
            _ => joined.push(cut),
        }
    }
    *cuts = joined;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(millisecond: u64, objects: Option<u64>, counts: &[(u64, u64)]) -> Cut {
        let key = |&(size_bytes, count): &(u64, u64)| {
            let key = CountKey {
                size_bytes,
                ..CountKey::default()
            };
            (key, count)
        };
        Cut {
            at: Duration::from_millis(millisecond),
            allocated: objects.map(|tiny| Counters {
                tiny,
                ..Counters::default()
            }),
            counts: counts.iter().map(key).collect(),
            is_whole: true,
            ended: None,
        }
    }

    /// One that was late takes its place, and not that of the next.
    #[test]
    fn slices_add_up_and_end_with_the_last_one() {
        let mut cuts = vec![
            cut(1002, Some(10), &[(8, 1), (16, 2)]),
            cut(2100, Some(20), &[(16, 5)]),
            cut(4001, None, &[(8, 1)]),
            cut(5000, Some(7), &[(8, 9)]),
            cut(5400, Some(1), &[(8, 1)]),
        ];
        cuts[1].is_whole = false;
        join_slices(&mut cuts, Duration::from_secs(2));
        for cut in &mut cuts {
            cut.counts.sort_by_key(|(key, _)| key.size_bytes);
        }
        let mut first = cut(2100, Some(30), &[(8, 1), (16, 7)]);
        first.is_whole = false;
        let expected = [
            first,
            cut(4001, None, &[(8, 1)]),
            cut(5400, Some(8), &[(8, 10)]),
        ];
        assert_eq!(cuts, expected);
    }
}
