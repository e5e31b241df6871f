//! What is at the end of call chains, and how far the larger frames may be off.

use std::ops::Range;

use serde::Serialize;

use super::narrow::Bound;
use super::tree::{Nodes, Place, Tree};
use crate::profile::{Interval, Intervals, Measure, Profile, Sample, Values};

/// Frames with less of all objects and of all bytes have no interval: they are hardly
/// to be seen, and there may be a million of them.
pub(super) const LEAST_SHARE: f64 = 0.001;

/// What the graph shows with one of its roots. A frame is a node of the tree under a key:
/// the string of its type or cause, 0 when the graph has no such root.
pub(super) struct Spread {
    pub(super) samples: Samples,
    pub(super) intervals: FrameIntervals,
}

/// Whose samples those of a profile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sides {
    /// One recording's.
    One,
    /// The first so many are of the earlier of two recordings, the others of the later.
    Two {
        /// How many those are.
        earlier: usize,
    },
}

impl Sides {
    /// The number of the recording that a sample is of.
    fn of(self, sample: usize) -> usize {
        match self {
            Self::One => 0,
            Self::Two { earlier } => usize::from(sample >= earlier),
        }
    }
}

/// What was allocated, no two with the same frame in one recording; in the order of keys,
/// then of nodes.
#[derive(Default, Serialize)]
pub(super) struct Samples {
    pub(super) key: Vec<u32>,
    pub(super) node: Vec<u32>,
    /// 1 where it is the sum of all that is below the frame and too narrow.
    pub(super) narrow: Vec<u8>,
    /// Of two recordings beside each other 0 for the earlier and 1 for the later one;
    /// empty for one recording.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) side: Vec<u8>,
    pub(super) objects: Vec<u64>,
    pub(super) bytes: Vec<u64>,
    pub(super) heap_bytes: Vec<u64>,
}

/// Intervals of the frames that have one, in the order of keys.
#[derive(Default, Serialize)]
pub(super) struct FrameIntervals {
    pub(super) key: Vec<u32>,
    pub(super) node: Vec<u32>,
    pub(super) objects: Vec<Option<[u64; 2]>>,
    pub(super) bytes: Vec<Option<[u64; 2]>>,
}

/// A sample where it is in the graph.
#[derive(Clone, Copy)]
struct Placed {
    key: u32,
    place: Place,
    sample: u32,
}

impl Spread {
    /// What `tree` shows of `profile` when its root is `key`. Frames that are too narrow
    /// below that root count for their callers. `None` when there are more frames than
    /// `bound` takes.
    pub(super) fn of<'a>(
        profile: &'a Profile,
        sides: Sides,
        tree: &Tree,
        intervals: &Intervals,
        bound: &Bound,
        mut key: impl FnMut(&'a Sample) -> u32,
    ) -> Option<Self> {
        let samples = (0..).zip(profile.samples.iter().zip(&tree.places));
        let placed = samples.filter_map(|(number, (sample, place))| {
            Some(Placed {
                key: key(sample),
                place: (*place)?,
                sample: number,
            })
        });
        let mut placed: Vec<_> = placed.collect();
        // One number is compared faster than two.
        placed.sort_unstable_by_key(|it| u64::from(it.key) << 32 | u64::from(it.place.node));
        let mut walk = Walk {
            profile,
            sides,
            intervals: intervals.any().then_some(intervals),
            bound,
            totals: profile.recorded(),
            placed: &placed,
            frames: 0,
            ends: Vec::new(),
            shown: FrameIntervals::default(),
        };
        let mut first = 0;
        for same in placed.chunk_by(|a, b| a.key == b.key) {
            let end = first + same.len();
            walk.key(&tree.nodes, first..end);
            if !bound.takes(walk.frames) {
                return None;
            }
            first = end;
        }
        let mut ends = walk.ends;
        ends.sort_unstable_by_key(|end| (end.key, end.place, end.side));
        let mut samples = Samples::default();
        for end in ends {
            let End {
                key,
                place,
                side,
                values,
            } = end;
            if sides != Sides::One {
                samples.side.push(side as u8);
            }
            samples.key.push(key);
            samples.node.push(place.node);
            samples.narrow.push(u8::from(place.is_narrow));
            samples.objects.push(values.objects);
            samples.bytes.push(values.bytes);
            samples.heap_bytes.push(values.heap_bytes);
        }
        Some(Self {
            samples,
            intervals: walk.shown,
        })
    }
}

/// A walk over the frames under each key, callers before what they call.
struct Walk<'a> {
    profile: &'a Profile,
    sides: Sides,
    /// `None` when all is exact.
    intervals: Option<&'a Intervals>,
    bound: &'a Bound,
    /// Of the recording.
    totals: Values,
    placed: &'a [Placed],
    /// Frames so far.
    frames: usize,
    ends: Vec<End>,
    shown: FrameIntervals,
}

/// What is at the end of the chains of one frame in one recording.
struct End {
    key: u32,
    place: Place,
    side: usize,
    values: Values,
}

/// A frame that the walk is in or below.
struct Open {
    node: u32,
    /// Its first sample; they follow each other.
    first: usize,
    /// What ends in it, by side.
    own: [Values; 2],
    /// What is below it and too narrow, by side.
    narrow: [Values; 2],
    /// All of it.
    all: Values,
}

impl Open {
    fn new(node: u32, first: usize) -> Self {
        Self {
            node,
            first,
            own: Default::default(),
            narrow: Default::default(),
            all: Values::default(),
        }
    }
}

impl Walk<'_> {
    /// Walks over the frames of the samples with one key.
    fn key(&mut self, nodes: &Nodes, samples: Range<usize>) {
        let mut open = vec![Open::new(0, samples.start)];
        let mut missing = Vec::new();
        for index in samples.clone() {
            let Placed { place, sample, .. } = self.placed[index];
            let mut node = place.node;
            // The root is open all the time.
            while let Some(innermost) = open.last()
                && innermost.node != node
            {
                if innermost.node < node {
                    missing.push(node);
                    node = nodes.parent(node).unwrap_or_default();
                } else {
                    self.close(&mut open, index);
                }
            }
            open.extend(missing.drain(..).rev().map(|node| Open::new(node, index)));
            if let Some(frame) = open.last_mut() {
                let values = self.profile.samples[sample as usize].values;
                let side = self.sides.of(sample as usize);
                let part = if place.is_narrow {
                    &mut frame.narrow
                } else {
                    &mut frame.own
                };
                part[side] += values;
                frame.all += values;
            }
        }
        while !open.is_empty() {
            self.close(&mut open, samples.end);
        }
    }

    /// Leaves the innermost frame, whose samples end before `end`.
    fn close(&mut self, open: &mut Vec<Open>, end: usize) {
        let Some(frame) = open.pop() else { return };
        if let Some(caller) = open.last_mut() {
            caller.all += frame.all;
            if self.bound.is_narrow(frame.all) {
                for side in 0..2 {
                    caller.narrow[side] += frame.own[side];
                    caller.narrow[side] += frame.narrow[side];
                }
                return;
            }
        }
        let key = self.placed[frame.first].key;
        self.frames += 1;
        for (is_narrow, values) in [(false, frame.own), (true, frame.narrow)] {
            let place = Place {
                node: frame.node,
                is_narrow,
            };
            let with_memory = (0..).zip(values).filter(|(_, it)| *it != Values::default());
            let ends = with_memory.map(|(side, values)| End {
                key,
                place,
                side,
                values,
            });
            let known = self.ends.len();
            self.ends.extend(ends);
            self.frames += usize::from(is_narrow && self.ends.len() > known);
        }
        if let Some(intervals) = self.intervals
            && is_large(frame.all, self.totals)
        {
            let samples = &self.placed[frame.first..end];
            let samples = samples
                .iter()
                .map(|it| &self.profile.samples[it.sample as usize]);
            self.shown.add(key, frame.node, intervals, &samples);
        }
    }
}

impl FrameIntervals {
    /// Adds the interval of a frame, the sum of its samples, if it has one.
    fn add<'a>(
        &mut self,
        key: u32,
        node: u32,
        intervals: &Intervals,
        samples: &(impl Iterator<Item = &'a Sample> + Clone),
    ) {
        let interval = |measure| {
            let interval = intervals.interval(samples.clone(), measure);
            interval.map(|Interval { low, high }| [low, high])
        };
        let (objects, bytes) = (interval(Measure::Objects), interval(Measure::Bytes));
        if objects.is_some() || bytes.is_some() {
            self.key.push(key);
            self.node.push(node);
            self.objects.push(objects);
            self.bytes.push(bytes);
        }
    }
}

fn is_large(values: Values, totals: Values) -> bool {
    let share = |part: u64, all: u64| part as f64 >= all as f64 * LEAST_SHARE;
    share(values.objects, totals.objects) || share(values.bytes, totals.bytes)
}

#[cfg(test)]
#[path = "spread_tests.rs"]
mod tests;
