//! Every format against its golden file, and what counts as changed.

use proptest::prelude::*;

use super::*;
use crate::output::golden::check;
use crate::profile::fixture::{self, Builder};
use crate::profile::timeline::NOT_SEEN;
use crate::profile::{Method, Profile};

/// A recording of functions: name, line, line of `func`, objects of 64 bytes.
fn profile(build: &str, functions: &[(&str, u32, u32, u64)]) -> Profile {
    let mut builder = Builder::default();
    for (name, line, _, objects) in functions {
        let stack = builder.stack(&[&[(name, "/src/main.go", *line)]]);
        builder.objects(stack, ("main.T", "new"), 64, *objects);
    }
    let mut profile = builder.finish();
    for (name, _, start_line, _) in functions {
        let of_name = profile.functions.iter_mut().filter(|it| it.name == *name);
        of_name.for_each(|it| it.start_line = *start_line);
    }
    profile.target.build_id = Some(build.to_owned());
    profile.coverage.method = Method::All;
    profile.duration_ns = 1_000_000_000;
    profile
}

fn diff<'a>(before: &'a Profile, after: &'a Profile) -> Diff<'a> {
    Diff::new(before, after, Options::default()).unwrap()
}

fn changed(before: &Profile, after: &Profile) -> Vec<String> {
    let diff = diff(before, after);
    diff.changed().iter().map(|row| row.key.clone()).collect()
}

#[test]
fn every_format_matches_its_golden_file() {
    let before = fixture::service();
    let mut after = before.clone();
    after.samples[0].values.objects += 60_000;
    after.samples[0].values.bytes += 60_000 * 96;
    after.samples[3].values.objects -= 2;
    after.samples[3].values.bytes -= 2 * 65_536;
    let options = Options {
        top: 2,
        ..Options::default()
    };
    let exact = Diff::new(&before, &after, options.clone()).unwrap();
    check("diff.txt", to_table(&exact, 100).as_bytes());
    check("diff.json", to_json(&exact).as_bytes());
    check("diff.csv", to_csv(&exact).unwrap().as_bytes());

    let sampled = fixture::sampled();
    let mut other = sampled.clone();
    other.target.build_id = None;
    other.duration_ns *= 2;
    let per = Per::Operation(1_000.0, 2_000.0);
    let options = Options {
        per,
        sort: Sort::Objects,
        by: By::Type,
        ..options
    };
    let windows = Diff::new(&sampled, &other, options).unwrap();
    check("diff-windows.txt", to_table(&windows, 100).as_bytes());
}

#[test]
fn one_site_of_many_is_named() {
    let many: Vec<_> = (0..40).map(|it| format!("main.f{it}")).collect();
    let sites = |of_last: u64| -> Profile {
        let objects = |it: usize| if it == 39 { of_last } else { 1_000 };
        let sites = many.iter().map(String::as_str).enumerate();
        let sites: Vec<_> = sites.map(|(it, name)| (name, 9, 5, objects(it))).collect();
        profile("a", &sites)
    };
    let (before, after) = (sites(5_000), sites(6_000));
    assert_eq!(changed(&before, &after), ["main.f39 /src/main.go:9"]);
    assert_eq!(changed(&after, &before), ["main.f39 /src/main.go:9"]);
    // 2 % is below the threshold, and a fifth of 100 objects may be chance.
    assert!(changed(&sites(5_000), &sites(5_100)).is_empty());
    assert!(changed(&sites(100), &sites(120)).is_empty());
    assert!(!diff(&before, &after).total.changed);
}

#[test]
fn new_and_gone_sites_change_if_there_is_enough_of_them() {
    let without = profile("a", &[("main.f", 9, 5, 1_000)]);
    let with = |objects| profile("a", &[("main.f", 9, 5, 1_000), ("main.g", 20, 18, objects)]);
    assert_eq!(changed(&without, &with(100)), ["main.g /src/main.go:20"]);
    assert_eq!(changed(&with(100), &without), ["main.g /src/main.go:20"]);
    assert!(changed(&without, &with(2)).is_empty());
}

#[test]
fn figures_are_related_to_time_and_to_work() {
    let before = profile("a", &[("main.f", 9, 5, 10_000)]);
    let mut after = profile("a", &[("main.f", 9, 5, 30_000)]);
    after.duration_ns *= 3;
    let with = |per| {
        let options = Options {
            per,
            ..Options::default()
        };
        Diff::new(&before, &after, options).unwrap()
    };
    assert_eq!(with(Per::Recording).changed().len(), 1);
    assert!(with(Per::Second).changed().is_empty());
    let by_work = with(Per::Operation(10.0, 20.0));
    assert_eq!(by_work.rows[0].before.value, 64_000.0);
    assert_eq!(by_work.rows[0].after.value, 96_000.0);
    assert_eq!((by_work.changed().len(), by_work.times()), (1, 2.0));
    let note = to_table(&with(Per::Recording), 100);
    assert!(note.contains("200 % longer: --per second"), "{note}");

    let nothing = Profile::default();
    let options = Options {
        per: Per::Second,
        ..Options::default()
    };
    let error = Diff::new(&nothing, &after, options)
        .unwrap_err()
        .to_string();
    assert!(error.contains("the first recording"), "{error}");
}

#[test]
fn sites_are_found_again_where_lines_moved() {
    let before = profile(
        "a",
        &[
            ("main.f", 12, 10, 1_000),
            ("main.f", 15, 10, 500),
            ("main.g", 40, 38, 1_000),
        ],
    );
    // A comment above, and another object at the first line.
    let after = profile(
        "b",
        &[
            ("main.f", 22, 20, 2_000),
            ("main.f", 25, 20, 500),
            ("main.g", 50, 48, 1_000),
        ],
    );
    assert_eq!(changed(&before, &after), ["main.f /src/main.go:22"]);
    assert_eq!(diff(&before, &after).builds, Builds::Differ);
    assert_eq!(diff(&before, &after).rows.len(), 3);

    // With a line put in between, only the function can be told.
    let edited = profile(
        "b",
        &[
            ("main.f", 12, 10, 1_000),
            ("main.f", 16, 10, 500),
            ("main.g", 40, 38, 1_000),
        ],
    );
    let compared = diff(&before, &edited);
    assert!(compared.changed().is_empty());
    let keys: Vec<_> = compared.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["main.f [all lines]", "main.g /src/main.go:40"]);

    // In one build lines are what they are.
    let same = profile("a", &[("main.f", 22, 20, 2_000)]);
    let alone = profile("a", &[("main.f", 12, 10, 2_000)]);
    assert_eq!(changed(&alone, &same).len(), 2);
}

#[test]
fn what_was_not_seen_is_nobodys_change() {
    let seen = profile("a", &[("main.f", 9, 5, 1_000)]);
    let unseen = profile("a", &[("main.f", 9, 5, 1_000), (NOT_SEEN, 0, 0, 90_000)]);
    for by in [By::Site, By::Type, By::Package] {
        let options = Options {
            by,
            ..Options::default()
        };
        let diff = Diff::new(&seen, &unseen, options).unwrap();
        assert!(diff.changed().is_empty(), "{by:?}");
        assert_eq!(diff.rows[0].key, NOT_SEEN, "{by:?}");
    }
}

/// In windows a site that has none of its objects there may have a few.
#[test]
fn what_windows_did_not_see_need_not_be_gone() {
    let before = fixture::sampled();
    let mut after = before.clone();
    let objects = |profile: &Profile| profile.totals().objects as f64;
    let one = objects(&before) / before.coverage.objects_counted as f64;
    assert!(one > 2.0);
    let site = before.samples.iter().filter(|it| it.values.objects > 0);
    let rare = site.min_by_key(|it| it.values.objects).unwrap().clone();
    assert!((rare.values.objects as f64) < 3.0 * one, "{rare:?}");
    after.samples.retain(|it| it.stack != rare.stack);
    assert!(changed(&before, &after).is_empty());
}

#[test]
fn nothing_changes_where_errors_are_not_known() {
    let mut before = profile("a", &[("main.f", 9, 5, 1_000)]);
    let after = profile("a", &[("main.f", 9, 5, 9_000)]);
    assert_eq!(changed(&before, &after).len(), 1);
    for method in [Method::Unknown, Method::Windows] {
        before.coverage.method = method;
        assert!(changed(&before, &after).is_empty());
        let text = to_table(&diff(&before, &after), 100);
        assert!(text.contains("Changed   not known"), "{text}");
    }
}

/// So many things that happen by themselves, with a mean of `mean`.
fn poisson(random: &mut fastrand::Rng, mean: f64) -> u64 {
    let (mut events, mut time) = (0, -(1.0 - random.f64()).ln());
    while time < mean {
        events += 1;
        time -= (1.0 - random.f64()).ln();
    }
    events
}

/// Two runs of a program of 30 sites, whose objects come by chance: of 400 pairs at most
/// one in twenty may have a site that is said to have changed, without any threshold.
#[test]
fn two_runs_of_a_program_differ_by_chance_alone() {
    let mut random = fastrand::Rng::with_seed(7);
    let names: Vec<_> = (0..30).map(|it| format!("main.f{it}")).collect();
    let mut run = || {
        let sites: Vec<_> = names
            .iter()
            .zip(1_u32..)
            .map(|(name, it)| {
                let mean = f64::from(it * it);
                (name.as_str(), 9, 5, poisson(&mut random, mean).max(1))
            })
            .collect();
        profile("a", &sites)
    };
    let options = Options {
        threshold_percent: 0.0,
        ..Options::default()
    };
    let mut wrong = 0;
    for _ in 0..400 {
        let (before, after) = (run(), run());
        let diff = Diff::new(&before, &after, options.clone()).unwrap();
        wrong += usize::from(!diff.changed().is_empty());
    }
    assert!(wrong <= 20, "{wrong} of 400");
}

proptest! {
    /// Who is before and who is after makes no difference to what changed.
    #[test]
    fn the_other_way_round_it_is_the_same(
        objects in prop::collection::vec((0_u64..20_000, 0_u64..20_000), 1..8),
    ) {
        let names: Vec<_> = (0..objects.len()).map(|it| format!("main.f{it}")).collect();
        let side = |of: fn(&(u64, u64)) -> u64| {
            let sites = names.iter().zip(&objects);
            let sites = sites.map(|(name, it)| (name.as_str(), 9, 5, of(it)));
            profile("a", &sites.collect::<Vec<_>>())
        };
        let (before, after) = (side(|it| it.0), side(|it| it.1));
        let mut there = changed(&before, &after);
        let mut back = changed(&after, &before);
        there.sort();
        back.sort();
        prop_assert_eq!(there, back);
        prop_assert!(changed(&before, &before).is_empty());
    }
}
