//! The collector: drains the ring on the caller's timer and takes the counts
//! when the probes are off.

use std::collections::HashMap;

use aya::maps::{Map, MapData, MapError, PerCpuArray, RingBuf};
use aya::util::nr_cpus;
use thiserror::Error;
use tracer_ebpf::wire::{CountKey, Counters, StackId, counter};

use super::batch::Taker;
use super::cuts::{Cuts, Table};
use super::decode::{Record, Stack};
use super::raw::RuntimeTypeBytes;
use super::store::{ReadType, Store};
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
    /// The counts could not be taken out.
    #[error("cannot take the counts out of the BPF map {name}")]
    Take {
        /// Its name.
        name: &'static str,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
    /// How many CPUs there can be is not known.
    #[error("cannot read {path}")]
    Cpus {
        /// Where it is stated.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The counters of the kernel side, summed over the CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Objects and calls of the events that passed every filter.
    pub hits: u64,
    /// Bytes they asked for.
    pub bytes: u64,
    /// Events that neither the map nor the ring had room for.
    pub lost_events: u64,
    /// Events counted without their call chain.
    pub lost_stacks: u64,
    /// Events that went through the ring because the map was full.
    pub streamed: u64,
    /// Times that a probe was hit, counted or not.
    pub traps: u64,
    /// Events whose counting was timed.
    pub timed: u64,
    /// Nanoseconds that took.
    pub timed_ns: u64,
    /// Traps of them at returns of traced calls.
    pub return_traps: u64,
    /// Returns of traced calls that were let in.
    pub returns: u64,
}

impl Totals {
    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            bytes: self.bytes + other.bytes,
            lost_events: self.lost_events + other.lost_events,
            lost_stacks: self.lost_stacks + other.lost_stacks,
            streamed: self.streamed + other.streamed,
            traps: self.traps + other.traps,
            timed: self.timed + other.timed,
            timed_ns: self.timed_ns + other.timed_ns,
            return_traps: self.return_traps + other.return_traps,
            returns: self.returns + other.returns,
        }
    }

    /// What has come on top of `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(earlier.hits),
            bytes: self.bytes.saturating_sub(earlier.bytes),
            lost_events: self.lost_events.saturating_sub(earlier.lost_events),
            lost_stacks: self.lost_stacks.saturating_sub(earlier.lost_stacks),
            streamed: self.streamed.saturating_sub(earlier.streamed),
            traps: self.traps.saturating_sub(earlier.traps),
            timed: self.timed.saturating_sub(earlier.timed),
            timed_ns: self.timed_ns.saturating_sub(earlier.timed_ns),
            return_traps: self.return_traps.saturating_sub(earlier.return_traps),
            returns: self.returns.saturating_sub(earlier.returns),
        }
    }
}

/// How often each key was counted.
pub type Counts = HashMap<CountKey, u64>;

/// A CPU by its number, or none in particular.
pub type Cpu = Option<u16>;

/// How often each key was counted on which CPU.
pub type CpuCounts = HashMap<(CountKey, Cpu), u64>;

/// The counts, wherever they were made.
#[must_use]
pub fn regardless_of_cpu(counts: &CpuCounts) -> Counts {
    let mut sums = Counts::new();
    for ((key, _), count) in counts {
        *sums.entry(*key).or_default() += count;
    }
    sums
}

/// Everything that has come out of the kernel so far.
pub struct Collector {
    ring: RingBuf<MapData>,
    counts: MapData,
    kept_counts: MapData,
    counters: PerCpuArray<MapData, Counters>,
    taker: Taker,
    store: Store,
    undecodable: u64,
    /// What was counted between cuts, where that is asked for.
    cuts: Option<Cuts>,
    /// The kernel side's counters when the recording began.
    before: Totals,
}

/// What a collector holds beside the counts.
#[derive(Debug)]
pub struct News {
    /// The frames behind the stack identities that are new.
    pub stacks: HashMap<StackId, Stack>,
    /// New types that are not part of the executable.
    pub runtime_types: HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    /// What the kernel side says of the whole recording.
    pub totals: Totals,
    /// Records that could not be read.
    pub undecodable: u64,
    /// Events for which there was no room.
    pub dropped: u64,
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
        let cpus = nr_cpus().map_err(|(path, source)| Error::Cpus {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            ring: RingBuf::try_from(take(take_map, "RING")?).map_err(wrong("RING"))?,
            counts: take_per_cpu_hash(take_map, "COUNTS")?,
            kept_counts: take_per_cpu_hash(take_map, "KEPT_COUNTS")?,
            counters: PerCpuArray::try_from(take(take_map, "COUNTERS")?)
                .map_err(wrong("COUNTERS"))?,
            taker: Taker::new(cpus),
            store: Store::new(read_type),
            undecodable: 0,
            cuts: None,
            before: Totals::default(),
        })
    }

    /// From now on [`Collector::cut`] tells what has come since it was last called.
    pub fn keep_cuts(&mut self) {
        self.cuts = Some(Cuts::default());
    }

    /// What was counted since the last cut, taken out by now or not; programs may be
    /// counting meanwhile. Nothing unless cuts are kept.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn cut(&mut self) -> Result<Counts, Error> {
        self.drain();
        let Some(cuts) = &mut self.cuts else {
            return Ok(Counts::new());
        };
        cuts.look(Table::Streamed, self.store.streamed());
        let maps = [
            (Table::Counts, "COUNTS", &self.counts),
            (Table::Kept, "KEPT_COUNTS", &self.kept_counts),
        ];
        for (table, name, map) in maps {
            let mut counts = Counts::new();
            self.taker
                .look(map, |key, per_cpu| {
                    *counts.entry(key).or_default() += per_cpu.iter().sum::<u64>();
                })
                .map_err(|source| Error::Take { name, source })?;
            cuts.look(table, &counts);
        }
        Ok(cuts.cut())
    }

    /// Empties the ring. Returns the number of records that were in it.
    pub fn drain(&mut self) -> usize {
        let mut records = 0;
        while let Some(item) = self.ring.next() {
            records += 1;
            match Record::decode(&item) {
                Ok(record) => self.store.take_in(record),
                Err(error) => {
                    self.undecodable += 1;
                    tracing::warn!(%error, "ring record dropped");
                }
            }
        }
        records
    }

    /// What part of the room for what comes through the ring is left, 0 to 1.
    #[must_use]
    pub fn room(&self) -> f64 {
        self.store.room()
    }

    /// The kernel side's counters since the recording began.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn totals(&self) -> Result<Totals, Error> {
        let now = read_totals(&self.counters)?;
        Ok(now.since(&self.before))
    }

    /// Forgets all that was counted so far: the recording begins here.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn discard(&mut self) -> Result<(), Error> {
        self.take(false)?;
        self.take_kept()?;
        self.store.stacks.clear();
        self.before = Totals::default();
        self.before = self.totals()?;
        Ok(())
    }

    /// Takes the counts of the probes that go on and off, and all that was
    /// streamed, leaving none. Call it once those probes are off: what they
    /// still count meanwhile could be lost. Without `by_cpu` all are of no CPU in
    /// particular, as streamed ones always are.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn take(&mut self, by_cpu: bool) -> Result<CpuCounts, Error> {
        self.drain();
        let streamed = self.store.take_streamed();
        if let Some(cuts) = &mut self.cuts {
            cuts.take(Table::Streamed, &streamed);
        }
        let streamed = streamed.into_iter();
        let mut counts: CpuCounts = streamed.map(|(key, count)| ((key, None), count)).collect();
        let mut taken = Counts::new();
        let with_cuts = self.cuts.is_some();
        self.taker
            .take(&self.counts, |key, per_cpu| {
                if with_cuts {
                    *taken.entry(key).or_default() += per_cpu.iter().sum::<u64>();
                }
                for (cpu, count) in (0..).zip(per_cpu).filter(|(_, count)| **count > 0) {
                    let cpu = by_cpu.then_some(cpu);
                    *counts.entry((key, cpu)).or_default() += count;
                }
            })
            .map_err(|source| Error::Take {
                name: "COUNTS",
                source,
            })?;
        if let Some(cuts) = &mut self.cuts {
            cuts.take(Table::Counts, &taken);
        }
        Ok(counts)
    }

    /// Takes the counts of the probes that are on all the time, once they are
    /// off.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn take_kept(&mut self) -> Result<Counts, Error> {
        let mut counts = Counts::new();
        self.taker
            .take(&self.kept_counts, |key, per_cpu| {
                *counts.entry(key).or_default() += per_cpu.iter().sum::<u64>();
            })
            .map_err(|source| Error::Take {
                name: "KEPT_COUNTS",
                source,
            })?;
        if let Some(cuts) = &mut self.cuts {
            cuts.take(Table::Kept, &counts);
        }
        Ok(counts)
    }

    /// What the tables hold, which stays there: the counts of the probes that go on and
    /// off, with what was streamed, and those of the probes that are on all the time.
    /// Programs may be counting meanwhile.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn look(&mut self) -> Result<(CpuCounts, Counts), Error> {
        self.drain();
        let streamed = self.store.streamed().iter();
        let mut counts: CpuCounts = streamed.map(|(key, n)| ((*key, None), *n)).collect();
        self.taker
            .look(&self.counts, |key, per_cpu| {
                for (cpu, count) in (0..).zip(per_cpu).filter(|(_, count)| **count > 0) {
                    *counts.entry((key, Some(cpu))).or_default() += count;
                }
            })
            .map_err(|source| Error::Take {
                name: "COUNTS",
                source,
            })?;
        let mut kept = Counts::new();
        self.taker
            .look(&self.kept_counts, |key, per_cpu| {
                *kept.entry(key).or_default() += per_cpu.iter().sum::<u64>();
            })
            .map_err(|source| Error::Take {
                name: "KEPT_COUNTS",
                source,
            })?;
        Ok((counts, kept))
    }

    /// What has come beside the counts since this was last asked, once those have been
    /// taken or looked at: a stack goes through the ring before it is counted.
    ///
    /// # Errors
    ///
    /// A map cannot be read.
    pub fn news(&mut self) -> Result<News, Error> {
        self.drain();
        let totals = self.totals()?;
        let (stacks, runtime_types) = self.store.take_news();
        Ok(News {
            stacks,
            runtime_types,
            totals,
            undecodable: self.undecodable,
            dropped: self.store.dropped,
        })
    }
}

/// The kernel side's counters since the programs were loaded.
pub(super) fn read_totals(counters: &PerCpuArray<MapData, Counters>) -> Result<Totals, Error> {
    let per_cpu = counters.get(&0, 0).map_err(|source| Error::Read {
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
        traps: sum(counter::TRAPS),
        timed: sum(counter::TIMED),
        timed_ns: sum(counter::TIMED_NS),
        return_traps: sum(counter::RETURN_TRAPS),
        returns: sum(counter::RETURNS),
    })
}

fn take_per_cpu_hash(take_map: TakeMap<'_>, name: &'static str) -> Result<MapData, Error> {
    match take(take_map, name)? {
        Map::PerCpuHashMap(data) => Ok(data),
        _ => Err(Error::Map { name, source: None }),
    }
}

pub(super) fn take(take_map: TakeMap<'_>, name: &'static str) -> Result<Map, Error> {
    take_map(name).ok_or(Error::Map { name, source: None })
}

pub(super) fn wrong(name: &'static str) -> impl FnOnce(MapError) -> Error {
    move |source| Error::Map {
        name,
        source: Some(source),
    }
}
