//! Every fixture on every release: each object seen exactly once, each byte
//! accounted for, each at its site.

use crate::{
    common::{self, Slot, build::Variant, fixture::Fixture, goalloc::Recorder},
    compare::assert_exact,
};

/// Runs of a fixture in which the runtime allocates something of its own, until
/// one without. Up to Go 1.22 it makes a list whenever its scavenger has set a
/// timer to another time (go1.22 src/runtime/time.go:686, adjusttimers): no
/// warm-up prevents that, and it can come before hits count or after.
const ATTEMPTS: usize = 5;

/// Records the section of one fixture and compares.
pub fn check(minor: u32, variant: Variant, program: &str) {
    let Some((_slot, executable)) = common::traceable(Slot::take, minor, variant, program) else {
        return;
    };
    for attempt in 1..=ATTEMPTS {
        let mut fixture = Fixture::start(&executable, &[]);
        let recorder = Recorder::start(fixture.pid(), &[]);
        fixture.run_section();
        let recording = recorder.stop();
        let truth = fixture.finish();
        let by_itself = truth.mallocs.abs_diff(truth.objects());
        if by_itself == 0 || attempt == ATTEMPTS {
            assert_exact(&recording, &truth);
            return;
        }
        println!("once more: the runtime made {by_itself} objects by itself");
    }
}

/// A test of every exact fixture for each release.
macro_rules! every_fixture {
    ($check:path => $($release:ident: $minor:literal,)+) => {
        $(mod $release {
            crate::exact::every_fixture!(@of $check, $minor:
                appends boxing channels closures contention descriptors empty
                finalizers gc generics goroutines inline maps new pool
                recursion reflection slices strings threads64 cgo
            );
        })+
    };
    (@of $check:path, $minor:literal: $($program:ident)+) => {
        $(#[test]
        fn $program() {
            $check($minor, stringify!($program));
        })+
    };
}
pub(crate) use every_fixture;

fn plain(minor: u32, program: &str) {
    check(minor, Variant::PLAIN, program);
}

every_fixture! { super::plain =>
    go1_19: 19,
    go1_21: 21,
    go1_22: 22,
    go1_23: 23,
    go1_24: 24,
    go1_25: 25,
    go1_26: 26,
    go1_27: 27,
}
