//! The collector: drains the ring on the caller's timer and reads the counts
//! at the end.

use std::collections::HashMap;

use aya::maps::{Map, MapData, MapError, PerCpuArray, PerCpuHashMap, RingBuf};
use thiserror::Error;
use tracer_ebpf::wire::{CountKey, Counters, StackId, counter};

use super::decode::{Record, Stack};
use super::raw::{RawRecording, RuntimeTypeBytes};
use crate::addr::ProcAddr;

/// Why the maps could not be read.
#[derive(Debug, Error)]
pub enum Error {
    /// The object has no such map, or one of another type.
    #[error("the BPF object has no usable map {name}")]
    Map {
        /// Its name.
        name: &'static str,
        /// What the library said.
        #[source]
        source: Option<MapError>,
    },
    /// A look-up failed.
    #[error("cannot read the BPF map {name}")]
    Read {
        /// Its name.
        name: &'static str,
        /// What the kernel said.
        #[source]
        source: MapError,
    },
}

/// The counters of the kernel side, summed over the CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that passed every filter.
    pub hits: u64,
    /// Bytes they asked for.
    pub bytes: u64,
    /// Events that neither the map nor the ring had room for.
    pub lost_events: u64,
    /// Events counted without their call chain.
    pub lost_stacks: u64,
    /// Events that went through the ring because the map was full.
    pub streamed: u64,
}

/// Reads a type descriptor of a live process; `None` if it cannot be read.
pub type ReadType = Box<dyn FnMut(u32, ProcAddr) -> Option<RuntimeTypeBytes> + Send>;

/// Everything that has come out of the kernel so far.
pub struct Collector {
    ring: RingBuf<MapData>,
    counts: PerCpuHashMap<MapData, CountKey, u64>,
    counters: PerCpuArray<MapData, Counters>,
    read_type: ReadType,
    streamed: HashMap<CountKey, u64>,
    stacks: HashMap<StackId, Stack>,
    runtime_types: HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    undecodable: u64,
}

/// Hands over a map by name.
pub type TakeMap<'a> = &'a mut dyn FnMut(&str) -> Option<Map>;

impl Collector {
    /// Takes the maps it reads out of the loaded object.
    ///
    /// # Errors
    ///
    /// The object lacks one of them.
    pub fn new(take_map: TakeMap<'_>, read_type: ReadType) -> Result<Self, Error> {
        Ok(Self {
            ring: RingBuf::try_from(take(take_map, "RING")?).map_err(wrong("RING"))?,
            counts: PerCpuHashMap::try_from(take(take_map, "COUNTS")?).map_err(wrong("COUNTS"))?,
            counters: PerCpuArray::try_from(take(take_map, "COUNTERS")?)
                .map_err(wrong("COUNTERS"))?,
            read_type,
            streamed: HashMap::new(),
            stacks: HashMap::new(),
            runtime_types: HashMap::new(),
            undecodable: 0,
        })
    }

    /// Empties the ring. Returns the number of records that were in it.
    pub fn drain(&mut self) -> usize {
        let mut records = 0;
        while let Some(item) = self.ring.next() {
            records += 1;
            match Record::decode(&item) {
                Ok(Record::Stack(id, stack)) => {
                    self.stacks.insert(id, stack);
                }
                Ok(Record::Event { key, objects }) => {
                    *self.streamed.entry(key).or_default() += u64::from(objects);
                }
                Ok(Record::Type { pid, address }) => {
                    if let Some(bytes) = (self.read_type)(pid, address) {
                        self.runtime_types.insert((pid, address), bytes);
                    }
                }
                Err(error) => {
                    self.undecodable += 1;
                    tracing::warn!(%error, "ring record dropped");
                }
            }
        }
        records
    }

    /// The kernel side's counters as they stand.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn totals(&self) -> Result<Totals, Error> {
        let per_cpu = self.counters.get(&0, 0).map_err(|source| Error::Read {
            name: "COUNTERS",
            source,
        })?;
        let sum = |slot: u32| per_cpu.iter().map(|counters| counters[slot as usize]).sum();
        Ok(Totals {
            hits: sum(counter::HITS),
            bytes: sum(counter::BYTES),
            lost_events: sum(counter::LOST_EVENTS),
            lost_stacks: sum(counter::LOST_STACKS),
            streamed: sum(counter::STREAMED),
        })
    }

    /// Reads all counts. Call it once the probes are off: a count that still
    /// moves would be read half-way.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn finish(mut self) -> Result<RawRecording, Error> {
        self.drain();
        let mut counts = self.streamed.clone();
        for entry in self.counts.iter() {
            let (key, per_cpu) = entry.map_err(|source| Error::Read {
                name: "COUNTS",
                source,
            })?;
            let count: u64 = per_cpu.iter().sum();
            if count > 0 {
                *counts.entry(key).or_default() += count;
            }
        }
        let totals = self.totals()?;
        Ok(RawRecording {
            counts,
            stacks: self.stacks,
            runtime_types: self.runtime_types,
            hits: totals.hits,
            lost_events: totals.lost_events + self.undecodable,
        })
    }
}

fn take(take_map: TakeMap<'_>, name: &'static str) -> Result<Map, Error> {
    take_map(name).ok_or(Error::Map { name, source: None })
}

fn wrong(name: &'static str) -> impl FnOnce(MapError) -> Error {
    move |source| Error::Map {
        name,
        source: Some(source),
    }
}
