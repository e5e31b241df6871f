//! The frames that samples name by number.

use std::ops::Range;

use crate::profile::{LocationId, Profile};

/// Items for the frames of each location that occurs, each location's once.
pub(super) struct FrameTable<T> {
    /// The items.
    pub items: Vec<T>,
    ranges: Vec<Range<usize>>,
}

impl<T> FrameTable<T> {
    /// Asks `items_of` for those of each location that a sample of `profile` has, in the
    /// order they come up.
    pub fn new<'a, I>(profile: &'a Profile, mut items_of: impl FnMut(&'a LocationId) -> I) -> Self
    where
        I: IntoIterator<Item = T>,
    {
        let mut items = Vec::new();
        let mut ranges = vec![None; profile.locations.len()];
        for id in profile.samples.iter().flat_map(|sample| &sample.stack) {
            if let Some(range @ None) = ranges.get_mut(id.0 as usize) {
                let start = items.len();
                items.extend(items_of(id));
                *range = Some(start..items.len());
            }
        }
        let ranges = ranges.into_iter().map(Option::unwrap_or_default).collect();
        Self { items, ranges }
    }

    /// Where the items of a location are; nowhere for ids that are not of the profile.
    pub fn range(&self, id: LocationId) -> Range<usize> {
        self.ranges.get(id.0 as usize).cloned().unwrap_or_default()
    }

    /// Those items.
    pub fn of(&self, id: LocationId) -> &[T] {
        self.items.get(self.range(id)).unwrap_or_default()
    }
}
