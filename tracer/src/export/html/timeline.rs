//! The timeline with no more series than can be told apart.

use serde::Serialize;

use crate::profile;
use crate::profile::timeline::NOT_SEEN;
use crate::profile::{SiteSeries, Slice};

/// Sites with a series of their own.
const SITES: usize = 7;

/// Name of the series of all others.
const OTHERS: &str = "[all other sites]";

/// What was allocated over time.
#[derive(Serialize)]
pub(super) struct Timeline {
    end_ns: Vec<u64>,
    objects: Vec<u64>,
    heap_bytes: Vec<u64>,
    series: Vec<SiteSeries>,
    /// Whether the last series is what no window saw.
    has_unseen: bool,
}

/// `timeline` with the first sites, all others as one, and what no window saw, which is
/// of any site.
pub(super) fn shortened(timeline: &profile::Timeline) -> Timeline {
    let column = |of: fn(&Slice) -> u64| timeline.slices.iter().map(of).collect();
    let series = &timeline.series;
    let (unseen, sites): (Vec<_>, Vec<_>) = series.iter().cloned().partition(is_unseen);
    let (first, rest) = sites.split_at(sites.len().min(SITES));
    let mut series = first.to_vec();
    match rest {
        [] => {}
        [one] => series.push(one.clone()),
        rest => series.push(SiteSeries {
            site: OTHERS.to_owned(),
            objects: sum(rest, |it| &it.objects),
            heap_bytes: sum(rest, |it| &it.heap_bytes),
        }),
    }
    let has_unseen = !unseen.is_empty();
    series.extend(unseen);
    Timeline {
        end_ns: column(|slice| slice.end_ns),
        objects: column(|slice| slice.objects),
        heap_bytes: column(|slice| slice.heap_bytes),
        series,
        has_unseen,
    }
}

fn is_unseen(series: &SiteSeries) -> bool {
    series.site == NOT_SEEN
}

fn sum(series: &[SiteSeries], of: fn(&SiteSeries) -> &Vec<u64>) -> Vec<u64> {
    let slices = series.iter().map(|it| of(it).len()).max().unwrap_or(0);
    let mut sums = vec![0_u64; slices];
    for values in series.iter().map(of) {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.saturating_add(*value);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_sum_to_what_they_did() {
        let series = |number: u64| SiteSeries {
            site: format!("main.f{number}"),
            objects: vec![number, 1],
            heap_bytes: vec![16 * number, 16],
        };
        let unseen = SiteSeries {
            site: NOT_SEEN.to_owned(),
            ..series(7)
        };
        let timeline = profile::Timeline {
            interval_ns: 1,
            slices: vec![Slice::default(); 2],
            series: (0..20).map(series).chain([unseen]).collect(),
        };
        let shortened = shortened(&timeline);
        assert_eq!(shortened.series.len(), SITES + 2);
        assert_eq!(shortened.series[SITES].site, OTHERS);
        assert_eq!(shortened.series[SITES + 1].site, NOT_SEEN);
        assert!(shortened.has_unseen);
        for slice in 0..2 {
            let sum = |series: &[SiteSeries]| -> u64 {
                series.iter().map(|it| it.heap_bytes[slice]).sum()
            };
            assert_eq!(sum(&shortened.series), sum(&timeline.series));
        }
    }
}
