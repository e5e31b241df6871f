//! Byte buffers of one size that are made anew each time.
//!
//! Whether they are short-lived a recording does not say: what is allocated is
//! counted, and not what is freed.

use super::growth::levels;
use super::place::Site;
use super::{Advice, Evidence, Finding};
use crate::cause::Cause;
use crate::profile::Sample;

/// Smallest buffer that is worth a pool.
const LEAST_BYTES: u64 = 1024;
/// Fewest of them that are a habit.
const LEAST_OBJECTS: u64 = 100;
/// Share of a line's bytes that buffers of one size have, at least.
const DOMINANT: f64 = 0.9;

/// Advice on the buffers of a site.
pub(super) fn advise(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    find(evidence, site).into_iter().collect()
}

fn find(evidence: &Evidence<'_>, site: &Site<'_>) -> Option<Advice> {
    let is_made = [Cause::MakeSlice, Cause::New].map(Cause::name);
    // What a strings.Builder makes becomes a string, which lives as long as it likes.
    let through = site.place.through.as_deref().unwrap_or_default();
    if !is_made.contains(&site.cause) || through.starts_with("strings.") {
        return None;
    }
    let buffers: Vec<&Sample> = site
        .samples
        .iter()
        .filter(|it| it.labels.type_name.as_deref().is_some_and(is_bytes))
        .copied()
        .collect();
    let sizes = buffers
        .iter()
        .filter_map(|it| Some((it.labels.size_bytes?, it.values.objects)));
    let levels = levels(sizes);
    let bytes = |bytes: u64, objects: u64| bytes as f64 * objects as f64;
    let all: f64 = levels.iter().map(|it| bytes(it.bytes, it.objects)).sum();
    let largest = levels
        .iter()
        .max_by(|a, b| bytes(a.bytes, a.objects).total_cmp(&bytes(b.bytes, b.objects)))?;
    let dominates = bytes(largest.bytes, largest.objects) >= DOMINANT * all;
    if largest.bytes < LEAST_BYTES || largest.objects < LEAST_OBJECTS || !dominates {
        return None;
    }
    let size_bytes = largest.bytes;
    let same: Vec<&Sample> = buffers
        .into_iter()
        .filter(|it| it.labels.size_bytes == Some(size_bytes))
        .collect();
    // One remains.
    let saved_bytes = size_bytes.saturating_mul(largest.objects - 1);
    let type_name = same
        .first()
        .and_then(|it| it.labels.type_name.as_deref().map(str::to_owned));
    Some(evidence.advice(
        site,
        &same,
        type_name,
        (Finding::Buffer { size_bytes }, saved_bytes),
    ))
}

/// Whether a type is a slice or an array of bytes.
fn is_bytes(type_name: &str) -> bool {
    let element = type_name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .filter(|(length, _)| length.bytes().all(|it| it.is_ascii_digit()));
    element.is_some_and(|(_, element)| matches!(element, "uint8" | "byte"))
}
