//! The ways to trace a target, or not to.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use tracer::budget::MaxOverhead;

use super::bpftrace::Bpftrace;
use super::goalloc::{self, Recorder, Recording};
use super::own::Own;
use super::program::Program;
use super::usage::{self, Usage};

/// A way to trace, or not to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tracing {
    /// Nothing attached.
    Untraced,
    /// goalloc with this bound.
    Goalloc(MaxOverhead),
    /// bpftrace at the entry of `runtime.mallocgc`, with its stack walk.
    Bpftrace,
}

impl fmt::Display for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untraced => f.write_str("untraced"),
            Self::Goalloc(bound) => write!(f, "goalloc --max-overhead {bound}"),
            Self::Bpftrace => f.write_str("bpftrace"),
        }
    }
}

/// What a tracer leaves.
#[derive(Debug, Default)]
pub struct Traced {
    /// goalloc's recording.
    pub recording: Option<Recording>,
    /// What goalloc itself took.
    pub own: Option<Own>,
}

/// Whatever is attached to a running process.
#[derive(Debug)]
pub enum Attached {
    /// Nothing.
    Nothing,
    /// `goalloc record -p`.
    Goalloc(Recorder),
    /// bpftrace.
    Bpftrace(Bpftrace),
}

impl Attached {
    /// Attaches to process `pid`, which runs `executable`.
    pub fn start(tracing: Tracing, pid: u32, executable: &Path) -> Result<Self> {
        Ok(match tracing {
            Tracing::Untraced => Self::Nothing,
            Tracing::Goalloc(bound) => Self::Goalloc(Recorder::attach(pid, bound)?),
            Tracing::Bpftrace => Self::Bpftrace(Bpftrace::attach(executable)?),
        })
    }

    /// Detaches.
    pub fn stop(self) -> Result<Traced> {
        match self {
            Self::Nothing => Ok(Traced::default()),
            Self::Goalloc(recorder) => {
                let (recording, own) = recorder.stop()?;
                Ok(Traced {
                    recording: Some(recording),
                    own,
                })
            }
            Self::Bpftrace(bpftrace) => bpftrace.stop().map(|()| Traced::default()),
        }
    }
}

/// Runs a program to its end.
pub fn run(program: &Program, tracing: Tracing) -> Result<(Usage, Traced)> {
    match tracing {
        Tracing::Untraced => Ok((usage::of_command(program.command())?, Traced::default())),
        Tracing::Goalloc(bound) => {
            let (usage, recording, own) = goalloc::run(program, bound)?;
            let recording = Some(recording);
            Ok((usage, Traced { recording, own }))
        }
        Tracing::Bpftrace => {
            let bpftrace = Bpftrace::attach(&program.file)?;
            let usage = usage::of_command(program.command())?;
            bpftrace.stop()?;
            Ok((usage, Traced::default()))
        }
    }
}
