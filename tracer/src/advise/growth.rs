//! What grows: how many objects of each size tell how many grew and how far.

/// Objects of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// Bytes of one.
    pub bytes: u64,
    /// How many there are.
    pub objects: u64,
}

/// Things that passed through sizes one after the other, an object for each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Growth {
    /// By size, ascending.
    pub levels: Vec<Level>,
    /// How many things.
    pub things: f64,
}

/// What beginning at a level saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Index of the level.
    pub level: usize,
    /// Bytes.
    pub saved_bytes: u64,
}

impl Growth {
    /// From how many objects there are of each size. `tolerance`: the share of objects
    /// that may be more or fewer than if all had begun at the smallest size; beyond it some
    /// of them began further up.
    pub fn of(levels: Vec<Level>, tolerance: f64) -> Self {
        let things = match deviation(&levels) {
            Some((first, deviation)) if deviation <= tolerance => first,
            _ => rises(&levels),
        };
        Self { levels, things }
    }

    /// From how many objects there are of each size and how many things.
    pub fn counted(levels: Vec<Level>, things: f64) -> Self {
        Self { levels, things }
    }

    /// The level to begin at that saves most: nothing of the levels below it, and one
    /// object of it for each thing. What goes on from there goes on as before.
    pub fn best_start(&self, may_begin_at: impl Fn(usize) -> bool) -> Option<Start> {
        let mut below = 0.0;
        let mut best: Option<Start> = None;
        for (level, at) in self.levels.iter().enumerate() {
            below += at.bytes as f64 * at.objects as f64;
            let saved = below - self.things * at.bytes as f64;
            let saved_bytes = saved.max(0.0) as u64;
            let is_better = best.is_none_or(|best| saved_bytes >= best.saved_bytes);
            if saved_bytes > 0 && is_better && may_begin_at(level) {
                best = Some(Start { level, saved_bytes });
            }
        }
        best
    }

    /// How many things, as a whole number.
    pub fn count(&self) -> u64 {
        self.things.round() as u64
    }
}

/// Objects of each size, from sizes in any order.
pub(super) fn levels(sizes: impl IntoIterator<Item = (u64, u64)>) -> Vec<Level> {
    let mut by_size = std::collections::BTreeMap::<u64, u64>::new();
    for (bytes, objects) in sizes {
        let sum = by_size.entry(bytes).or_default();
        *sum = sum.saturating_add(objects);
    }
    by_size
        .into_iter()
        .map(|(bytes, objects)| Level { bytes, objects })
        .collect()
}

/// How far numbers of objects are from never rising: the nearest numbers that never do
/// begin with the first value; the second is the share of objects that are beside them
/// (isotonic regression by pooling adjacent violators: Barlow et al., Statistical
/// Inference under Order Restrictions, 1972). `None` without any objects.
pub(super) fn deviation(levels: &[Level]) -> Option<(f64, f64)> {
    // Mean and length of runs that are pooled.
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for level in levels {
        let mut run = (level.objects as f64, 1);
        while let Some(&(mean, length)) = runs.last().filter(|last| last.0 < run.0) {
            let all = length + run.1;
            run = (
                (mean * length as f64 + run.0 * run.1 as f64) / all as f64,
                all,
            );
            runs.pop();
        }
        runs.push(run);
    }
    let objects: f64 = levels.iter().map(|it| it.objects as f64).sum();
    let (first, _) = *runs.first().filter(|_| objects > 0.0)?;
    let fitted = runs
        .iter()
        .flat_map(|&(mean, length)| std::iter::repeat_n(mean, length));
    let beside: f64 = levels
        .iter()
        .zip(fitted)
        .map(|(level, fitted)| (level.objects as f64 - fitted).abs())
        .sum();
    Some((first, beside / objects))
}

/// The fewest things that numbers of objects can come from: each that is more than there
/// were one size below has begun there.
fn rises(levels: &[Level]) -> f64 {
    let mut before = 0;
    let mut rises = 0.0;
    for level in levels {
        rises += level.objects.saturating_sub(before) as f64;
        before = level.objects;
    }
    rises
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn growth(sizes: &[(u64, u64)], tolerance: f64) -> Growth {
        Growth::of(levels(sizes.iter().copied()), tolerance)
    }

    #[test]
    fn what_grew_to_the_end_begins_at_the_end() {
        let growth = growth(&[(8, 10), (16, 10), (32, 10), (64, 10)], 0.1);
        assert_eq!(growth.count(), 10);
        let start = growth.best_start(|_| true).unwrap();
        assert_eq!((start.level, start.saved_bytes), (3, 10 * (8 + 16 + 32)));
    }

    #[test]
    fn few_that_go_on_are_left_to_grow() {
        let growth = growth(&[(8, 1000), (16, 1000), (32, 1000), (65_536, 2)], 0.1);
        let start = growth.best_start(|_| true).unwrap();
        assert_eq!((start.level, start.saved_bytes), (2, 1000 * (8 + 16)));
    }

    #[test]
    fn what_began_further_up_counts_for_itself() {
        let growth = growth(&[(8, 100), (16, 100), (32, 1000)], 0.1);
        assert_eq!(growth.count(), 1000);
        let start = growth.best_start(|_| true).unwrap();
        assert_eq!(start.saved_bytes, 100 * (8 + 16));
    }

    #[test]
    fn estimates_that_scatter_are_taken_together() {
        let growth = growth(&[(8, 1000), (16, 1100), (32, 900), (64, 1050)], 0.3);
        assert_eq!(growth.count(), 1050);
    }

    #[test]
    fn what_never_grew_has_nothing_to_save() {
        assert_eq!(growth(&[(64, 1000)], 0.1).best_start(|_| true), None);
        assert_eq!(growth(&[], 0.1).best_start(|_| true), None);
    }

    proptest! {
        #[test]
        fn never_saves_more_than_there_is(
            sizes in prop::collection::vec((1_u64..1 << 40, 0_u64..1 << 20), 0..20),
            tolerance in 0.0..1.0,
        ) {
            let growth = growth(&sizes, tolerance);
            let all: f64 = growth.levels.iter().map(|it| it.bytes as f64 * it.objects as f64).sum();
            if let Some(start) = growth.best_start(|_| true) {
                prop_assert!(start.saved_bytes as f64 <= all);
                prop_assert!(start.level < growth.levels.len());
            }
        }

        #[test]
        fn numbers_that_never_rise_deviate_by_nothing(
            mut objects in prop::collection::vec(1_u64..1 << 30, 1..20),
        ) {
            objects.sort_unstable_by(|a, b| b.cmp(a));
            let levels: Vec<_> = (1..).zip(&objects).map(|(bytes, &objects)| Level { bytes, objects }).collect();
            prop_assert_eq!(deviation(&levels), Some((objects[0] as f64, 0.0)));
        }
    }
}
