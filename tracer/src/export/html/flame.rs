//! The flame graph: the tree of call chains, and what hangs on it with each root.

use serde::Serialize;

use super::Strings;
use super::functions::{Catalog, Functions};
use super::narrow::{Bound, MOST_FRAMES, NARROW, Narrow};
use super::spread::{FrameIntervals, Samples, Sides, Spread};
use super::tree::{Nodes, Tree};
use crate::export::Root;
use crate::profile::{Intervals, Profile};

/// All data of the flame graph, as part of a document.
#[derive(Serialize)]
pub(crate) struct Flame {
    pub(super) functions: Functions,
    pub(super) nodes: Nodes,
    pub(super) samples: ByRoot<Samples>,
    pub(super) intervals: ByRoot<FrameIntervals>,
    /// `None` when every frame of the recording is shown.
    pub(super) narrow: Option<Narrow>,
}

/// One for each way to root the graph.
#[derive(Default, Serialize)]
pub(super) struct ByRoot<T> {
    pub(super) call: T,
    pub(super) r#type: T,
    pub(super) cause: T,
}

impl Flame {
    /// That of two recordings beside each other in `both`: so many of its samples, the
    /// first ones, are of the earlier one. It has no intervals.
    pub(crate) fn of_two(both: &Profile, earlier: usize, strings: &mut Strings) -> Self {
        let intervals = Intervals::of(&Profile::default());
        let bound = Bound::none(both, MOST_FRAMES);
        Self::of(both, Sides::Two { earlier }, &intervals, bound, strings)
    }

    /// That of `profile`, whose texts go to `strings`. When there are more frames than
    /// `bound` takes it is within a coarser one.
    pub(super) fn of(
        profile: &Profile,
        sides: Sides,
        intervals: &Intervals,
        mut bound: Bound,
        strings: &mut Strings,
    ) -> Self {
        let catalog = Catalog::of(profile);
        loop {
            if let Some(flame) = Self::within(&bound, profile, sides, &catalog, intervals, strings)
            {
                return flame;
            }
            bound = bound.coarser();
        }
    }

    fn within(
        bound: &Bound,
        profile: &Profile,
        sides: Sides,
        catalog: &Catalog<'_>,
        intervals: &Intervals,
        strings: &mut Strings,
    ) -> Option<Self> {
        let mut tree = Tree::of(profile, catalog, bound)?;
        let mut spread = |root: Option<Root>| {
            let key = |sample| root.map_or(0, |root| strings.index_of(root.of(sample)));
            Spread::of(profile, sides, &tree, intervals, bound, key)
        };
        let call = spread(None)?;
        let r#type = spread(Some(Root::Type))?;
        let cause = spread(Some(Root::Cause))?;
        Some(Self {
            functions: catalog.used(&mut tree.nodes.function, strings),
            samples: ByRoot {
                call: call.samples,
                r#type: r#type.samples,
                cause: cause.samples,
            },
            intervals: ByRoot {
                call: call.intervals,
                r#type: r#type.intervals,
                cause: cause.intervals,
            },
            narrow: (bound.share() > 0.0).then(|| Narrow {
                name: strings.index_of(NARROW),
                share: bound.share(),
                chains: tree.narrow_chains,
            }),
            nodes: tree.nodes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn a_page_with_room_for_every_frame_leaves_none_out() {
        let profile = fixture::service();
        let flame = |most_frames| {
            let bound = Bound::none(&profile, most_frames);
            let intervals = Intervals::of(&profile);
            Flame::of(
                &profile,
                Sides::One,
                &intervals,
                bound,
                &mut Strings::default(),
            )
        };
        assert_eq!(flame(10_000).narrow, None);
        let least = flame(1).narrow.unwrap();
        assert_eq!(least.share, super::super::spread::LEAST_SHARE);
        assert!(least.chains > 0);
        let objects = |flame: &Flame| {
            let ByRoot {
                call,
                r#type,
                cause,
            } = &flame.samples;
            [call, r#type, cause].map(|it| it.objects.iter().sum::<u64>())
        };
        assert_eq!(objects(&flame(1)), [profile.totals().objects; 3]);
    }
}
