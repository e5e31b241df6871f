use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::profile::strategy;

fn by_site(sites: &[(u32, f64, f64)], unseen: f64) -> BySite {
    let amount = |&(site, objects, heap_bytes): &(u32, f64, f64)| {
        let amount = Amount {
            objects,
            heap_bytes,
        };
        (SiteId(site), amount)
    };
    BySite {
        sites: sites.iter().map(amount).collect(),
        unseen: Amount {
            objects: unseen,
            heap_bytes: unseen,
        },
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|it| format!("main.f{it}")).collect()
}

/// That series sum to the slices, and how many there are.
fn assert_sums(timeline: &Timeline) {
    for (index, slice) in timeline.slices.iter().enumerate() {
        let sum = |of: fn(&SiteSeries) -> &Vec<u64>| -> u64 {
            timeline.series.iter().map(|it| of(it)[index]).sum()
        };
        assert_eq!(sum(|it| &it.objects), slice.objects);
        assert_eq!(sum(|it| &it.heap_bytes), slice.heap_bytes);
    }
    assert!(timeline.series.len() <= MOST_SITES + 2);
}

#[test]
fn parts_of_numbers_stay_whole_in_all() {
    let slices = [
        (1_000, by_site(&[(0, 0.4, 33.4), (1, 0.4, 33.3)], 33.3)),
        (2_000, by_site(&[(1, 5.0, 400.0)], 0.0)),
    ];
    let timeline = Timeline::new(1_000, &names(2), &slices);
    assert_sums(&timeline);
    let all: Vec<_> = timeline.slices.iter().map(|it| it.heap_bytes).collect();
    assert_eq!(all, [100, 400]);
    let sites: Vec<_> = timeline.series.iter().map(|it| it.site.as_str()).collect();
    assert_eq!(sites, ["main.f1", "main.f0", NOT_SEEN]);
    assert_eq!(timeline.series[0].heap_bytes, [33, 400]);
}

#[test]
fn sites_beyond_the_largest_share_a_series() {
    let sites: Vec<_> = (0..40).map(|it| (it, 1.0, f64::from(it + 1))).collect();
    let timeline = Timeline::new(1, &names(40), &[(1, by_site(&sites, 0.0))]);
    assert_sums(&timeline);
    assert_eq!(timeline.series[0].site, "main.f39");
    let others = timeline.series.last().unwrap();
    assert_eq!((others.site.as_str(), others.objects[0]), (OTHER_SITES, 8));
    assert_eq!(others.heap_bytes[0], (1..=8).sum::<u64>());
}

#[test]
fn slices_that_end_late_are_still_the_same() {
    assert_eq!([slice_of(1_000, 1_000), slice_of(1_200, 1_000)], [0, 0]);
    assert_eq!([slice_of(2_004, 1_000), slice_of(2_300, 1_000)], [1, 2]);
    assert_eq!(slice_of(7, 0), 0);
}

#[test]
fn processes_add_up_by_slice_and_site() {
    let one = [
        (1_000, by_site(&[(0, 1.0, 10.0)], 0.0)),
        (2_010, by_site(&[(1, 2.0, 20.0)], 5.0)),
    ];
    let two = [
        (1_003, by_site(&[(0, 3.0, 30.0)], 0.0)),
        (2_000, by_site(&[(0, 4.0, 40.0)], 0.0)),
        (2_700, by_site(&[(0, 5.0, 50.0)], 0.0)),
    ];
    let one = Timeline::new(1_000, &names(2), &one);
    let two = Timeline::new(1_000, &names(2), &two);
    let sum = Timeline::merge(&[one.clone(), two]).unwrap();
    assert_sums(&sum);
    let slices: Vec<_> = sum
        .slices
        .iter()
        .map(|it| (it.end_ns, it.heap_bytes))
        .collect();
    assert_eq!(slices, [(1_003, 40), (2_010, 65), (2_700, 50)]);
    assert_eq!(sum.series[0].site, "main.f0");
    assert_eq!(sum.series[0].heap_bytes, [40, 40, 50]);
    assert_eq!(
        Timeline::merge(std::slice::from_ref(&one)),
        Some(one.clone())
    );
    let other = Timeline {
        interval_ns: 2_000,
        ..one.clone()
    };
    assert_eq!(Timeline::merge(&[one, other]), None);
}

proptest! {
    #[test]
    fn merged_series_sum_to_the_slices(timelines in vec(strategy::timeline(), 1..4)) {
        if let Some(merged) = Timeline::merge(&timelines) {
            assert_sums(&merged);
        }
    }
}
