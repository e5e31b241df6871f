//! Values that are moved to the heap because an interface is to hold them.

use std::collections::BTreeMap;

use super::place::Site;
use super::{Advice, Evidence, Finding, sum};
use crate::cause::Cause;
use crate::profile::Sample;

/// Advice on each type that is boxed at a site.
pub(super) fn advise(evidence: &Evidence<'_>, site: &Site<'_>) -> Vec<Advice> {
    if site.cause != Cause::InterfaceBoxing.name() || !site.place.allocates_by(&[]) {
        return Vec::new();
    }
    let mut by_type: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for sample in &site.samples {
        let type_name = sample.labels.type_name.as_deref().and_then(own_type);
        by_type.entry(type_name).or_default().push(sample);
    }
    by_type
        .into_iter()
        .map(|(type_name, samples)| {
            let found = (Finding::Boxing, sum(&samples).bytes);
            evidence.advice(site, &samples, type_name.map(str::to_owned), found)
        })
        .collect()
}

/// The type of the value, where the runtime is told: it has functions for values of a
/// size, which know no more than that, and for strings and slices (go1.27
/// src/runtime/iface.go:322; go1.19 :291).
fn own_type(name: &str) -> Option<&str> {
    match name {
        "runtime.uint16InterfacePtr"
        | "runtime.uint32InterfacePtr"
        | "runtime.uint64InterfacePtr" => None,
        "runtime.stringInterfacePtr" => Some("string"),
        "runtime.sliceInterfacePtr" => Some("slice"),
        other => Some(other),
    }
}
