//! The ways to trace the `burn` fixture, every allocation of it.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tracer::attach::{Loaded, Options, Probes, Scope, Site};
use tracer::budget::MaxOverhead;
use tracer::golang::GoBinary;
use tracer::plan::{Counts, Plan, ProbeSet, Scheme};
use tracer_ebpf::wire::gate;

use crate::common::fixture::Fixture;
use crate::common::tracing::{Attached, Tracing};
use crate::common::workload::burn::source;
use crate::common::workload::toolchain;

/// How long each way traces in each round, seconds.
const SECONDS: u64 = 2;

/// A way to trace, or not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing attached.
    Untraced,
    /// An empty BPF program at the same instructions.
    Empty,
    /// `goalloc record`, every allocation, at this stack depth.
    Goalloc {
        /// Frames of the program's own.
        depth: u32,
    },
    /// bpftrace at the entry of `runtime.mallocgc`, with its stack walk.
    Bpftrace,
}

impl Way {
    /// All of them, in the order of the table.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Untraced,
            Self::Empty,
            Self::Goalloc { depth: 5 },
            Self::Goalloc { depth: 30 },
            Self::Goalloc { depth: 100 },
            Self::Bpftrace,
        ]
    }

    fn depth(self) -> u32 {
        match self {
            Self::Goalloc { depth } => depth,
            _ => 5,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untraced => f.write_str("untraced"),
            Self::Empty => f.write_str("empty BPF program, same instructions"),
            Self::Goalloc { depth } => write!(f, "goalloc, every allocation, stack depth {depth}"),
            Self::Bpftrace => f.write_str("bpftrace uprobe:runtime.mallocgc with ustack"),
        }
    }
}

/// The fixture, built.
pub struct Burn {
    executable: PathBuf,
    /// The Go release that built it.
    pub go_version: String,
    _folder: TempDir,
}

impl Burn {
    /// Builds it.
    pub fn build() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join("burn");
        toolchain()?.build(&source("burn"), &executable, &[])?;
        let go_version = GoBinary::open(&executable)?.version().to_string();
        Ok(Self {
            executable,
            go_version,
            _folder: folder,
        })
    }

    /// Runs it on one goroutine and counts what it allocates in a time in which
    /// the tracer is on throughout.
    pub fn ns_per_allocation(&self, way: Way) -> Result<f64> {
        let depth = way.depth().to_string();
        let seconds = SECONDS.to_string();
        let args = ["-g", "1", "-depth", &depth, "-d", &seconds];
        let mut fixture = Fixture::start(&self.executable, &args);
        let tracer = Tracer::start(way, fixture.pid(), &self.executable)?;
        let started = Instant::now();
        fixture.run_section();
        let elapsed = started.elapsed();
        tracer.stop()?;
        let objects = fixture.finish().objects();
        ensure!(objects > 0, "{way}: burn allocated nothing");
        Ok(elapsed.as_nanos() as f64 / objects as f64)
    }
}

/// Whatever is attached.
enum Tracer {
    Attached(Attached),
    Empty {
        _probes: Probes,
        _loaded: Box<Loaded>,
    },
}

impl Tracer {
    fn start(way: Way, pid: u32, executable: &Path) -> Result<Self> {
        let tracing = match way {
            Way::Untraced => Tracing::Untraced,
            Way::Empty => return empty(pid),
            Way::Goalloc { .. } => Tracing::Goalloc(MaxOverhead::None),
            Way::Bpftrace => Tracing::Bpftrace,
        };
        Attached::start(tracing, pid, executable).map(Self::Attached)
    }

    fn stop(self) -> Result<()> {
        match self {
            Self::Attached(attached) => attached.stop().map(drop),
            Self::Empty { .. } => Ok(()),
        }
    }
}

/// The empty program at every instruction goalloc would probe.
fn empty(pid: u32) -> Result<Tracer> {
    let exe = PathBuf::from(format!("/proc/{pid}/exe"));
    let plan = Plan::new(
        &GoBinary::open(&exe)?,
        "alloc".parse::<ProbeSet>()?,
        Scheme::All,
    )?;
    let sites: Vec<Site> = plan
        .probes
        .iter()
        .filter(|probe| probe.counts == Counts::Objects)
        .map(|probe| Site {
            program: "empty",
            offset: probe.file_offset,
            spec: probe.spec,
        })
        .collect();
    let mut loaded = Box::new(Loaded::load(&Options::default())?);
    let scope = Scope::Process(NonZeroU32::new(pid).context("no PID")?);
    let groups = loaded.groups(&exe, &sites, scope)?;
    let probes = groups.window.on()?;
    loaded.gates().open(gate::WINDOW, u64::MAX, None);
    Ok(Tracer::Empty {
        _probes: probes,
        _loaded: loaded,
    })
}
