//! The runtime's counters of one target, as far as they can be had.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counters::{CollectionReader, CounterReader, Counters, CountersError, Ended};
use crate::golang::GoBinary;
use crate::target::Process;

/// How long to wait until a runtime that was not ready is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// How often they are tried when a recording begins.
const FIRST_TRIES: u32 = 10;

/// Reads the runtime's counters, from when the runtime is there until it is gone.
pub(super) struct CounterSource {
    pid: u32,
    binary: Arc<GoBinary>,
    state: State,
    last: Option<Counters>,
}

enum State {
    /// Not before then.
    Untried(Instant),
    Open(Box<Readers>),
    /// They will never be had.
    Refused,
}

struct Readers {
    counters: CounterReader,
    collections: CollectionReader,
}

impl CounterSource {
    /// Of a process that runs, or with `from_zero` of one that is yet to become
    /// the program.
    pub fn new(pid: u32, binary: Arc<GoBinary>, from_zero: bool) -> Self {
        Self {
            pid,
            binary,
            state: State::Untried(Instant::now()),
            last: from_zero.then(Counters::default),
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

    /// The counters now; if they cannot be read now, as they were read last.
    pub fn read(&mut self) -> Option<Counters> {
        if matches!(self.state, State::Untried(from) if from <= Instant::now()) {
            self.state = self.open();
        }
        if let State::Open(readers) = &mut self.state
            && let Ok(counters) = readers.counters.read()
        {
            self.last = Some(counters);
        }
        self.last.clone()
    }

    /// Garbage collections completed so far, if they can be read now.
    pub fn collections(&mut self) -> Option<Ended> {
        match &mut self.state {
            State::Open(readers) => readers.collections.look().ok(),
            State::Untried(_) | State::Refused => None,
        }
    }

    /// Why nothing is known of the heap before and after them, where that is so.
    pub fn no_heap_sizes(&self) -> Option<String> {
        match &self.state {
            State::Open(readers) => Some(readers.collections.no_heap_sizes()?.to_string()),
            State::Untried(_) | State::Refused => None,
        }
    }

    /// Whether they have been read at least once, other than as zero at the start.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    fn open(&self) -> State {
        match self.try_open() {
            Some(Ok(readers)) => State::Open(Box::new(readers)),
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
    fn try_open(&self) -> Option<Result<Readers, CountersError>> {
        let process = Process::open(self.pid).ok()?;
        let maps = process.maps().ok()?;
        let bias = maps
            .exe(&process)?
            .load_bias(|offset, start| self.binary.load_bias(offset, start))?;
        let (memory, other) = (process.memory().ok()?, process.memory().ok()?);
        let open = || {
            Ok(Readers {
                counters: CounterReader::open(memory, bias, &self.binary)?,
                collections: CollectionReader::open(other, bias, &self.binary)?,
            })
        };
        Some(open())
    }
}
