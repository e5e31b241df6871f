//! The `burn` fixture: two goroutines that do nothing but allocate 64 bytes at a
//! time, from two functions in turn.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tracer::budget::CpuClock;

use super::{Counted, Outcome, Reference, Size, Workload, toolchain};
use crate::common::fixture::Fixture;
use crate::common::tracing::{Attached, Tracing};
use crate::common::truth::Truth;
use crate::common::usage::Usage;

/// Its name on the command line.
pub const NAME: &str = "burn";

/// The fixture, built.
#[derive(Debug)]
pub struct Burn {
    executable: PathBuf,
    _folder: TempDir,
}

impl Burn {
    /// Builds it.
    pub fn build() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join(NAME);
        toolchain()?.build(&source(NAME), &executable, &[])?;
        Ok(Self {
            executable,
            _folder: folder,
        })
    }
}

impl Burn {
    /// The program.
    pub fn executable(&self) -> &Path {
        &self.executable
    }
}

impl Workload for Burn {
    fn name(&self) -> &str {
        NAME
    }

    fn title(&self) -> String {
        "a loop of 64-byte allocations, 2 goroutines".to_owned()
    }

    fn unit(&self) -> &'static str {
        "allocation"
    }

    /// Seconds.
    fn amount(&self, size: Size) -> u64 {
        match size {
            Size::Full => 5,
            Size::Reduced => 2,
            Size::Long => 20,
        }
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        section(&self.executable, &["-d", &amount.to_string()], tracing)
    }

    fn reference(&self) -> Reference {
        Reference::Truth
    }

    fn by(&self) -> &'static str {
        "function"
    }
}

/// The source of a Go test program.
pub fn source(program: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/go");
    folder.join(program)
}

/// Runs the section of a fixture once, traced from before its beginning to after
/// its end. A unit is an object that its functions count.
pub fn section(executable: &Path, args: &[&str], tracing: Tracing) -> Result<Outcome> {
    let mut fixture = Fixture::start(executable, args);
    let clock = CpuClock::of(fixture.pid())?;
    let cpu_ns = || clock.now_ns().context("the fixture ended early");
    let attached = Attached::start(tracing, fixture.pid(), executable)?;
    let (started, cpu_before_ns) = (Instant::now(), cpu_ns()?);
    fixture.run_section();
    let usage = Usage {
        wall: started.elapsed(),
        cpu: Duration::from_nanos(cpu_ns()? - cpu_before_ns),
    };
    let traced = attached.stop()?;
    let truth = fixture.finish();
    ensure!(truth.objects() > 0, "{executable:?} allocated nothing");
    Ok(Outcome {
        units: truth.objects(),
        usage,
        traced,
        counted: Some(Counted {
            objects: truth.mallocs,
            heap_bytes: truth.total_alloc,
        }),
        functions: functions(&truth),
    })
}

/// Bytes by function, of those that know it.
fn functions(truth: &Truth) -> Vec<(String, u64)> {
    let sites = truth.sites.iter();
    sites
        .filter_map(|site| Some((site.function.clone(), site.bytes?)))
        .collect()
}
