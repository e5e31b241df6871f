//! What the runtime counts itself, read from outside.

use crate::counters::{CounterReader, Counters, CountersError};
use crate::golang::{self, GoBinary};
use crate::heap_profile::{HeapProfile, HeapProfileError, HeapProfileReader};
use crate::target::{self, Process};

/// The runtime's own counts of one process.
#[derive(Debug)]
pub struct Outside {
    counters: CounterReader,
    heap_profile: Result<HeapProfileReader, HeapProfileError>,
}

/// What they say at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The counters.
    pub counters: Counters,
    /// The heap profile, where there is one.
    pub heap_profile: Result<HeapProfile, HeapProfileError>,
}

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The process cannot be had.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Its executable cannot be used.
    #[error("cannot use {path}")]
    Binary {
        /// Which.
        path: String,
        /// What is wrong with it.
        source: golang::Error,
    },
    /// Its executable is not mapped.
    #[error("process {pid} has no code of its executable mapped")]
    NotMapped {
        /// Which.
        pid: u32,
    },
    /// Its counters cannot be read.
    #[error(transparent)]
    Counters(#[from] CountersError),
}

impl Outside {
    /// Finds them in a running process.
    ///
    /// # Errors
    /// When the process cannot be had, or its counters cannot be read. Without a heap
    /// profile there is one source less.
    pub fn open(pid: u32) -> Result<Self, OutsideError> {
        let process = Process::open(pid)?;
        let binary =
            GoBinary::open(&process.exe_file()).map_err(|source| OutsideError::Binary {
                path: process.exe().path.display().to_string(),
                source,
            })?;
        let maps = process.maps()?;
        let bias = maps
            .exe(&process)
            .and_then(|exe| exe.load_bias(|offset, start| binary.load_bias(offset, start)));
        let bias = bias.ok_or(OutsideError::NotMapped { pid })?;
        Ok(Self {
            counters: CounterReader::open(process.memory()?, bias, &binary)?,
            heap_profile: HeapProfileReader::open(process.memory()?, bias, &binary),
        })
    }

    /// Reads them.
    ///
    /// # Errors
    /// When the counters cannot be read: the process has ended.
    pub fn read(&mut self) -> Result<Reading, CountersError> {
        Ok(Reading {
            counters: self.counters.read()?,
            heap_profile: match &mut self.heap_profile {
                Ok(reader) => reader.read(),
                Err(error) => Err(error.clone()),
            },
        })
    }
}
