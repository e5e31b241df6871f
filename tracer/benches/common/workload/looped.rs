//! Fixtures whose section is repeated until it lasts.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::burn::{section, source};
use super::{Outcome, Reference, Size, Workload, toolchain};
use crate::common::tracing::Tracing;

/// Those that can be repeated, and know the bytes they ask for.
pub const NAMES: [&str; 8] = [
    "boxing",
    "channels",
    "closures",
    "contention",
    "generics",
    "reflection",
    "slices",
    "strings",
];

/// How long the repeated section is to last.
const LONG: Duration = Duration::from_secs(5);

/// Repeats that tell how long one takes.
const TRIAL: u64 = 50;

/// A fixture, built.
#[derive(Debug)]
pub struct Looped {
    name: &'static str,
    executable: PathBuf,
    /// Repeats that last that long.
    repeats: u64,
    _folder: TempDir,
}

impl Looped {
    /// Builds it and finds out how often its section is to be repeated.
    pub fn build(name: &'static str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join(name);
        toolchain()?.build(&source(name), &executable, &[])?;
        let mut looped = Self {
            name,
            executable,
            repeats: 0,
            _folder: folder,
        };
        let trial = looped.run(Tracing::Untraced, TRIAL)?.usage.wall;
        let repeats = TRIAL as f64 * LONG.as_secs_f64() / trial.as_secs_f64();
        looped.repeats = repeats.ceil() as u64;
        Ok(looped)
    }
}

impl Workload for Looped {
    fn name(&self) -> &str {
        self.name
    }

    fn title(&self) -> String {
        format!("fixture `{}`, repeated", self.name)
    }

    fn unit(&self) -> &'static str {
        "allocation"
    }

    /// Repeats.
    fn amount(&self, size: Size) -> u64 {
        match size {
            Size::Full | Size::Long => self.repeats,
            Size::Reduced => TRIAL,
        }
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        section(&self.executable, &["-repeat", &amount.to_string()], tracing)
    }

    fn reference(&self) -> Reference {
        Reference::Truth
    }

    fn by(&self) -> &'static str {
        "function"
    }
}
