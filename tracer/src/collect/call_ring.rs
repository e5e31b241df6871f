//! The ring as traced calls go through it, one after the other.

use aya::maps::{MapData, PerCpuArray, RingBuf};
use tracer_ebpf::wire::Counters;

use super::call::Call;
use super::drain::{Error, TakeMap, Totals, read_totals, take, wrong};

/// The kernel side's ring and counters.
pub struct CallRing {
    ring: RingBuf<MapData>,
    counters: PerCpuArray<MapData, Counters>,
    /// Calls taken out.
    received: u64,
    /// The counters when tracing began.
    before: Totals,
}

impl CallRing {
    /// Takes the maps it reads out of the loaded object. What is in them is forgotten:
    /// tracing begins here.
    ///
    /// # Errors
    ///
    /// The object lacks one of them, or one cannot be read.
    pub fn new(take_map: TakeMap<'_>) -> Result<Self, Error> {
        let mut ring = RingBuf::try_from(take(take_map, "RING")?).map_err(wrong("RING"))?;
        let counters =
            PerCpuArray::try_from(take(take_map, "COUNTERS")?).map_err(wrong("COUNTERS"))?;
        while ring.next().is_some() {}
        let before = read_totals(&counters)?;
        Ok(Self {
            ring,
            counters,
            received: 0,
            before,
        })
    }

    /// Takes out up to `most` calls.
    pub fn drain(&mut self, most: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        while calls.len() < most
            && let Some(item) = self.ring.next()
        {
            match Call::decode(&item) {
                Ok(Some(call)) => calls.push(call),
                // Nothing else is attached that sends any.
                Ok(None) => {}
                // It is missing from what was received, and so counts as lost.
                Err(error) => tracing::warn!(%error, "ring record dropped"),
            }
        }
        self.received += calls.len() as u64;
        calls
    }

    /// The kernel side's counters since tracing began.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn totals(&self) -> Result<Totals, Error> {
        Ok(read_totals(&self.counters)?.since(&self.before))
    }

    /// Calls that passed every filter and did not come out, once the probes are off and
    /// the ring is empty: what the programs noticed, and what they did not.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn lost(&self) -> Result<u64, Error> {
        let totals = self.totals()?;
        let missing = totals.hits.saturating_sub(self.received);
        Ok(totals.lost_events.max(missing))
    }
}
