//! The ring as traced calls and their returns go through it, one after the other.

use aya::maps::{MapData, MapError, PerCpuArray, RingBuf};
use tracer_ebpf::wire::Counters;

use super::call::Call;
use super::call_return::Return;
use super::decode::DecodeError;
use super::drain::{Error, TakeMap, Totals, read_totals, take, wrong};
use super::ring_ends::{RingEnds, RingPosition};

/// One record of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRecord {
    /// A function was called.
    Call(Call),
    /// A call returned.
    Return(Return),
}

impl CallRecord {
    /// When it was made, by the monotonic clock.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        match self {
            Self::Call(call) => call.time_ns,
            Self::Return(it) => it.time_ns,
        }
    }
}

/// What passed every filter and did not come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostCalls {
    /// Calls.
    pub calls: u64,
    /// Returns of calls.
    pub returns: u64,
}

/// The kernel side's ring and counters.
pub struct CallRing {
    ring: RingBuf<MapData>,
    ends: RingEnds,
    counters: PerCpuArray<MapData, Counters>,
    /// Calls taken out.
    received: u64,
    /// Returns taken out.
    returned: u64,
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
        let ends = RingEnds::of(&ring)
            .map_err(MapError::from)
            .map_err(wrong("RING"))?;
        let counters =
            PerCpuArray::try_from(take(take_map, "COUNTERS")?).map_err(wrong("COUNTERS"))?;
        while ring.next().is_some() {}
        let before = read_totals(&counters)?;
        Ok(Self {
            ring,
            ends,
            counters,
            received: 0,
            returned: 0,
            before,
        })
    }

    /// Takes out up to `most` records.
    pub fn drain(&mut self, most: usize) -> Vec<CallRecord> {
        let mut records = Vec::new();
        while records.len() < most
            && let Some(item) = self.ring.next()
        {
            match decode(&item) {
                Ok(Some(record)) => {
                    match record {
                        CallRecord::Call(_) => self.received += 1,
                        CallRecord::Return(_) => self.returned += 1,
                    }
                    records.push(record);
                }
                // Nothing else is attached that sends any.
                Ok(None) => {}
                // It is missing from what was received, and so counts as lost.
                Err(error) => tracing::warn!(%error, "ring record dropped"),
            }
        }
        records
    }

    /// Behind every record that has been begun by now. A record has its time when it is
    /// begun, and comes out when it is complete: some that were begun before an instant
    /// may come out after it, and even a ring from which none comes may hold some.
    #[must_use]
    pub fn begun(&self) -> RingPosition {
        self.ends.reserved()
    }

    /// Whether every record before a position has come out.
    #[must_use]
    pub fn has_passed(&self, position: RingPosition) -> bool {
        self.ends.taken() >= position
    }

    /// The kernel side's counters since tracing began.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn totals(&self) -> Result<Totals, Error> {
        Ok(read_totals(&self.counters)?.since(&self.before))
    }

    /// What did not come out, once the probes are off and the ring is empty: what the
    /// programs noticed, and what they did not.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn lost(&self) -> Result<LostCalls, Error> {
        let totals = self.totals()?;
        Ok(LostCalls {
            calls: totals.hits.saturating_sub(self.received),
            returns: totals.returns.saturating_sub(self.returned),
        })
    }
}

fn decode(bytes: &[u8]) -> Result<Option<CallRecord>, DecodeError> {
    if let Some(call) = Call::decode(bytes)? {
        return Ok(Some(CallRecord::Call(call)));
    }
    Ok(Return::decode(bytes)?.map(CallRecord::Return))
}
