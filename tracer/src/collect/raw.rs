//! A recording before anything is resolved.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, StackId, flags};

use super::cut::Pieces;
use super::decode::Stack;
use super::tally::Tally;
use crate::addr::ProcAddr;
use crate::counters::Counters;
use crate::profile::Losses;

/// What the kernel side counted.
#[derive(Clone, Debug, Default)]
pub struct RawRecording {
    /// How often each key occurred, and what it stands for.
    pub counts: HashMap<CountKey, Tally>,
    /// The frames behind the stack identities.
    pub stacks: HashMap<StackId, Stack>,
    /// Types that are not part of the executable.
    pub runtime_types: HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    /// Objects and calls that passed every filter, as the probes counted them.
    pub hits: u64,
    /// Events that neither the map nor the ring had room for.
    pub lost_events: u64,
    /// Whether objects were allocated while none was traced.
    pub sampled: bool,
    /// Whether large objects were traced all the time, also while others were not.
    pub large_is_exact: bool,
    /// Objects allocated in the whole recording, by the runtime's own counters,
    /// where they could be read.
    pub runtime: Option<Counters>,
    /// It in pieces, where that was asked for.
    pub pieces: Pieces,
    /// Why nothing is known of the heap before and after garbage collections, where that
    /// is so.
    pub no_heap_sizes: Option<String>,
}

/// A type descriptor copied out of a live process: its first 48 bytes, the
/// fixed part of `abi.Type` (go1.24 src/internal/abi/type.go:20).
pub type RuntimeTypeBytes = [u8; 48];

impl RawRecording {
    /// What is missing from the counts, or from the stacks they hang on.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let mut losses = Losses {
            events: self.lost_events,
            ..Losses::default()
        };
        let mut counted = 0;
        for (key, tally) in &self.counts {
            let count = tally.counted;
            counted += count;
            if key.flags & flags::STACK_LOST != 0 || !self.stacks.contains_key(&key.stack) {
                losses.stacks += count;
            }
            if key.flags & (flags::CUT_AT_DEPTH | flags::CUT_AT_READ) != 0 {
                losses.stacks_cut += count;
            }
        }
        // Every hit is either in a count or a loss that was noticed; what is
        // in neither was lost on the way here.
        losses.events = losses.events.max(self.hits.saturating_sub(counted));
        losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(lo: u64, flags: u16) -> CountKey {
        CountKey {
            stack: StackId { lo, hi: 1 },
            flags,
            ..CountKey::default()
        }
    }

    fn stack() -> Stack {
        Stack {
            pid: 1,
            probe: 0,
            probe_ip: ProcAddr(0),
            frames: vec![ProcAddr(1)],
        }
    }

    #[test]
    fn counts_what_is_missing_by_cause() {
        let raw = RawRecording {
            counts: HashMap::from([
                (key(1, 0), Tally::exact(10)),
                (key(2, 0), Tally::exact(3)),
                (key(0, flags::STACK_LOST), Tally::exact(4)),
                (key(1, flags::CUT_AT_DEPTH), Tally::exact(5)),
            ]),
            stacks: HashMap::from([(StackId { lo: 1, hi: 1 }, stack())]),
            hits: 22,
            lost_events: 0,
            ..RawRecording::default()
        };
        let losses = raw.losses();
        assert_eq!(losses.stacks, 7, "one flagged, one whose record never came");
        assert_eq!(losses.stacks_cut, 5);
        assert_eq!(losses.events, 0);
    }

    #[test]
    fn a_hit_without_a_count_is_a_loss() {
        let raw = RawRecording {
            counts: HashMap::from([(key(1, 0), Tally::exact(10))]),
            stacks: HashMap::from([(StackId { lo: 1, hi: 1 }, stack())]),
            hits: 12,
            lost_events: 1,
            ..RawRecording::default()
        };
        assert_eq!(raw.losses().events, 2);
    }
}
