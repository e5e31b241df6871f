use super::*;
use crate::profile::fixture;

#[test]
fn rows_sum_to_the_totals_whatever_they_are_made_of() {
    let profile = fixture::service();
    for by in [
        By::Site,
        By::Function,
        By::Line,
        By::Type,
        By::Cause,
        By::Package,
    ] {
        let report = Report::new(
            &profile,
            Options {
                by,
                top: 0,
                ..Options::default()
            },
        );
        let mut sum = Values::default();
        for row in &report.rows {
            sum += row.values;
            assert_eq!(row.sizes().objects(), row.values.objects);
        }
        assert_eq!(
            Values {
                calls: report.totals.calls,
                ..sum
            },
            report.totals,
            "{}",
            by.name()
        );
        assert_eq!(report.sizes.objects(), report.totals.objects);
        let percent: f64 = report.rows.iter().map(|row| row.percent).sum();
        assert!((percent - 100.0).abs() < 1e-9, "{percent}");
    }
}

#[test]
fn order_follows_what_was_asked_for() {
    let profile = fixture::service();
    let first = |sort| {
        let report = Report::new(
            &profile,
            Options {
                by: By::Function,
                sort,
                ..Options::default()
            },
        );
        report.rows.into_iter().map(|row| row.key).next().unwrap()
    };
    assert_eq!(first(Sort::Bytes), "io.ReadAll");
    assert_eq!(first(Sort::Objects), "main.newOrder");
}

#[test]
fn top_limits_the_rows_but_not_the_sizes() {
    let profile = fixture::service();
    let report = Report::new(
        &profile,
        Options {
            top: 2,
            ..Options::default()
        },
    );
    assert_eq!(report.rows.len(), 2);
    assert!(report.rows_in_all > 2);
    assert_eq!(report.sizes.objects(), report.totals.objects);
}

#[test]
fn only_narrows_rows_and_sizes() {
    let profile = fixture::service();
    let only = Some("ReadAll".to_owned());
    let report = Report::new(
        &profile,
        Options {
            only,
            ..Options::default()
        },
    );
    assert_eq!(report.rows.len(), 1);
    assert_eq!(report.sizes.objects(), 9_000 + 4_500 + 301);
    assert_eq!(report.sizes.max(), 65_536);
    assert_eq!(report.totals, profile.totals());
}

#[test]
fn rows_that_are_estimated_have_intervals_around_their_values() {
    let profile = fixture::sampled();
    let report = Report::new(&profile, Options::default());
    assert!(report.estimated);
    let (exact, estimated): (Vec<_>, Vec<_>) = report
        .rows
        .iter()
        .partition(|row| row.objects_interval.is_none());
    let keys: Vec<_> = exact.iter().map(|row| row.key.as_str()).collect();
    let sweep = "runtime.bgsweep /usr/local/go/src/runtime/mgcsweep.go:300";
    assert_eq!(keys, ["[lost stack]", "0x4010c0", sweep]);
    for row in estimated {
        for sort in [Sort::Objects, Sort::Bytes] {
            let (value, interval) = row.sorted_by(sort);
            let Interval { low, high } = interval.unwrap();
            assert!(low <= value && value <= high, "{}", row.key);
            assert!(low < high, "{}", row.key);
        }
    }
    for row in &report.call_rows {
        let Interval { low, high } = row.calls_interval.unwrap();
        assert!(low < row.calls && row.calls < high, "{}", row.site);
    }
}

#[test]
fn nothing_is_estimated_where_everything_was_traced() {
    let profile = fixture::service();
    let report = Report::new(&profile, Options::default());
    assert!(!report.estimated);
    let intervals = |row: &Row<'_>| row.objects_interval.or(row.bytes_interval);
    assert!(report.rows.iter().all(|row| intervals(row).is_none()));
    assert!(report.call_rows.iter().all(|r| r.calls_interval.is_none()));
}

#[test]
fn calls_are_counted_apart() {
    let profile = fixture::service();
    let report = Report::new(&profile, Options::default());
    assert_eq!(report.calls["runtime.mapassign_fast64"], 165_000);
    let calls: Vec<_> = report
        .call_rows
        .iter()
        .map(|r| (r.type_name.as_str(), r.calls))
        .collect();
    assert_eq!(
        calls,
        [
            ("map[uint64]main.Order", 120_000),
            ("map[int]string", 45_000)
        ]
    );
    assert!(report.rows.iter().all(|row| row.values.calls == 0));
}
