//! Slices that `append` grows: the capacity to make them with.

use std::collections::BTreeMap;

use super::growth::{Growth, Level, deviation, levels};
use super::place::Site;
use super::steps::Steps;
use super::{Advice, Evidence, Finding};
use crate::cause::Cause;
use crate::profile::Sample;

/// Functions that fill what their caller can make room in beforehand.
const FILLING: &[&str] = &["strings.(*Builder).", "bytes.(*Buffer).", "slices."];

/// Fewest sizes that growth is told by without probes. Two may as well be copies of slices that have
/// two lengths.
const LEAST_LEVELS: usize = 3;

/// What a backing array is to the one before it, at least and at most, when elements are
/// appended one at a time or by a few: `append` doubles up to 256 elements, then adds less
/// and less, down to a quarter; both are rounded up to a size class (go1.27
/// src/runtime/slice.go:326, `nextslicecap`; go1.19 :188). What is further apart or closer
/// was not appended to so.
const RATIO: std::ops::RangeInclusive<f64> = 1.2..=2.3;

/// Share of a site's objects and bytes that is passed over: what a size has less of says
/// nothing of how the others came about.
const NEGLIGIBLE: f64 = 0.02;

/// Share of objects that may be more or fewer than if all slices had begun empty.
const TOLERANCE: f64 = 0.1;
/// The same for estimates, which scatter.
const TOLERANCE_OF_ESTIMATES: f64 = 0.3;

/// Advice on each type of slice that grows at a site.
pub(super) fn advise(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    if site.cause != Cause::AppendGrowth.name() || !site.place.allocates_by(FILLING) {
        return Vec::new();
    }
    let mut by_type: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for sample in &site.samples {
        let labels = &sample.labels;
        let key = (labels.type_name.as_deref(), labels.element_bytes);
        by_type.entry(key).or_default().push(sample);
    }
    let types = by_type.keys().map(|(name, _)| *name).collect();
    let of_type = |((type_name, element_bytes), samples): ((Option<&str>, _), Vec<&Sample>)| {
        let steps = Steps::of_type(site, type_name, &types);
        let tolerance = tolerance(evidence);
        let growth = match &steps {
            Some(steps) => Growth::counted(levels_of(&samples), steps.things(tolerance)),
            None => inferred(levels_of(&samples), tolerance)?,
        };
        let named = steps.as_ref().and_then(|it| it.type_name);
        let type_name = type_name.or(named).map(str::to_owned);
        let found = find(evidence, &growth, element_bytes, steps.as_ref())?;
        Some(evidence.advice(site, &samples, type_name, found))
    };
    by_type.into_iter().filter_map(of_type).collect()
}

/// How far numbers of objects may be from those of things that all begin alike.
pub(super) fn tolerance(evidence: &Evidence<'_>) -> f64 {
    if evidence.is_estimated {
        TOLERANCE_OF_ESTIMATES
    } else {
        TOLERANCE
    }
}

fn levels_of(samples: &[&Sample]) -> Vec<Level> {
    let sizes = samples
        .iter()
        .filter_map(|it| Some((it.labels.size_bytes?, it.values.objects)));
    levels(sizes)
}

/// Growth as sizes tell it. `None` if they do not.
fn inferred(levels: Vec<Level>, tolerance: f64) -> Option<Growth> {
    let levels = without_negligible(levels);
    let grows_by_appending = levels.windows(2).all(|pair| {
        let [before, after] = [pair[0], pair[1]].map(|it| it.bytes as f64);
        RATIO.contains(&(after / before))
    });
    let begins_alike = deviation(&levels).is_some_and(|(_, beside)| beside <= tolerance);
    let grows = levels.len() >= LEAST_LEVELS && grows_by_appending && begins_alike;
    grows.then(|| Growth::of(levels, tolerance))
}

fn find(
    evidence: &Evidence<'_>,
    growth: &Growth,
    element_bytes: Option<u64>,
    steps: Option<&Steps<'_>>,
) -> Option<(Finding, u64)> {
    let start = growth.best_start(|_| true)?;
    let (first, last) = (growth.levels.first()?, growth.levels.last()?);
    let capacity_bytes = growth.levels.get(start.level)?.bytes;
    let element_bytes = element_bytes.or_else(|| steps?.element_bytes);
    let finding = Finding::SliceGrowth {
        slices: growth.count(),
        from_bytes: first.bytes,
        to_bytes: last.bytes,
        capacity_bytes,
        capacity: element_bytes.and_then(|it| capacity_bytes.checked_div(it)),
        counted: steps.map(|it| it.counted(&evidence.intervals)),
        outgrown_bytes: steps.and_then(Steps::outgrown_bytes),
    };
    Some((finding, start.saved_bytes))
}

fn without_negligible(levels: Vec<Level>) -> Vec<Level> {
    let objects: f64 = levels.iter().map(|it| it.objects as f64).sum();
    let bytes = |it: &Level| it.bytes as f64 * it.objects as f64;
    let all_bytes: f64 = levels.iter().map(bytes).sum();
    let matters = |it: &Level| {
        it.objects as f64 >= NEGLIGIBLE * objects || bytes(it) >= NEGLIGIBLE * all_bytes
    };
    levels.into_iter().filter(matters).collect()
}
