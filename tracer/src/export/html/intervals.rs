//! How far the larger frames of the flame graph may be off.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::flame::{Flame, Place};
use crate::profile::{Interval, Intervals, Measure, Profile, Sample, Values};

/// Frames with less of all objects and of all bytes have no interval: they are hardly
/// to be seen, and there may be a million of them.
pub(super) const LEAST_SHARE: f64 = 0.001;

/// Intervals of the frames that have one, for each way to root the graph.
#[derive(Default, Serialize)]
pub(super) struct Spreads {
    call: Spread,
    r#type: Spread,
    cause: Spread,
}

/// A frame is a node of the tree under a key: the string of its type or cause, 0 when
/// the graph has no such root.
#[derive(Default, Serialize)]
struct Spread {
    key: Vec<u32>,
    node: Vec<u32>,
    objects: Vec<Option<[u64; 2]>>,
    bytes: Vec<Option<[u64; 2]>>,
}

impl Spreads {
    /// Those of `flame`, which is the tree of `profile`; none when all is exact.
    pub(super) fn of(profile: &Profile, flame: &Flame, intervals: &Intervals) -> Self {
        if !intervals.any() {
            return Self::default();
        }
        let spread = |key: fn(Place) -> u32| Spread::of(profile, flame, intervals, key);
        Self {
            call: spread(|_| 0),
            r#type: spread(|place| place.type_name),
            cause: spread(|place| place.cause),
        }
    }
}

impl Spread {
    fn of(profile: &Profile, flame: &Flame, intervals: &Intervals, key: fn(Place) -> u32) -> Self {
        let totals = profile.recorded();
        let frames = || {
            let placed = profile.samples.iter().zip(&flame.places);
            placed.flat_map(|(sample, place)| {
                place.iter().flat_map(move |place| {
                    let up = |node: &u32| flame.nodes.parent(*node);
                    std::iter::successors(Some(place.node), up)
                        .map(move |node| ((key(*place), node), sample))
                })
            })
        };
        let mut sums: HashMap<(u32, u32), Values> = HashMap::with_capacity(flame.nodes.len());
        for (frame, sample) in frames() {
            *sums.entry(frame).or_default() += sample.values;
        }
        sums.retain(|_, values| is_large(*values, totals));
        let mut members: BTreeMap<(u32, u32), Vec<&Sample>> = BTreeMap::new();
        for (frame, sample) in frames() {
            if sums.contains_key(&frame) {
                members.entry(frame).or_default().push(sample);
            }
        }
        let mut spread = Self::default();
        for ((key, node), samples) in members {
            let interval = |measure| {
                let interval = intervals.interval(samples.iter().copied(), measure);
                interval.map(|Interval { low, high }| [low, high])
            };
            let (objects, bytes) = (interval(Measure::Objects), interval(Measure::Bytes));
            if objects.is_some() || bytes.is_some() {
                spread.key.push(key);
                spread.node.push(node);
                spread.objects.push(objects);
                spread.bytes.push(bytes);
            }
        }
        spread
    }
}

fn is_large(values: Values, totals: Values) -> bool {
    let share = |part: u64, all: u64| part as f64 >= all as f64 * LEAST_SHARE;
    share(values.objects, totals.objects) || share(values.bytes, totals.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::html::Strings;
    use crate::profile::fixture;

    #[test]
    fn a_frame_has_the_interval_of_all_that_is_below_it() {
        let profile = fixture::sampled();
        let intervals = Intervals::of(&profile);
        let flame = Flame::of(&profile, &mut Strings::default());
        let spreads = Spreads::of(&profile, &flame, &intervals);
        let whole = intervals
            .interval(&profile.samples, Measure::Bytes)
            .unwrap();
        assert_eq!(spreads.call.node[0], 0);
        assert_eq!(spreads.call.bytes[0], Some([whole.low, whole.high]));
        let order = profile
            .samples
            .iter()
            .zip(&flame.places)
            .find(|(sample, _)| {
                sample.labels.type_name.as_deref() == Some("main.Order") && !sample.stack.is_empty()
            });
        let (sample, place) = order.unwrap();
        let place = place.unwrap();
        let alone = intervals.interval([sample], Measure::Objects).unwrap();
        let frame = (0..spreads.r#type.node.len()).find(|i| {
            spreads.r#type.node[*i] == place.node && spreads.r#type.key[*i] == place.type_name
        });
        assert_eq!(
            spreads.r#type.objects[frame.unwrap()],
            Some([alone.low, alone.high])
        );
    }

    #[test]
    fn what_is_exact_has_none() {
        let profile = fixture::service();
        let flame = Flame::of(&profile, &mut Strings::default());
        let spreads = Spreads::of(&profile, &flame, &Intervals::of(&profile));
        assert!(spreads.call.node.is_empty() && spreads.cause.node.is_empty());
    }
}
