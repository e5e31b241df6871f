//! From what the user named to a binary, a plan and loaded programs.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tracer_ebpf::wire;

use super::config::{Config, Subject};
use super::discover;
use crate::addr::LoadBias;
use crate::attach::{self, Loaded, Options, Scope, Site};
use crate::budget::{self, MaxOverhead};
use crate::collect;
use crate::golang::{self, GoBinary};
use crate::plan::{Plan, PlanError, Scheme};
use crate::target::{self, Held, Process};

/// Why there is no recording.
#[derive(Debug, Error)]
pub enum Error {
    /// The process cannot be had.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The executable cannot be used.
    #[error("cannot use {path}")]
    Binary {
        /// Which.
        path: String,
        /// What is wrong with it.
        source: golang::Error,
    },
    /// No probes can be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The probes cannot be put on.
    #[error(transparent)]
    Attach(#[from] attach::Error),
    /// What a hit costs cannot be measured.
    #[error("cannot measure what a hit costs")]
    Calibrate(#[from] budget::Error),
    /// The kernel's tables cannot be read.
    #[error(transparent)]
    Collect(#[from] collect::Error),
    /// The garbage collections of the target cannot be watched.
    #[error("cannot tell when collections end")]
    Collections(#[from] crate::counters::CountersError),
    /// No function to trace.
    #[error(transparent)]
    Select(#[from] crate::trace::SelectError),
    /// Where the executable is in the process is not known.
    #[error("cannot find {path} among the mappings of process {pid}")]
    NotMapped {
        /// The executable.
        path: String,
        /// The process.
        pid: u32,
    },
    /// The target ended before it could be recorded.
    #[error("waiting for the target failed")]
    Wait(#[source] std::io::Error),
}

/// Everything known of one target before the first probe is on.
pub(super) struct Prepared {
    pub held: Option<Held>,
    pub process: Option<Process>,
    pub binary: Arc<GoBinary>,
    pub plan: Plan,
    /// By which path the kernel and we open the executable.
    pub exe_file: PathBuf,
    /// As the target names it.
    pub exe_name: String,
    pub args: Vec<String>,
    pub scope: Scope,
}

impl Prepared {
    /// The process, unless it is every process of an executable.
    pub fn pid(&self) -> Option<u32> {
        match self.scope {
            Scope::Process(pid) => Some(pid.get()),
            Scope::EveryProcess => None,
        }
    }
}

/// What is told of a target when the recording begins.
pub(super) struct Summary {
    pub exe: String,
    pub go_version: String,
    pub probes: usize,
    pub warnings: Vec<String>,
}

impl Summary {
    pub fn of(prepared: &Prepared) -> Self {
        Self {
            exe: prepared.exe_name.clone(),
            go_version: prepared.binary.version().to_string(),
            probes: prepared.plan.probes.len(),
            warnings: prepared.plan.warnings.clone(),
        }
    }
}

/// What will be recorded of an executable that nothing may run yet.
///
/// # Errors
/// It is no Go program that can be traced.
pub(super) fn inspect(path: &Path, config: &Config) -> Result<Summary, Error> {
    let exe = path.display().to_string();
    let (binary, plan) = plan_for(path, &exe, config)?;
    Ok(Summary {
        exe,
        go_version: binary.version().to_string(),
        probes: plan.probes.len(),
        warnings: plan.warnings,
    })
}

/// Opens the subject and plans the probes of each target.
pub(super) fn prepare(config: &Config) -> Result<Vec<Prepared>, Error> {
    match &config.subject {
        Subject::Processes(pids) => pids.iter().map(|&pid| process(pid, config)).collect(),
        Subject::Executable(path) if config.max_overhead != MaxOverhead::None => {
            let running = discover::running(path)?.into_iter();
            running.map(|pid| process(pid, config)).collect()
        }
        Subject::Executable(path) => {
            let exe_name = path.display().to_string();
            let (binary, plan) = plan_for(path, &exe_name, config)?;
            Ok(vec![Prepared {
                held: None,
                process: None,
                args: Vec::new(),
                scope: Scope::EveryProcess,
                binary,
                plan,
                exe_file: path.clone(),
                exe_name,
            }])
        }
        Subject::Command { program, args } => {
            let held = Held::prepare(program, args)?;
            let exe_file = held.exe().to_owned();
            let exe_name = exe_file.display().to_string();
            let (binary, plan) = plan_for(&exe_file, &exe_name, config)?;
            let shown = std::iter::once(program)
                .chain(args)
                .map(|arg| arg.to_string_lossy().into_owned());
            Ok(vec![Prepared {
                args: shown.collect(),
                scope: scope_of(held.pid()),
                held: Some(held),
                process: None,
                binary,
                plan,
                exe_file,
                exe_name,
            }])
        }
    }
}

/// Opens a running process and plans its probes.
pub(super) fn process(pid: u32, config: &Config) -> Result<Prepared, Error> {
    let process = Process::open(pid)?;
    let exe_file = process.exe_file();
    let exe_name = process.exe().path.display().to_string();
    let (binary, plan) = plan_for(&exe_file, &exe_name, config)?;
    Ok(Prepared {
        held: None,
        args: process.args().to_vec(),
        scope: scope_of(process.pid()),
        process: Some(process),
        binary,
        plan,
        exe_file,
        exe_name,
    })
}

fn scope_of(pid: u32) -> Scope {
    NonZeroU32::new(pid).map_or(Scope::EveryProcess, Scope::Process)
}

fn plan_for(path: &Path, name: &str, config: &Config) -> Result<(Arc<GoBinary>, Plan), Error> {
    let binary = GoBinary::open(path).map_err(|source| Error::Binary {
        path: name.to_owned(),
        source,
    })?;
    let plan = Plan::new(&binary, config.probes, config.scheme())?;
    Ok((Arc::new(binary), plan))
}

/// Entries of the map of counts where it is emptied after each window: the time
/// that takes goes by its size, and few windows let in as many hits.
const WINDOW_MAP_ENTRIES: u32 = 1 << 13;

/// Loads the programs for this target.
pub(super) fn load(prepared: &Prepared, config: &Config) -> Result<Loaded, Error> {
    let pid = match prepared.scope {
        Scope::Process(pid) => pid.get(),
        Scope::EveryProcess => 0,
    };
    // Types of a position-independent executable are elsewhere in every
    // process. Where that is not known yet, each new one is announced as if
    // it had been made at run time, and found in the executable after all.
    let bias = load_bias(prepared).unwrap_or_default();
    let types = &prepared.plan.config;
    let options = Options {
        ring_bytes: config.tables.ring_bytes,
        map_entries: match config.scheme() {
            Scheme::All => config.tables.map_entries,
            Scheme::Windows | Scheme::Spans => config.tables.map_entries.min(WINDOW_MAP_ENTRIES),
        },
        mechanism: config.mechanism(),
        config: wire::Config {
            pid,
            types_start: types.types_start.wrapping_add(bias.0),
            types_end: types.types_end.wrapping_add(bias.0),
            ..prepared.plan.config
        },
        ..Options::default()
    };
    Ok(Loaded::load(&options)?)
}

/// What the loader added to the executable's addresses, for a process that
/// runs already.
fn load_bias(prepared: &Prepared) -> Option<LoadBias> {
    let process = prepared.process.as_ref()?;
    let maps = process.maps().ok()?;
    maps.exe(process)?
        .load_bias(|offset, start| prepared.binary.load_bias(offset, start))
}

/// The plan as the kernel wants it.
pub(super) fn sites(plan: &Plan) -> Vec<Site> {
    plan.probes
        .iter()
        .map(|probe| Site {
            program: probe.program.name(),
            offset: probe.file_offset,
            spec: probe.spec,
        })
        .collect()
}
