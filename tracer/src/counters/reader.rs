//! The reader.

use std::thread;
use std::time::Duration;

use super::batch::Batch;
use super::check;
use super::counts::Counters;
use super::error::CountersError;
use super::exit::ExitCopy;
use super::processors::Processors;
use super::round::{Outcome, Parts};
use super::tally::Tally;
use crate::addr::{LoadBias, ProcAddr};
use crate::golang::bytes::u64_at;
use crate::golang::{CounterLayout, DataSource, GoBinary, RuntimeData};
use crate::target::{Memory, MemoryRange};

/// Looks in one read, at most. All but the first are at the classes that are
/// not at rest.
const MAX_LOOKS: usize = 16;
/// Times that the runtime is waited for while it rearranges its counters, and
/// how long each. It takes a microsecond, but its thread may be suspended, by this
/// one of all.
const MAX_WAITS: usize = 100;
const WAIT: Duration = Duration::from_micros(200);

/// Memory that can be read in many places at once.
pub trait ReadMemory {
    /// Fills `buffer` with the ranges, one behind the other, read in their order.
    /// `None` when any of them cannot be read.
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()>;
}

impl ReadMemory for Memory {
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        Self::read_ranges(self, ranges, buffer)
    }
}

/// The layout of the runtime's counters in `binary`, and where they are.
pub(super) fn located(binary: &GoBinary) -> Result<(CounterLayout, RuntimeData), CountersError> {
    let version = || binary.version().raw.clone();
    let layout = binary
        .counter_layout()
        .ok_or_else(|| CountersError::UnknownLayout { version: version() })?;
    let data = binary
        .runtime_data()
        .ok_or_else(|| CountersError::NoRuntimeData { version: version() })?;
    Ok((layout, data))
}

/// Where the runtime's structs are, and their fields in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) layout: CounterLayout,
    pub(super) memstats: ProcAddr,
    pub(super) allp: ProcAddr,
    pub(super) emptymspan: ProcAddr,
}

impl Places {
    /// An address further on.
    pub(super) fn offset(
        &self,
        start: ProcAddr,
        bytes: u64,
        what: &'static str,
    ) -> Result<ProcAddr, CountersError> {
        let at = start.0.checked_add(bytes).map(ProcAddr);
        at.ok_or(CountersError::Unreadable { what, at: start })
    }
}

/// Reads the allocation counters of one process.
#[derive(Debug)]
pub struct CounterReader<M = Memory> {
    memory: M,
    places: Places,
    source: DataSource,
    processors: Processors,
    /// The last read. Its counts are never gone below.
    last: Counters,
    /// Kept for their allocations.
    batch: Batch,
    parts: Parts,
    buffer: Vec<u8>,
}

impl<M: ReadMemory> CounterReader<M> {
    /// Finds the counters of a process that runs `binary`, loaded with `bias`, and
    /// makes sure that they are what they should be.
    ///
    /// # Errors
    /// When their place or layout is not known, the process has not started its
    /// runtime yet or has exited, or something else is found in their place.
    pub fn open(memory: M, bias: LoadBias, binary: &GoBinary) -> Result<Self, CountersError> {
        let (layout, data) = located(binary)?;
        let places = Places {
            layout,
            memstats: data.memstats.in_process(bias),
            allp: data.allp.in_process(bias),
            emptymspan: data.emptymspan.in_process(bias),
        };
        Self::with_places(memory, places, data.source)
    }

    pub(super) fn with_places(
        memory: M,
        places: Places,
        source: DataSource,
    ) -> Result<Self, CountersError> {
        let mut processors = Processors::default();
        processors.refresh(&memory, &places)?;
        check::check(&memory, &places, &processors)?;
        let mut reader = Self {
            memory,
            places,
            source,
            processors,
            last: Counters::default(),
            batch: Batch::default(),
            parts: Parts::default(),
            buffer: Vec::new(),
        };
        let first = reader.read()?;
        reader.last = Counters::default();
        let second = reader.read()?;
        check::check_counts(&reader.places, &first, &second)?;
        Ok(reader)
    }

    /// Where the addresses were taken from.
    #[must_use]
    pub fn source(&self) -> DataSource {
        self.source
    }

    /// What the process has allocated since it started.
    ///
    /// # Errors
    /// When the process has exited, or its runtime rearranged its counters for the
    /// whole of the time, some 20 milliseconds.
    pub fn read(&mut self) -> Result<Counters, CountersError> {
        let mut tally = Tally::new();
        let mut is_first = true;
        let mut is_unreadable = false;
        let (mut looks, mut waits) = (0, 0);
        while looks < MAX_LOOKS && waits < MAX_WAITS && !tally.is_complete() {
            looks += 1;
            match self.look(&mut tally, is_first) {
                // What a cache held may have been read while it was written: half an
                // address is that of nothing, and is not to be read ever again.
                None => {
                    is_unreadable = true;
                    self.processors.forget_spans();
                    self.processors.refresh(&self.memory, &self.places)?;
                }
                Some(Outcome::OtherProcessors) => {
                    self.processors.refresh(&self.memory, &self.places)?;
                }
                Some(Outcome::Rearranging) => {
                    looks -= 1;
                    waits += 1;
                    thread::sleep(WAIT);
                }
                Some(Outcome::Counted) => is_first = false,
            }
        }
        if !tally.has_looked() {
            return Err(match is_unreadable {
                true => CountersError::Unreadable {
                    what: "the allocation counters",
                    at: self.places.memstats,
                },
                false => CountersError::Unsettled,
            });
        }
        self.last = tally.counters(&self.last);
        Ok(self.last.clone())
    }

    /// What the process had allocated when it ended, by what was copied then: lower
    /// bounds. `None` when the copy is worth nothing.
    pub fn at_exit(&mut self, copy: &ExitCopy) -> Option<Counters> {
        let counters = copy.counters(&self.places, &self.processors, &self.last)?;
        self.last = counters.clone();
        Some(counters)
    }

    /// `None` when there is an address that cannot be read.
    fn look(&mut self, tally: &mut Tally, is_first: bool) -> Option<Outcome> {
        self.parts.plan(
            &mut self.batch,
            &self.places,
            &self.processors,
            tally,
            is_first,
        );
        self.buffer.resize(self.batch.bytes(), 0);
        self.memory
            .read_ranges(self.batch.ranges(), &mut self.buffer)?;
        self.parts
            .evaluate(&self.buffer, &self.places, &mut self.processors, tally)
    }
}

/// The number at an address.
pub(super) fn read_word(
    memory: &impl ReadMemory,
    at: ProcAddr,
    what: &'static str,
) -> Result<u64, CountersError> {
    read_words::<1>(memory, at, what).map(|[word]| word)
}

/// The numbers from an address on.
pub(super) fn read_words<const N: usize>(
    memory: &impl ReadMemory,
    at: ProcAddr,
    what: &'static str,
) -> Result<[u64; N], CountersError> {
    let mut bytes = vec![0; 8 * N];
    let range = MemoryRange {
        start: at,
        bytes: bytes.len(),
    };
    let unreadable = CountersError::Unreadable { what, at };
    memory.read_ranges(&[range], &mut bytes).ok_or(unreadable)?;
    Ok(std::array::from_fn(|index| {
        u64_at(&bytes, 8 * index).unwrap_or_default()
    }))
}
