//! Every format against its golden file, and the shares.

use super::*;
use crate::counters::HeapSizes;
use crate::estimate::SiteId;
use crate::output::golden::check;
use crate::profile::fixture;

fn cycle(number: u32, collections: u32, bytes: &[(u32, f64)], unseen_bytes: f64) -> Cycle {
    let sites: Vec<_> = bytes
        .iter()
        .map(|&(site, bytes)| SiteBytes {
            site: SiteId(site),
            bytes,
        })
        .collect();
    let all: f64 = sites.iter().map(|it| it.bytes).sum();
    Cycle {
        number,
        collections,
        forced: 0,
        ended_ns: u64::from(number) * 100_000_000,
        late_ns: 1_100_000,
        heap: Some(HeapSizes {
            start_bytes: (number != 8).then_some(u64::from(number) << 20),
            end_bytes: (u64::from(number) << 20) + 1_500_000,
            live_bytes: 2_500_000,
            goal_bytes: 16 << 20,
        })
        .filter(|_| collections > 0 && number != 11),
        objects: 1000,
        bytes: (all + unseen_bytes) as u64,
        sites,
        unseen_bytes,
    }
}

fn cycles() -> Cycles {
    let forced = Cycle {
        forced: 1,
        ..cycle(12, 1, &[(0, 1e6)], 0.0)
    };
    Cycles {
        cycles: vec![
            cycle(7, 1, &[(0, 30e6), (1, 10e6)], 0.0),
            cycle(8, 1, &[(1, 4e6)], 0.0),
            cycle(11, 3, &[(1, 3e6), (0, 1e6)], 4e6),
            forced,
            cycle(12, 0, &[(2, 100.0)], 0.0),
        ],
        no_heap_sizes: None,
        sites: [
            "main.big /src/shop/main.go:7",
            "main.small /src/shop/main.go:9",
            "main.c",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
        without_sites: 0,
    }
}

#[test]
fn every_format_matches_its_golden_file() {
    let profile = fixture::service();
    check("gc.txt", to_table(&cycles(), &profile, 0).as_bytes());
    check("gc-short.txt", to_table(&cycles(), &profile, 1).as_bytes());
    check("gc.json", to_json(&cycles(), &profile).as_bytes());
}

/// A site that allocates while the heap is small brings on more collections than its
/// bytes tell; what the program called for is nobody's.
#[test]
fn shares_are_of_collections_and_not_of_bytes() {
    let cycles = cycles();
    assert_eq!((cycles.collections(), cycles.forced()), (6, 1));
    assert_eq!(cycles.numbers(), Some((7, 12)));
    // Half of the three was in no window.
    assert!((cycles.seen() - 3.5).abs() < 1e-9);
    let shares = cycles.shares();
    let of = |site: u32| shares.iter().find(|it| it.site == SiteId(site)).unwrap();
    assert!((of(1).collections - (0.25 + 1.0 + 3.0 * 3.0 / 8.0)).abs() < 1e-9);
    assert!((of(0).collections - (0.75 + 3.0 / 8.0)).abs() < 1e-9);
    assert!(of(1).collections_percent > 60.0 && of(1).bytes_percent < 40.0);
    let percent: f64 = shares.iter().map(|it| it.collections_percent).sum();
    assert!((percent - 100.0).abs() < 1e-9);
    assert_eq!(shares[0].site, SiteId(1));
}

#[test]
fn nothing_recorded_is_no_share() {
    let none = Cycles {
        no_heap_sizes: Some("built by go1.28".to_owned()),
        ..Cycles::default()
    };
    assert!(none.shares().is_empty() && none.numbers().is_none());
    let text = to_table(&none, &fixture::service(), 0);
    assert!(text.contains("Collections  none ended"), "{text}");
    assert!(
        text.contains("unknown before and after: built by go1.28"),
        "{text}"
    );
}
