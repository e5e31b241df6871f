use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::golang::GoVersion;

const NUMGC: u64 = 0x100;
const WORK: u64 = 0x1000;
const CONTROLLER: u64 = 0x2000;
const MEMORY_BYTES: usize = 0x3000;

fn places() -> Places {
    let version = GoVersion::parse("go1.27.3").unwrap();
    Places {
        work: ProcAddr(WORK),
        controller: ProcAddr(CONTROLLER),
        layout: CollectorLayout::of_release(&version).unwrap(),
    }
}

/// A collector that runs while it is read.
struct Model {
    state: RefCell<State>,
}

struct State {
    memory: Vec<u8>,
    /// Of the cycle that runs: how many of its stores are done, and its number.
    done: usize,
    cycle: u32,
    /// Store of each cycle before which `gcStart` gives `startSema` back.
    gives_back: usize,
    /// Stores between one range and the next.
    steps: Vec<u8>,
}

/// Each size tells which it is, and of which cycle.
fn size(cycle: u32, which: u64) -> u64 {
    u64::from(cycle) * 16 + which
}

fn sizes(cycle: u32) -> HeapSizes {
    HeapSizes {
        start_bytes: Some(size(cycle, 0)),
        end_bytes: size(cycle, 1),
        live_bytes: size(cycle, 2),
        goal_bytes: size(cycle, 3),
    }
}

impl State {
    fn set(&mut self, at: u64, value: &[u8]) {
        let at = usize::try_from(at).unwrap();
        self.memory[at..at + value.len()].copy_from_slice(value);
    }

    /// The next store of the runtime.
    fn step(&mut self) {
        let layout = places().layout;
        let work = |offset: u16| WORK + u64::from(offset);
        let cycle = self.cycle;
        let time = |phase: u64| (u64::from(cycle) * 8 + phase).to_le_bytes();
        let word = |which| size(cycle, which).to_le_bytes();
        let number = cycle.to_le_bytes();
        if self.done == self.gives_back {
            self.set(work(layout.work_start_sema), &1_u32.to_le_bytes());
        }
        let goal = CONTROLLER + u64::from(layout.controller_last_heap_goal);
        match self.done {
            0 => self.set(work(layout.work_start_sema), &0_u32.to_le_bytes()),
            1 => self.set(work(layout.work_heap0), &word(0)),
            2 => self.set(work(layout.work_sweep_term), &time(1)),
            3 => self.set(work(layout.work_cycles), &number),
            4 => self.set(work(layout.work_mark_term), &time(2)),
            5 => self.set(goal, &word(3)),
            6 => self.set(work(layout.work_heap1), &word(1)),
            7 => self.set(work(layout.work_heap2), &word(2)),
            8 => self.set(NUMGC, &number),
            // The program runs.
            9 => {}
            _ => {
                self.done = 0;
                self.cycle += 1;
                return;
            }
        }
        self.done += 1;
    }
}

impl Model {
    fn new(gives_back: usize, steps: Vec<u8>) -> Self {
        let mut state = State {
            memory: vec![0; MEMORY_BYTES],
            done: 0,
            cycle: 1,
            gives_back,
            steps,
        };
        let sema = WORK + u64::from(places().layout.work_start_sema);
        state.set(sema, &1_u32.to_le_bytes());
        Self {
            state: RefCell::new(state),
        }
    }

    fn run(&self, steps: usize) {
        (0..steps).for_each(|_| self.state.borrow_mut().step());
    }
}

impl ReadMemory for &Model {
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        let mut rest = buffer;
        for range in ranges {
            let mut state = self.state.borrow_mut();
            for _ in 0..state.steps.pop().unwrap_or_default() {
                state.step();
            }
            let at = usize::try_from(range.start.0).ok()?;
            let (filled, behind) = rest.split_at_mut_checked(range.bytes)?;
            filled.copy_from_slice(state.memory.get(at..at + range.bytes)?);
            rest = behind;
        }
        Some(())
    }
}

fn reader(model: &Model) -> CollectionReader<&Model> {
    CollectionReader::with_places(model, ProcAddr(NUMGC), Ok(places())).unwrap()
}

#[test]
fn a_collection_that_ended_has_its_sizes() {
    let model = Model::new(4, Vec::new());
    let mut reader = reader(&model);
    assert_eq!(reader.look().unwrap(), Ended::default());
    model.run(9);
    let first = reader.look().unwrap();
    assert_eq!(first.collections.completed, 1);
    assert_eq!(first.heap, Some(sizes(1)));
    // The next one runs: the start of the first is no longer there.
    model.run(2 + 4);
    let heap = reader.look().unwrap().heap.unwrap();
    assert_eq!((heap.start_bytes, heap.end_bytes), (None, size(1, 1)));
    // It marks: nothing is sure any more.
    model.run(2);
    assert_eq!(reader.look().unwrap().heap, None);
    // The one after has begun to start, but it was seen while it ran.
    model.run(3 + 2 + 2);
    let second = reader.look().unwrap();
    assert_eq!(second.collections.completed, 2);
    assert_eq!(second.heap, Some(sizes(2)));
}

#[test]
fn what_is_something_else_is_not_believed() {
    let model = Model::new(4, Vec::new());
    model.run(40);
    let cycles = WORK + u64::from(places().layout.work_cycles);
    model.state.borrow_mut().set(cycles, &[77]);
    let mut reader = reader(&model);
    let said = reader.no_heap_sizes().unwrap().to_string();
    assert!(said.contains("77 collections started"), "{said}");
    let look = reader.look().unwrap();
    assert!(look.collections.completed > 0 && look.heap.is_none());
}

proptest! {
    /// However the collector runs while it is read, what is said is of the collection
    /// that it is said of.
    #[test]
    fn sizes_are_of_their_collection(
        gives_back in 4_usize..10,
        steps in prop::collection::vec(prop_oneof![4 => Just(0_u8), 2 => 1_u8..3, 1 => 0_u8..30], 0..400),
        between in prop::collection::vec(0_usize..25, 1..30),
    ) {
        let model = Model::new(gives_back, steps);
        let mut reader = reader(&model);
        for steps in between {
            model.run(steps);
            let ended = reader.look().unwrap();
            if let Some(heap) = ended.heap {
                let expected = sizes(ended.collections.completed);
                let start_bytes = heap.start_bytes.or(expected.start_bytes);
                prop_assert_eq!(HeapSizes { start_bytes, ..heap }, expected);
            }
        }
    }
}
