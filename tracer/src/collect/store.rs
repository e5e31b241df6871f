//! What has come through the ring: bounded, and what finds no room is counted.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, MAX_FRAMES, StackId, flags};

use super::decode::{Record, Stack};
use super::drain::Counts;
use super::raw::RuntimeTypeBytes;
use crate::addr::ProcAddr;

/// Call stacks kept of one recording; those that come later are lost, and said
/// to be.
const MOST_STACKS: usize = 1 << 18;

/// Keys of streamed events that are kept; the stacks of others are lost.
const MOST_STREAMED: usize = 1 << 18;
/// Keys without a stack that any table keeps beyond those with one.
const MOST_WITHOUT_STACK: usize = 1 << 12;

/// Types made at run time that are kept.
const MOST_RUNTIME_TYPES: usize = 1 << 14;

/// Reads a type descriptor of a live process; `None` if it cannot be read.
pub type ReadType = Box<dyn FnMut(u32, ProcAddr) -> Option<RuntimeTypeBytes> + Send>;

/// Everything that came through the ring.
pub struct Store {
    read_type: ReadType,
    /// The frames behind the stack identities, since they were last taken.
    pub stacks: HashMap<StackId, Stack>,
    /// Types that are not part of the executable, since they were last taken.
    runtime_types: HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    /// Stacks and types that were taken.
    taken: (usize, usize),
    /// Events that found no room in a map, since they were last taken.
    streamed: Counts,
    /// Events that found no room here either.
    pub dropped: u64,
}

impl Store {
    pub fn new(read_type: ReadType) -> Self {
        Self {
            read_type,
            stacks: HashMap::new(),
            runtime_types: HashMap::new(),
            taken: (0, 0),
            streamed: Counts::new(),
            dropped: 0,
        }
    }

    pub fn take_in(&mut self, record: Record) {
        match record {
            Record::Stack(id, stack) => {
                if self.taken.0 + self.stacks.len() < MOST_STACKS {
                    self.stacks.insert(id, stack);
                }
            }
            Record::Event { key, objects } => self.stream(key, u64::from(objects)),
            Record::Type { pid, address } => {
                if self.taken.1 + self.runtime_types.len() < MOST_RUNTIME_TYPES
                    && let Some(bytes) = (self.read_type)(pid, address)
                {
                    self.runtime_types.insert((pid, address), bytes);
                }
            }
        }
    }

    fn stream(&mut self, key: CountKey, objects: u64) {
        match key_with_room(&self.streamed, key, MOST_STREAMED) {
            Some(key) => *self.streamed.entry(key).or_default() += objects,
            None => self.dropped += objects,
        }
    }

    /// The streamed events since they were last taken.
    pub fn take_streamed(&mut self) -> Counts {
        std::mem::take(&mut self.streamed)
    }

    /// New stacks and types; the room they take is not free again.
    pub fn take_news(
        &mut self,
    ) -> (
        HashMap<StackId, Stack>,
        HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    ) {
        self.taken.0 += self.stacks.len();
        self.taken.1 += self.runtime_types.len();
        (
            std::mem::take(&mut self.stacks),
            std::mem::take(&mut self.runtime_types),
        )
    }

    /// The streamed events, to be taken later.
    pub fn streamed(&self) -> &Counts {
        &self.streamed
    }

    /// What part of the room is left, 0 to 1.
    pub fn room(&self) -> f64 {
        let stacks = (self.taken.0 + self.stacks.len()) as f64 / MOST_STACKS as f64;
        let streamed = self.streamed.len() as f64 / MOST_STREAMED as f64;
        1.0 - stacks.max(streamed)
    }
}

/// Under which key a table of `most` keys takes an event in: its own, or that without
/// its stack when there is no more room, or none.
#[must_use]
pub fn key_with_room<V>(
    table: &HashMap<CountKey, V>,
    key: CountKey,
    most: usize,
) -> Option<CountKey> {
    let has_room = |key: &CountKey, most: usize| table.len() < most || table.contains_key(key);
    if has_room(&key, most) {
        return Some(key);
    }
    let key = without_stack(key);
    has_room(&key, most + MOST_WITHOUT_STACK).then_some(key)
}

fn without_stack(key: CountKey) -> CountKey {
    CountKey {
        stack: StackId::default(),
        type_addr: 0,
        flags: key.flags | flags::STACK_LOST,
        ..key
    }
}

/// Frames to keep of a stack when this part of the room is left.
///
/// A program that recurses has ever more distinct stacks: the Go compiler makes
/// 600,000 on package net/http, of whose innermost 8 frames 100,000 differ. So when
/// stacks fill the tables the outer frames go, and with the inner ones the call
/// sites stay.
#[must_use]
pub fn frames_to_keep(room: f64) -> u64 {
    match room {
        0.75.. => MAX_FRAMES as u64,
        0.625.. => 16,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        Store::new(Box::new(|_, address| {
            let mut bytes = [0; 48];
            bytes[0] = address.0 as u8;
            (address.0 != 13).then_some(bytes)
        }))
    }

    fn key(lo: u64) -> CountKey {
        CountKey {
            stack: StackId { lo, hi: 1 },
            type_addr: lo,
            size_bytes: 64,
            ..CountKey::default()
        }
    }

    fn stack(lo: u64) -> Record {
        let stack = Stack {
            pid: 1,
            probe: 0,
            probe_ip: ProcAddr(0),
            frames: vec![ProcAddr(lo)],
        };
        Record::Stack(StackId { lo, hi: 1 }, stack)
    }

    fn event(lo: u64, objects: u32) -> Record {
        let key = key(lo);
        Record::Event { key, objects }
    }

    #[test]
    fn events_add_up_by_key() {
        let mut store = store();
        for record in [event(1, 2), event(2, 5), event(1, 3)] {
            store.take_in(record);
        }
        assert_eq!(
            store.take_streamed(),
            Counts::from([(key(1), 5), (key(2), 5)])
        );
        assert_eq!(store.take_streamed(), Counts::new());
    }

    #[test]
    fn types_are_read_once_they_are_told_of() {
        let mut store = store();
        for address in [7, 13].map(ProcAddr) {
            store.take_in(Record::Type { pid: 1, address });
        }
        let types: Vec<_> = store.runtime_types.into_iter().collect();
        assert!(matches!(types[..], [((1, ProcAddr(7)), bytes)] if bytes[0] == 7));
    }

    #[test]
    fn what_finds_no_room_is_counted_without_its_stack() {
        let mut store = store();
        let many = (MOST_STREAMED + 10) as u64;
        for lo in 0..many {
            store.take_in(event(lo, 3));
        }
        let streamed = store.take_streamed();
        assert_eq!(streamed.len(), MOST_STREAMED + 1);
        assert_eq!(streamed[&without_stack(key(0))], 30);
        assert_eq!(store.dropped, 0);
    }

    #[test]
    fn stacks_become_shorter_as_room_runs_out() {
        let mut store = store();
        let mut kept = Vec::new();
        for lo in 0..MOST_STACKS as u64 {
            kept.push(frames_to_keep(store.room()));
            store.take_in(stack(lo));
        }
        assert!(kept.is_sorted_by(|a, b| a >= b));
        assert_eq!((kept[0], kept[MOST_STACKS - 1]), (MAX_FRAMES as u64, 8));
        store.take_in(stack(u64::MAX));
        assert_eq!(store.stacks.len(), MOST_STACKS);
    }

    #[test]
    fn what_was_handed_over_still_takes_room() {
        let mut store = store();
        for lo in 0..MOST_STACKS as u64 {
            store.take_in(stack(lo));
            if lo % 1000 == 0 {
                store.take_news();
            }
        }
        assert!(store.room().abs() < 1e-9);
        store.take_news();
        store.take_in(stack(u64::MAX));
        assert_eq!(store.take_news().0.len(), 0);
    }
}
