//! What this machine and this user can do, and the command that mends what is
//! missing.
//!
//! [`Facts`] are read from the system; [`checks()`] judges them, and is pure.

mod capability;
mod checks;
mod facts;

use serde::Serialize;

use crate::budget::HitCost;

pub use capability::{Capability, CapabilitySet};
pub use checks::checks;
pub use facts::{Facts, KernelVersion, Lockdown};

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All that goalloc needs is there.
    Ok,
    /// Some targets or features are out of reach.
    Warn,
    /// No recording is possible.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// The verdict.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it: a command, or one sentence.
    pub cure: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Ok,
            found: found.into(),
            cure: None,
        }
    }

    fn not_ok(
        name: &'static str,
        status: Status,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            name,
            status,
            found: found.into(),
            cure: Some(cure.into()),
        }
    }
}

/// Checks this machine. `load_test` loads goalloc's BPF object, measures what a hit
/// costs and lets go of it again; its error is the reason in one line.
#[must_use]
pub fn run(load_test: impl FnOnce() -> Result<HitCost, String>) -> Vec<Check> {
    let facts = Facts::of_this_machine();
    let mut checks = checks(&facts);
    match load_test() {
        Ok(cost) => {
            checks.push(Check::ok("BPF programs", "load"));
            checks.push(hit_cost(cost));
        }
        Err(reason) => checks.push(Check::not_ok(
            "BPF programs",
            Status::Fail,
            reason,
            "mend the lines above first; then this is a defect worth reporting, with this table",
        )),
    }
    checks
}

/// What `--max-overhead` is reckoned with.
fn hit_cost(cost: HitCost) -> Check {
    Check::ok(
        "cost of a hit",
        format!(
            "{:.0} ns on a stack of 16 frames; {:.0} outside windows",
            cost.turned_away_ns + cost.work_ns,
            cost.turned_away_ns
        ),
    )
}

/// The worst of all verdicts.
#[must_use]
pub fn verdict(checks: &[Check]) -> Status {
    checks
        .iter()
        .map(|check| check.status)
        .max()
        .unwrap_or(Status::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_test_decides() {
        let cost = HitCost {
            turned_away_ns: 500.4,
            work_ns: 750.0,
        };
        let good = run(|| Ok(cost));
        assert_eq!(good.last().unwrap().status, Status::Ok);
        assert_eq!(
            good.last().unwrap().found,
            "1250 ns on a stack of 16 frames; 500 outside windows"
        );
        let bad = run(|| Err("no".to_owned()));
        assert_eq!(bad.last().unwrap().found, "no");
        assert_eq!(verdict(&bad), Status::Fail);
        assert_eq!(verdict(&[]), Status::Ok);
    }

    #[test]
    fn every_flaw_has_a_cure() {
        for check in run(|| Err(String::new())) {
            assert_eq!(
                check.status == Status::Ok,
                check.cure.is_none(),
                "{check:?}"
            );
        }
    }
}
