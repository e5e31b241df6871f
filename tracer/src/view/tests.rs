use proptest::prelude::*;

use super::*;
use crate::profile::fixture::{self, TestFrame};
use crate::profile::{Interval, Intervals, Measure, Values, strategy};

fn options(change: impl FnOnce(&mut FrameOptions)) -> FrameOptions {
    let mut options = FrameOptions::default();
    change(&mut options);
    options
}

fn regex(text: &str) -> Option<Regex> {
    Some(Regex::new(text).unwrap())
}

/// Each stack that is shown, innermost first, with its bytes.
fn stacks(profile: &Profile) -> Vec<(String, u64)> {
    let stack = |sample: &Sample| {
        let names: Vec<_> = profile
            .frames(&sample.stack)
            .map(|frame| frame.function.into_owned())
            .collect();
        (names.join(" "), sample.values.bytes)
    };
    profile.samples.iter().map(stack).collect()
}

/// `mallocgc`, then a library with the runtime's sort inlined, called from main.
fn small() -> Profile {
    let mut b = fixture::Builder::default();
    let malloc: &[TestFrame<'_>] = &[("runtime.mallocgc", "runtime/malloc.go", 1)];
    let lib: &[TestFrame<'_>] = &[
        ("runtime.memmove", "runtime/memmove.go", 2),
        ("lib.(*T).Do", "lib/t.go", 3),
        ("main.helper", "main.go", 4),
    ];
    let other: &[TestFrame<'_>] = &[("lib.Run", "lib/run.go", 5)];
    let main: &[TestFrame<'_>] = &[("main.main", "main.go", 6)];
    let stack = b.stack(&[malloc, lib, other, main]);
    b.objects(stack, ("T", "new"), 10, 1);
    let stack = b.stack(&[malloc, other, main]);
    b.objects(stack, ("T", "new"), 10, 10);
    let stack = b.stack(&[malloc]);
    b.objects(stack, ("T", "new"), 10, 100);
    b.objects(Vec::new(), ("T", "new"), 10, 1_000);
    b.finish()
}

#[test]
fn samples_are_chosen_by_any_of_their_frames() {
    for (choice, bytes) in [
        (options(|it| it.focus = regex("^lib")), 110),
        (options(|it| it.focus = regex("t.go$")), 10),
        (options(|it| it.ignore = regex("^lib")), 11_000),
        (options(|it| it.focus = regex("lost")), 10_000),
        (options(|it| it.hide = regex(".")), 0),
        (options(|it| it.show = regex("Do$|Run$")), 110),
    ] {
        let view = apply(small(), &choice);
        assert_eq!(view.totals().bytes, bytes, "{choice}");
        assert_eq!(view.recorded().bytes, 11_110, "{choice}");
    }
}

#[test]
fn frames_are_taken_out_and_what_no_longer_differs_is_one() {
    let view = apply(small(), &options(|it| it.hide = regex("memmove|Do|helper")));
    assert_eq!(
        stacks(&view),
        [
            ("runtime.mallocgc lib.Run main.main".to_owned(), 110),
            ("runtime.mallocgc".to_owned(), 1_000),
            (String::new(), 10_000),
        ]
    );
    let view = apply(small(), &options(|it| it.show = regex("Do|main")));
    assert_eq!(
        stacks(&view),
        [
            ("lib.(*T).Do main.helper main.main".to_owned(), 10),
            ("main.main".to_owned(), 100),
        ]
    );
}

#[test]
fn chains_begin_at_the_outermost_frame_of_the_package() {
    let view = apply(small(), &options(|it| it.trim_to = regex("^lib$")));
    assert_eq!(
        stacks(&view),
        [
            (
                "runtime.mallocgc runtime.memmove lib.(*T).Do main.helper lib.Run".to_owned(),
                10
            ),
            ("runtime.mallocgc lib.Run".to_owned(), 100),
        ]
    );
    // In the middle of what is inlined at one address.
    let choice = options(|it| {
        it.trim_to = regex("^lib$");
        it.hide = regex("Run");
    });
    assert_eq!(
        stacks(&apply(small(), &choice)),
        [(
            "runtime.mallocgc runtime.memmove lib.(*T).Do".to_owned(),
            10
        )]
    );
    let mut profile = small();
    profile.target.main_path = Some("example.com/shop".to_owned());
    for package in ["^main$", "shop$"] {
        let view = apply(profile.clone(), &options(|it| it.trim_to = regex(package)));
        assert_eq!(view.totals().bytes, 110, "{package}");
    }
}

#[test]
fn the_runtimes_frames_hide_or_fold_and_drop_nothing() {
    let hide = options(|it| it.runtime_frames = RuntimeFrames::Hide);
    assert_eq!(
        stacks(&apply(small(), &hide)),
        [
            ("lib.(*T).Do main.helper lib.Run main.main".to_owned(), 10),
            ("lib.Run main.main".to_owned(), 100),
            (RUNTIME.to_owned(), 1_000),
            (String::new(), 10_000),
        ]
    );
    let fold = options(|it| it.runtime_frames = RuntimeFrames::Fold);
    assert_eq!(
        stacks(&apply(small(), &fold))[0].0,
        "[runtime] lib.(*T).Do main.helper lib.Run main.main"
    );
}

#[test]
fn generic_functions_have_the_name_that_is_asked_for() {
    let mut profile = fixture::service();
    for function in &mut profile.functions {
        if function.name == "main.index[...]" {
            function.full_name = Some("main.index[go.shape.int]".to_owned());
        }
    }
    let names = |profile: &Profile| -> Vec<_> {
        let names = profile.functions.iter().map(|it| it.name.clone());
        names
            .filter(|name| name.starts_with("main.index"))
            .collect()
    };
    assert_eq!(names(&profile), ["main.index[...]"]);
    let full = apply(profile.clone(), &options(|it| it.generics = Generics::Full));
    assert_eq!(names(&full), ["main.index[go.shape.int]"]);
    assert_eq!(full.totals(), profile.totals());
    let focus = options(|it| it.focus = regex("go.shape.int"));
    assert_eq!(names(&apply(profile, &focus)), ["main.index[...]"]);
}

#[test]
fn intervals_are_those_of_the_recording() {
    let interval = |profile: &Profile| -> Option<Interval> {
        let of_it = |sample: &&Sample| {
            profile
                .frames(&sample.stack)
                .any(|it| it.function == "io.ReadAll")
        };
        let samples = profile.samples.iter().filter(of_it);
        Intervals::of(profile).interval(samples, Measure::Bytes)
    };
    let profile = fixture::sampled();
    let whole = interval(&profile).expect("estimated");
    let focus = options(|it| it.focus = regex("ReadAll"));
    let view = apply(profile, &focus);
    assert!(
        view.left_out
            .as_ref()
            .is_some_and(|it| !it.parts.is_empty())
    );
    let seen = interval(&view).expect("estimated");
    // Draws are kept in 32 bits: adding them up rounds.
    let near = |a: u64, b: u64| a.abs_diff(b) <= 1 + a / 100_000;
    assert!(
        near(whole.low, seen.low) && near(whole.high, seen.high),
        "{whole:?} {seen:?}"
    );
    // And so they are after a way through a file.
    let file = crate::profile::pprof::encode(&view);
    assert_eq!(crate::profile::pprof::decode(&file).unwrap(), view);
}

#[test]
fn views_of_views_say_both() {
    let first = apply(small(), &options(|it| it.focus = regex("^lib")));
    let second = apply(first, &options(|it| it.hide = regex("Run")));
    let left_out = second.left_out.as_ref().expect("a view");
    assert_eq!(left_out.view, "--focus ^lib, then --hide Run");
    assert_eq!(second.recorded().bytes, 11_110);
}

proptest! {
    #[test]
    fn nothing_gets_lost(mut profile in strategy::profile(), hides: bool) {
        for sample in &mut profile.samples {
            let values = &mut sample.values;
            for value in [
                &mut values.objects, &mut values.bytes, &mut values.heap_bytes, &mut values.calls,
            ] {
                *value %= 1 << 40;
            }
        }
        profile.left_out = None;
        let totals = profile.totals();
        let choice = options(|it| {
            it.focus = regex("[a-m]");
            it.hide = hides.then(|| Regex::new("^[n-z]").unwrap());
            it.runtime_frames = RuntimeFrames::Fold;
        });
        let view = apply(profile, &choice);
        prop_assert_eq!(view.recorded(), totals);
        let mut keys: Vec<_> = view
            .samples
            .iter()
            .map(|it| (it.stack.clone(), format!("{:?}", it.labels), it.parts.is_empty()))
            .collect();
        keys.sort();
        let before = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), before);
        let _: Values = view.totals();
    }
}
