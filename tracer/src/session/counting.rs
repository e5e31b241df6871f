//! The runtime's counters of one target, as far as they can be had.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::exits::ExitWatch;
use crate::addr::LoadBias;
use crate::counters::{CollectionReader, CounterReader, Counters, CountersError, Ended};
use crate::golang::GoBinary;
use crate::target::{Memory, Process};

/// How long to wait until a runtime that was not ready is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// How often they are tried when a recording begins.
const FIRST_TRIES: u32 = 10;

/// Reads the runtime's counters, from when the runtime is there until it is gone.
pub(super) struct CounterSource {
    pid: u32,
    binary: Arc<GoBinary>,
    state: State,
    /// Opened when they are first asked for: finding them takes a while.
    collections: Option<CollectionReader>,
    last: Option<Counters>,
    /// When they were read last, or to begin with when reading them was first thought of.
    read_at: Instant,
    /// Tells what they were when the process ended.
    exit: Option<ExitWatch>,
    is_read_to_the_end: bool,
}

enum State {
    /// Not before then.
    Untried(Instant),
    Open(Box<CounterReader>),
    /// They will never be had.
    Refused,
}

impl CounterSource {
    /// Of a process that runs, or with `from_zero` of one that is yet to become
    /// the program.
    pub fn new(pid: u32, binary: Arc<GoBinary>, from_zero: bool, exit: Option<ExitWatch>) -> Self {
        Self {
            pid,
            binary,
            state: State::Untried(Instant::now()),
            collections: None,
            last: from_zero.then(Counters::default),
            read_at: Instant::now(),
            exit,
            is_read_to_the_end: false,
        }
    }

    /// The counters as a recording begins, waited for if need be: without them there
    /// is no telling what was allocated since.
    pub fn read_first(&mut self) -> Option<Counters> {
        for _ in 0..FIRST_TRIES {
            let counters = self.read();
            if counters.is_some() || matches!(self.state, State::Refused) {
                return counters;
            }
            std::thread::sleep(RETRY);
        }
        None
    }

    /// The counters now, or as the process ended; if neither can be had, as they were
    /// read last.
    pub fn read(&mut self) -> Option<Counters> {
        if matches!(self.state, State::Untried(from) if from <= Instant::now()) {
            self.state = self.open();
        }
        if let State::Open(reader) = &mut self.state {
            match reader.read() {
                Ok(counters) => {
                    self.last = Some(counters);
                    self.read_at = Instant::now();
                }
                Err(_) if self.is_read_to_the_end => {}
                Err(_) => {
                    let copy = self.exit.as_ref().and_then(ExitWatch::copy);
                    if let Some(counters) = copy.and_then(|copy| reader.at_exit(&copy)) {
                        self.last = Some(counters);
                        self.is_read_to_the_end = true;
                    }
                }
            }
        }
        self.last.clone()
    }

    /// Reads them if they have never been: only to a reader that knows the process is
    /// what that had counted at its end worth anything.
    pub fn read_once(&mut self) {
        if matches!(self.state, State::Untried(from) if from <= Instant::now()) {
            let _ = self.read();
        }
    }

    /// For how long they have not been read.
    pub fn unread(&self) -> Duration {
        match self.is_read_to_the_end {
            true => Duration::ZERO,
            false => self.read_at.elapsed(),
        }
    }

    /// Garbage collections completed so far, if they can be read now.
    pub fn collections(&mut self) -> Option<Ended> {
        if self.collections.is_none() && self.is_open() {
            let (memory, bias) = self.memory()?;
            self.collections = CollectionReader::open(memory, bias, &self.binary).ok();
        }
        self.collections.as_mut()?.look().ok()
    }

    /// Why nothing is known of the heap before and after them, where that is so.
    pub fn no_heap_sizes(&self) -> Option<String> {
        Some(self.collections.as_ref()?.no_heap_sizes()?.to_string())
    }

    /// Whether they have been read at least once, other than as zero at the start.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    fn open(&self) -> State {
        match self.try_open() {
            Some(Ok(reader)) => State::Open(Box::new(reader)),
            Some(Err(
                error @ (CountersError::UnknownLayout { .. } | CountersError::NoRuntimeData { .. }),
            )) => {
                tracing::debug!(%error, "the runtime's counters are not used");
                State::Refused
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "the runtime's counters cannot be read yet");
                State::Untried(Instant::now() + RETRY)
            }
            None => State::Untried(Instant::now() + RETRY),
        }
    }

    /// `None` while the process is not, or not yet, the program.
    fn try_open(&self) -> Option<Result<CounterReader, CountersError>> {
        let (memory, bias) = self.memory()?;
        Some(CounterReader::open(memory, bias, &self.binary))
    }

    /// The memory of the process, and where it has the program; `None` while it is not,
    /// or not yet, the program.
    fn memory(&self) -> Option<(Memory, LoadBias)> {
        let process = Process::open(self.pid).ok()?;
        let maps = process.maps().ok()?;
        let bias = maps
            .exe(&process)?
            .load_bias(|offset, start| self.binary.load_bias(offset, start))?;
        Some((process.memory().ok()?, bias))
    }
}
