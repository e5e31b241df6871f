//! What tests on live Go processes share: fixtures built and run, goalloc
//! driven through its command line.

pub mod build;
pub mod fixture;
pub mod goalloc;
pub mod lines;
pub mod report;
mod skip;
pub mod tmux;
pub mod truth;

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex, PoisonError},
};

use xtask::go::Toolchain;

use build::{Go, Variant};
pub use skip::skip;

/// Live tests at the same time. Each is a busy target and a tracer: more of
/// them do not end earlier on the two cores of a small machine.
const AT_ONCE: usize = 2;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// A place among the live tests that run at the same time, given back on drop.
#[derive(Debug)]
pub struct Slot(());

impl Slot {
    /// Waits for a place.
    pub fn take() -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = ENDED
            .wait_while(running, |it| *it >= AT_ONCE)
            .unwrap_or_else(PoisonError::into_inner);
        *running += 1;
        Self(())
    }

    /// Waits until no other live test runs, and keeps it so.
    pub fn take_all() -> Vec<Self> {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = ENDED
            .wait_while(running, |it| *it > 0)
            .unwrap_or_else(PoisonError::into_inner);
        *running += AT_ONCE;
        (0..AT_ONCE).map(|_| Self(())).collect()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_all();
    }
}

/// The toolchain of Go 1.`minor`. `None`, with the reason printed, if there is
/// none; then the test is to end.
pub fn toolchain(minor: u32) -> Option<Toolchain> {
    let found = Toolchain::of_release(1, minor).expect("the toolchains can be listed");
    if found.is_none() {
        skip(&format!("no Go 1.{minor}: run `cargo xtask setup --go`"));
    }
    found
}

/// Where the fixtures of Go 1.`minor` come from. `None`, with the reason
/// printed, if there is neither a toolchain nor what one has built.
pub fn go(minor: u32) -> Option<Go> {
    match build::prebuilt(minor) {
        Some(folder) => Some(Go::Prebuilt(folder)),
        None => toolchain(minor).map(Go::Toolchain),
    }
}

/// The executable of a fixture that is to be traced, and a place to run it in
/// from `take`. `None`, with the reason printed, if the test is to end.
pub fn traceable<T>(
    take: impl FnOnce() -> T,
    minor: u32,
    variant: Variant,
    program: &str,
) -> Option<(T, PathBuf)> {
    if !build::collects() && !can_trace() {
        return None;
    }
    runnable(take, minor, variant, program)
}

/// Like [`traceable`], of a fixture that is only to be run.
pub fn runnable<T>(
    take: impl FnOnce() -> T,
    minor: u32,
    variant: Variant,
    program: &str,
) -> Option<(T, PathBuf)> {
    let go = go(minor)?;
    let place = take();
    let executable = build::fixture(&go, variant, program);
    if build::collects() {
        println!("skipped: {program} is built, to be run elsewhere");
        return None;
    }
    Some((place, executable))
}

/// Whether this process may trace others. Otherwise the reason is printed, and
/// the test is to end.
pub fn can_trace() -> bool {
    if build::collects() {
        println!("skipped: fixtures are built, to be run elsewhere");
        return false;
    }
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("not root");
    }
    root
}
