//! How far the larger frames of the flame graph may be off.

use std::collections::BTreeMap;
use std::iter;

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
/// the graph has no such root. In the order of keys.
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
        let mut by_key: BTreeMap<u32, Vec<(u32, &Sample)>> = BTreeMap::new();
        for (sample, place) in profile.samples.iter().zip(&flame.places) {
            if let Some(place) = place {
                by_key
                    .entry(key(*place))
                    .or_default()
                    .push((place.node, sample));
            }
        }
        let path = |node| iter::successors(Some(node), |node| flame.nodes.parent(*node));
        // By node, of one key at a time: a map of all frames would take most of the time.
        let mut sums = vec![Values::default(); flame.nodes.len()];
        let mut spread = Self::default();
        for (key, placed) in by_key {
            for (node, sample) in &placed {
                for node in path(*node) {
                    sums[node as usize] += sample.values;
                }
            }
            let mut members: BTreeMap<u32, Vec<&Sample>> = BTreeMap::new();
            for (node, sample) in &placed {
                for node in path(*node).filter(|node| is_large(sums[*node as usize], totals)) {
                    members.entry(node).or_default().push(sample);
                }
            }
            spread.add(key, &members, intervals);
            for (node, _) in &placed {
                for node in path(*node) {
                    sums[node as usize] = Values::default();
                }
            }
        }
        spread
    }

    /// Adds the intervals of the nodes under a key, each the sum of its samples.
    fn add(&mut self, key: u32, members: &BTreeMap<u32, Vec<&Sample>>, intervals: &Intervals) {
        for (node, samples) in members {
            let interval = |measure| {
                let interval = intervals.interval(samples.iter().copied(), measure);
                interval.map(|Interval { low, high }| [low, high])
            };
            let (objects, bytes) = (interval(Measure::Objects), interval(Measure::Bytes));
            if objects.is_some() || bytes.is_some() {
                self.key.push(key);
                self.node.push(*node);
                self.objects.push(objects);
                self.bytes.push(bytes);
            }
        }
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
