use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::export::Root;
use crate::export::html::Strings;
use crate::export::html::functions::Catalog;
use crate::profile::{fixture, strategy};

/// What the graph of a profile shows within a bound, by type.
fn by_type(profile: &Profile, bound: &Bound) -> Option<(Tree, Spread, Strings)> {
    let tree = Tree::of(profile, &Catalog::of(profile), bound)?;
    let mut strings = Strings::default();
    strings.index_of("");
    let intervals = Intervals::of(profile);
    let key = |sample| strings.index_of(Root::Type.of(sample));
    let spread = Spread::of(profile, Sides::One, &tree, &intervals, bound, key)?;
    Some((tree, spread, strings))
}

fn complete(profile: &Profile) -> Bound {
    Bound::none(profile, usize::MAX)
}

#[test]
fn a_frame_has_the_interval_of_all_that_is_below_it() {
    let profile = fixture::sampled();
    let intervals = Intervals::of(&profile);
    let bound = complete(&profile);
    let (tree, by_type, strings) = by_type(&profile, &bound).unwrap();
    let by_call = Spread::of(&profile, Sides::One, &tree, &intervals, &bound, |_| 0).unwrap();
    let whole = intervals
        .interval(&profile.samples, Measure::Bytes)
        .unwrap();
    let root = by_call.intervals.node.iter().position(|node| *node == 0);
    assert_eq!(
        by_call.intervals.bytes[root.unwrap()],
        Some([whole.low, whole.high])
    );
    let mut samples = profile.samples.iter().zip(&tree.places);
    let order = samples.find(|(sample, _)| {
        sample.labels.type_name.as_deref() == Some("main.Order") && !sample.stack.is_empty()
    });
    let (sample, place) = order.unwrap();
    let alone = intervals.interval([sample], Measure::Objects).unwrap();
    let frames = &by_type.intervals;
    let frame = (0..frames.node.len()).find(|i| {
        frames.node[*i] == place.unwrap().node
            && strings.items[frames.key[*i] as usize] == "main.Order"
    });
    assert_eq!(
        frames.objects[frame.unwrap()],
        Some([alone.low, alone.high])
    );
}

#[test]
fn what_is_exact_has_no_interval() {
    let profile = fixture::service();
    let (_, spread, _) = by_type(&profile, &complete(&profile)).unwrap();
    assert!(spread.intervals.node.is_empty());
}

/// Two types of which one is everywhere, so that frames are wide without a type that are
/// too narrow below one.
#[test]
fn frames_too_narrow_below_a_root_count_for_their_callers() {
    let mut b = fixture::Builder::default();
    for name in ["main.a", "main.b"] {
        let stack = b.stack(&[&[(name, "main.go", 2)], &[("main.main", "main.go", 1)]]);
        b.objects(stack.clone(), ("Common", "new"), 8, 1_000_000);
        b.objects(stack, ("Rare", "new"), 8, 3);
    }
    let profile = b.finish();
    let bound = complete(&profile).coarser();
    let (tree, spread, strings) = by_type(&profile, &bound).unwrap();
    assert_eq!(tree.narrow_chains, 0);
    let samples = &spread.samples;
    let end = |i: usize| {
        let key = strings.items[samples.key[i] as usize].as_str();
        (key, samples.node[i], samples.narrow[i], samples.objects[i])
    };
    let ends: Vec<_> = (0..samples.key.len()).map(end).collect();
    let expected = [
        ("Common", 2, 0, 1_000_000),
        ("Common", 3, 0, 1_000_000),
        // Main too has nothing wide enough of it.
        ("Rare", 0, 1, 6),
    ];
    assert_eq!(ends, expected);
    assert!(by_type(&profile, &Bound::none(&profile, 6)).is_none());
}

/// Sums by key and frame: each sample counts for its frame and all callers of it.
fn sums(tree: &Tree, samples: &Samples) -> BTreeMap<(u32, u32), u64> {
    let mut sums = BTreeMap::new();
    for i in 0..samples.key.len() {
        let mut node = Some(samples.node[i]);
        while let Some(frame) = node {
            *sums.entry((samples.key[i], frame)).or_default() += samples.objects[i];
            node = tree.nodes.parent(frame);
        }
    }
    sums
}

/// Names of the frames from the outermost in, to tell the nodes of two trees apart.
fn names(tree: &Tree, mut node: u32) -> Vec<u32> {
    let mut names = Vec::new();
    while let Some(parent) = tree.nodes.parent(node) {
        names.push(tree.nodes.function[node as usize - 1]);
        node = parent;
    }
    names.reverse();
    names
}

proptest! {
    #[test]
    fn every_frame_that_is_shown_has_its_whole_sum(mut profile in strategy::profile()) {
        for (i, sample) in profile.samples.iter_mut().enumerate() {
            // Some far below the share of others.
            sample.values.objects %= 1 << (5 * (i % 8));
            sample.values.bytes = sample.values.objects;
            sample.values.heap_bytes = sample.values.objects;
        }
        let complete = complete(&profile);
        let (whole, all, _) = by_type(&profile, &complete).unwrap();
        let mut by_name: BTreeMap<(u32, Vec<u32>), u64> = BTreeMap::new();
        for ((key, node), sum) in sums(&whole, &all.samples) {
            by_name.insert((key, names(&whole, node)), sum);
        }
        let coarse = complete.coarser().coarser().coarser();
        let (tree, shown, _) = by_type(&profile, &coarse).unwrap();
        for ((key, node), sum) in sums(&tree, &shown.samples) {
            prop_assert_eq!(by_name[&(key, names(&tree, node))], sum);
        }
        let wide = by_name.values().filter(|sum| {
            !coarse.is_narrow(Values { objects: **sum, bytes: **sum, heap_bytes: **sum, calls: 0 })
        });
        let frames = sums(&tree, &shown.samples);
        let roots = frames.iter().filter(|((_, node), sum)| {
            *node == 0 && coarse.is_narrow(Values { objects: **sum, bytes: **sum, heap_bytes: **sum, calls: 0 })
        });
        prop_assert_eq!(frames.len() - roots.count(), wide.count(), "all that are wide enough");
    }
}

/// What two recordings have of a frame is told apart, also where it is too narrow, and
/// comes to what each of them has.
#[test]
fn two_recordings_are_told_apart() {
    let profile = fixture::service();
    let mut both = profile.clone();
    both.samples.extend(profile.samples.iter().take(3).cloned());
    let sides = Sides::Two {
        earlier: profile.samples.len(),
    };
    let coarse = Bound::none(&both, 1).coarser().coarser().coarser();
    for bound in [complete(&both), coarse] {
        let tree = Tree::of(&both, &Catalog::of(&both), &bound).unwrap();
        let intervals = Intervals::of(&both);
        let spread = Spread::of(&both, sides, &tree, &intervals, &bound, |_| 0).unwrap();
        let samples = &spread.samples;
        let sum = |side: u8| -> u64 {
            let of_side = samples.bytes.iter().zip(&samples.side);
            of_side.filter(|it| *it.1 == side).map(|it| it.0).sum()
        };
        assert_eq!(sum(0), profile.totals().bytes);
        let first = profile.samples.iter().take(3);
        assert_eq!(sum(1), first.map(|it| it.values.bytes).sum::<u64>());
    }
}
