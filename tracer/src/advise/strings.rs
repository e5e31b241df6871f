//! Strings that are copied again and again: by `+` in a loop, and from and to bytes.

use std::collections::BTreeMap;

use super::growth::{Growth, deviation, levels};
use super::place::Site;
use super::slices::tolerance;
use super::{Advice, Evidence, Finding, sum};
use crate::cause::Cause;
use crate::profile::Sample;

/// Fewest sizes that a loop is told by.
const LEAST_LEVELS: usize = 8;
/// How many times the first string of a loop the last is, at least.
const LEAST_RATIO: u64 = 4;

/// Advice on concatenations and on conversions.
pub(super) fn advise(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    if !site.place.allocates_by(&[]) {
        return Vec::new();
    }
    if site.cause == Cause::StringConcat.name() {
        return concatenation(evidence, site).into_iter().collect();
    }
    if site.cause == Cause::StringConversion.name() {
        return conversions(evidence, site);
    }
    Vec::new()
}

/// A string that is made longer in a loop passes through as many sizes as there are turns,
/// and each size is there as often as the others, or less as loops end. Single
/// concatenations of this and that have sizes that come and go.
fn concatenation(evidence: &Evidence<'_>, site: &Site<'_>) -> Option<Advice> {
    let sizes = site
        .samples
        .iter()
        .filter_map(|it| Some((it.labels.size_bytes?, it.values.objects)));
    let levels = levels(sizes);
    let (first, last) = (levels.first()?.bytes, levels.last()?.bytes);
    let tolerance = tolerance(evidence);
    let begins_alike = deviation(&levels).is_some_and(|(_, beside)| beside <= tolerance);
    if levels.len() < LEAST_LEVELS || last / first.max(1) < LEAST_RATIO || !begins_alike {
        return None;
    }
    let growth = Growth::of(levels, tolerance);
    let start = growth.best_start(|_| true)?;
    let objects = sum(&site.samples).objects;
    let finding = Finding::Concatenation {
        strings: growth.count(),
        copies: (objects as f64 / growth.things.max(1.0)).round() as u64,
        size_bytes: growth.levels.get(start.level)?.bytes,
    };
    let found = (finding, start.saved_bytes);
    Some(evidence.advice(site, &site.samples, Some("string".to_owned()), found))
}

/// Each type that is converted to.
fn conversions(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    let mut by_type: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for sample in &site.samples {
        let type_name = sample.labels.type_name.as_deref().map(str::to_owned);
        by_type.entry(type_name).or_default().push(sample);
    }
    by_type
        .into_iter()
        .map(|(type_name, samples)| {
            let found = (Finding::Conversion, sum(&samples).bytes);
            evidence.advice(site, &samples, type_name, found)
        })
        .collect()
}
