//! A recording as it grows, for tests.

use std::time::Duration;

use super::model::{Column, Options, State};
use crate::budget::MaxOverhead;
use crate::profile::{Profile, fixture};
use crate::report::By;
use crate::session::Snapshot;

/// Looks at [`growing`], one a second.
pub const LOOKS: u64 = 24;

/// How a view begins that nothing is asked of.
pub fn options() -> Options {
    Options {
        by: By::Site,
        sort: Column::BytesRate,
        interval: Duration::from_secs(1),
        max_overhead: MaxOverhead::Percent(2.0),
    }
}

/// `whole` after so many of its [`LOOKS`] seconds, in which it grew evenly.
pub fn part(whole: &Profile, looks: u64) -> Snapshot {
    let mut profile = whole.clone();
    for sample in &mut profile.samples {
        for value in [
            &mut sample.values.objects,
            &mut sample.values.bytes,
            &mut sample.values.heap_bytes,
        ] {
            *value = *value * looks / LOOKS;
        }
    }
    profile.duration_ns = looks * 1_000_000_000;
    Snapshot {
        profile,
        overhead: Some(0.019),
        ..Snapshot::default()
    }
}

/// A view of a recording that was looked at every second.
pub fn growing() -> State {
    let mut state = State::new(options());
    state.set_own_cpu(0.008);
    let whole = fixture::sampled();
    for looks in 1..=LOOKS {
        state.take_in(part(&whole, looks));
    }
    state
}
