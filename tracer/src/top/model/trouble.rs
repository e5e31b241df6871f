//! What is wrong, and what to do about it.

use crate::budget::MaxOverhead;
use crate::profile::summary::count;
use crate::profile::{Coverage, Losses, Method};
use crate::session::Snapshot;

/// Part of the events whose call chains may be cut before that is said.
const NOTABLE_CUT: f64 = 0.01;

/// How far over the bound the measured overhead may be before that is said: what a hit
/// costs is measured, and what is overspent now is made good later.
const NOTABLE_EXCESS: f64 = 1.5;
/// From when on: windows cost at once and then nothing for a while.
const SETTLED_NS: u64 = 10_000_000_000;
/// Overhead that is said where there is no bound.
const NOTABLE_UNBOUNDED: f64 = 0.2;

/// Everything that is wrong with a recording, worst first, each with what to do.
pub fn troubles(snapshot: &Snapshot, bound: MaxOverhead) -> Vec<String> {
    let profile = &snapshot.profile;
    let mut troubles = Vec::new();
    if snapshot.is_last {
        troubles.push("the target has ended: s saves what was recorded, q quits".to_owned());
    }
    lost(&mut troubles, profile.losses, bound);
    if profile.duration_ns >= SETTLED_NS {
        overhead(&mut troubles, snapshot.overhead, bound);
    }
    if totals_are_estimates(&profile.coverage) {
        troubles.push(
            "the runtime's counters cannot be read: totals are scaled by time; goalloc doctor \
             and goalloc verify say more"
                .to_owned(),
        );
    }
    let is_cut = |counted: u64| profile.losses.stacks_cut as f64 > NOTABLE_CUT * counted as f64;
    if is_cut(profile.coverage.objects_counted.max(1)) {
        troubles.push(format!(
            "{} call chains are cut short: sites are right, outer callers are missing",
            count(profile.losses.stacks_cut)
        ));
    }
    troubles.extend(
        profile
            .warnings
            .iter()
            .filter(|warning| !warning.starts_with("totals are estimates"))
            .cloned(),
    );
    troubles
}

/// Whether totals are not the runtime's own.
pub fn totals_are_estimates(coverage: &Coverage) -> bool {
    coverage.method != Method::All && coverage.objects_runtime.is_none()
}

fn lost(troubles: &mut Vec<String>, losses: Losses, bound: MaxOverhead) {
    let cure = match bound {
        MaxOverhead::None => "--max-overhead 2 traces less at a time",
        MaxOverhead::Percent(_) => "a lower --max-overhead traces less at a time",
    };
    if losses.events > 0 {
        troubles.push(format!(
            "LOST: {} events are in no row; {cure}",
            count(losses.events)
        ));
    }
    if losses.stacks > 0 {
        troubles.push(format!(
            "LOST: {} events have no call chain; {cure}",
            count(losses.stacks)
        ));
    }
}

fn overhead(troubles: &mut Vec<String>, overhead: Option<f64>, bound: MaxOverhead) {
    let Some(overhead) = overhead else {
        return;
    };
    match bound {
        MaxOverhead::Percent(percent) if overhead * 100.0 > NOTABLE_EXCESS * percent => {
            troubles.push(format!(
                "overhead is {:.1} %, more than the bound: it is made good as recording goes on",
                overhead * 100.0
            ));
        }
        MaxOverhead::None if overhead > NOTABLE_UNBOUNDED => troubles.push(format!(
            "tracing takes {:.0} % of the target's own CPU time on top: --max-overhead 2 bounds that",
            overhead * 100.0
        )),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn nothing_wrong_nothing_said() {
        let mut snapshot = Snapshot::default();
        snapshot.profile.coverage.objects_counted = 1_000;
        snapshot.profile.losses.stacks_cut = 10;
        snapshot.overhead = Some(0.02);
        assert_eq!(
            troubles(&snapshot, MaxOverhead::Percent(2.0)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn everything_wrong_is_said_with_a_cure() {
        let mut profile = fixture::sampled();
        profile.coverage.objects_runtime = None;
        profile.losses.stacks_cut = 100_000;
        profile
            .warnings
            .push("totals are estimates: the runtime's own".to_owned());
        let snapshot = Snapshot {
            profile,
            overhead: Some(0.04),
            is_last: true,
            ..Snapshot::default()
        };
        let said = troubles(&snapshot, MaxOverhead::Percent(2.0));
        let beginnings: Vec<&str> = said
            .iter()
            .map(|it| it.split(':').next().unwrap())
            .collect();
        assert_eq!(
            beginnings,
            [
                "the target has ended",
                "LOST",
                "LOST",
                "overhead is 4.0 %, more than the bound",
                "the runtime's counters cannot be read",
                "100,000 call chains are cut short",
                "runtime.mallocgcTiny is inlined in main.fast",
            ]
        );
        let said = troubles(&snapshot, MaxOverhead::None);
        assert!(said[1].ends_with("--max-overhead 2 traces less at a time"));
        assert!(said.iter().all(|it| !it.contains("overhead is 4.0 %")));
    }
}
