//! The timeline with no more series than can be told apart.

use serde::Serialize;

use crate::profile;
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
}

/// `timeline` with the first sites, and all others as one.
pub(super) fn shortened(timeline: &profile::Timeline) -> Timeline {
    let column = |of: fn(&Slice) -> u64| timeline.slices.iter().map(of).collect();
    let (first, rest) = timeline.series.split_at(timeline.series.len().min(SITES));
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
    Timeline {
        end_ns: column(|slice| slice.end_ns),
        objects: column(|slice| slice.objects),
        heap_bytes: column(|slice| slice.heap_bytes),
        series,
    }
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
        let timeline = profile::Timeline {
            interval_ns: 1,
            slices: vec![Slice::default(); 2],
            series: (0..20).map(series).collect(),
        };
        let shortened = shortened(&timeline);
        assert_eq!(shortened.series.len(), SITES + 1);
        assert_eq!(shortened.series[SITES].site, OTHERS);
        for slice in 0..2 {
            let sum = |series: &[SiteSeries]| -> u64 {
                series.iter().map(|it| it.heap_bytes[slice]).sum()
            };
            assert_eq!(sum(&shortened.series), sum(&timeline.series));
        }
    }
}
