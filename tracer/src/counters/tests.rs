//! Reads of a runtime that does not stand still, and of memory that is none.

use std::cell::RefCell;

use proptest::prelude::*;

use super::decode::HeapStats;
use super::exit::ExitCopy;
use super::model::{LARGE_BYTES, Model, Threads};
use super::reader::{CounterReader, Places, ReadMemory};
use super::{Counters, CountersError};
use crate::addr::ProcAddr;
use crate::golang::{CounterLayout, DataSource, GoVersion, SIZE_CLASSES};
use crate::target::MemoryRange;

fn layout(minor: u32) -> CounterLayout {
    CounterLayout::of_release(&GoVersion::parse(&format!("go1.{minor}")).unwrap()).unwrap()
}

type ModelReader<'a> = CounterReader<&'a RefCell<Model>>;

/// What the program has really allocated by now.
fn truth(model: &RefCell<Model>) -> ([u64; SIZE_CLASSES], u64) {
    let model = model.borrow();
    (model.small, model.tiny)
}

fn open(model: &RefCell<Model>) -> ModelReader<'_> {
    let places = model.borrow().places();
    CounterReader::with_places(model, places, DataSource::Symtab).unwrap()
}

/// Objects by which two accounts differ, over all classes.
fn differences(one: &Counters, truth: &([u64; SIZE_CLASSES], u64)) -> u64 {
    let small = one.small.iter().zip(&truth.0);
    let small: u64 = small.map(|(one, other)| one.abs_diff(*other)).sum();
    small + one.tiny.abs_diff(truth.1)
}

/// A model that has run for a while and rests, and where its counters are.
fn rested(minor: u32) -> (RefCell<Model>, Places) {
    let mut model = Model::new(layout(minor), Threads::Brisk, 3, 0x1234_5678_9abc_def1);
    model.run(20_000);
    model.rest();
    let places = model.places();
    (RefCell::new(model), places)
}

fn refusal(model: &RefCell<Model>, places: Places) -> String {
    match CounterReader::with_places(model, places, DataSource::Symtab) {
        Ok(_) => panic!("believed with {:?}", places.layout),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_layout_of_another_release_is_noticed() {
    for minor in 19..=27 {
        let (model, places) = rested(minor);
        open(&model);
        // The reader has no use for the number of elements.
        let mspan_nelems = places.layout.mspan_nelems;
        let others = (19..=27).map(layout).map(|other| CounterLayout {
            mspan_nelems,
            ..other
        });
        for layout in others.filter(|other| *other != places.layout) {
            let refusal = refusal(&model, Places { layout, ..places });
            assert!(!refusal.is_empty());
        }
    }
}

#[test]
fn addresses_of_something_else_are_noticed() {
    let (model, places) = rested(27);
    let next = |at: ProcAddr| ProcAddr(at.0 + 8);
    let of = |places| refusal(&model, places);
    let memstats = Places {
        memstats: next(places.memstats),
        ..places
    };
    assert_eq!(
        of(memstats),
        "what should be the runtime's memstats.heapStats at 0x400008 is something else: \
         objects of no size class"
    );
    let allp = Places {
        allp: next(places.allp),
        ..places
    };
    assert_eq!(
        of(allp),
        "the Go runtime of the process has not started yet"
    );
    let emptymspan = Places {
        emptymspan: places.allp,
        ..places
    };
    assert!(of(emptymspan).contains("where emptymspan at 0x404000 belongs"));
    let nowhere = Places {
        allp: ProcAddr(u64::MAX),
        ..places
    };
    assert_eq!(
        of(nowhere),
        "cannot read allp at 0xffffffffffffffff of the process's memory"
    );
}

proptest! {
    /// Each class has the count of an instant within the read, or bounds that one
    /// lies in.
    #[test]
    fn what_is_read_was_true(
        minor in 19u32..=27,
        processors in 1usize..5,
        seed: u64,
        haste in 0u64..40,
    ) {
        let model = Model::new(layout(minor), Threads::Brisk, processors, seed);
        let model = RefCell::new(model);
        model.borrow_mut().run(500);
        model.borrow_mut().rest();
        let mut reader = open(&model);
        for _ in 0..20 {
            let steps = model.borrow_mut().roll(2000);
            model.borrow_mut().run(steps);
            model.borrow_mut().haste = haste;
            if haste == 0 {
                model.borrow_mut().end_metrics();
            }
            let before = truth(&model);
            let read = match reader.read() {
                Err(CountersError::Unsettled) => continue,
                read => read.unwrap(),
            };
            let after = truth(&model);
            for (class, count) in read.small.iter().enumerate() {
                prop_assert!(*count <= after.0[class], "class {class}: {count} {after:?}");
                let most = count + read.uncertain_objects;
                prop_assert!(most >= before.0[class], "class {class}: {most} {before:?}");
            }
            if haste == 0 {
                prop_assert_eq!(differences(&read, &after), 0);
            }
            prop_assert!(read.tiny <= after.1);
            prop_assert!(read.tiny + read.uncertain_objects >= before.1);
        }
        // At rest a read is exact.
        model.borrow_mut().rest();
        let read = reader.read().unwrap();
        prop_assert_eq!(read.uncertain_objects, 0);
        prop_assert_eq!((read.small, read.tiny), truth(&model));
        let large = model.borrow().large;
        prop_assert_eq!(read.large_objects, large);
        prop_assert_eq!(read.large_bytes, large * LARGE_BYTES);
    }

    /// A thread that is suspended at the worst of places hides or doubles the
    /// objects of one span, and the tiny objects of one cache.
    #[test]
    fn a_suspended_thread_costs_a_span(
        minor in 19u32..=27,
        processors in 1usize..5,
        seed: u64,
    ) {
        let model = Model::new(layout(minor), Threads::Suspended, processors, seed);
        let model = RefCell::new(model);
        let mut reader = open(&model);
        let mut last = Counters::default();
        for _ in 0..20 {
            let steps = model.borrow_mut().roll(2000);
            // All threads are where they are while this is read.
            model.borrow_mut().run(steps);
            model.borrow_mut().end_metrics();
            let read = reader.read().unwrap();
            prop_assert!(last.mallocs() <= read.mallocs());
            let (small, tiny) = truth(&model);
            let bound = processors as u64 * 1024 + read.uncertain_objects;
            let off = differences(&read, &(small, read.tiny));
            prop_assert!(off <= bound, "{off} of {bound}");
            prop_assert!(read.tiny <= 2 * tiny);
            last = read;
        }
    }
}

/// What a probe copies on a thread that no other one interrupts.
fn exit_copy(model: &RefCell<Model>, places: &Places) -> ExitCopy {
    let window = HeapStats::window(&places.layout);
    let mut heap_stats = vec![0; window.bytes];
    let range = MemoryRange {
        start: ProcAddr(places.memstats.0 + u64::from(window.start)),
        bytes: window.bytes,
    };
    model.read_ranges(&[range], &mut heap_stats).unwrap();
    let mut generation = [0; 4];
    generation.copy_from_slice(&heap_stats[window.bytes - 4..]);
    ExitCopy {
        generation: u32::from_le_bytes(generation),
        heap_stats,
    }
}

proptest! {
    /// What was allocated at the end lies between what the copy says and how much more
    /// it says there may be; no read before it was more.
    #[test]
    fn a_copy_at_the_exit_has_bounds(
        minor in 19u32..=27,
        processors in 1usize..5,
        seed: u64,
        steps in 0u64..20_000,
    ) {
        let model = Model::new(layout(minor), Threads::Brisk, processors, seed);
        let model = RefCell::new(model);
        model.borrow_mut().run(500);
        model.borrow_mut().rest();
        let places = model.borrow().places();
        let mut reader = open(&model);
        let read = reader.read().unwrap();
        model.borrow_mut().run(steps);
        model.borrow_mut().rest();
        let end = reader.at_exit(&exit_copy(&model, &places)).unwrap();
        let (small, tiny) = truth(&model);
        for (class, count) in end.small.iter().enumerate() {
            prop_assert!(*count >= read.small[class], "class {class}");
            prop_assert!(*count <= small[class], "class {class}: {count}");
            prop_assert!(count + end.uncertain_objects >= small[class], "class {class}: {count}");
        }
        prop_assert!(end.tiny >= read.tiny && end.tiny <= tiny);
        prop_assert!(end.tiny + end.uncertain_objects >= tiny);
        prop_assert_eq!(end.large_objects, model.borrow().large);
    }

    /// Anything at all in the place of a copy.
    #[test]
    fn any_copy_is_survived(generation: u32, heap_stats in prop::collection::vec(any::<u8>(), 0..4096)) {
        let (model, _) = rested(27);
        let mut reader = open(&model);
        let before = reader.read().unwrap();
        let copy = ExitCopy { generation, heap_stats };
        if let Some(end) = reader.at_exit(&copy) {
            prop_assert!(end.mallocs() >= before.mallocs());
        }
    }
}

#[test]
fn a_copy_amid_a_rearrangement_is_worth_nothing() {
    let (model, places) = rested(27);
    let mut reader = open(&model);
    let copy = exit_copy(&model, &places);
    let next = copy.generation.wrapping_add(1);
    let torn = ExitCopy {
        generation: next,
        ..copy.clone()
    };
    assert_eq!(reader.at_exit(&torn), None);
    let mut cut = copy.clone();
    cut.heap_stats.pop();
    assert_eq!(reader.at_exit(&cut), None);
    let end = reader.at_exit(&copy).unwrap();
    assert_eq!(differences(&end, &truth(&model)), 0);
}

#[test]
fn what_cannot_be_read_is_said_to_be_unreadable() {
    let (model, _) = rested(27);
    let mut reader = open(&model);
    model.borrow_mut().lose_cache(1);
    let read = reader.read();
    assert!(
        matches!(read, Err(CountersError::Unreadable { .. })),
        "{read:?}"
    );
}

/// Half of one address and half of another is no address.
#[test]
fn half_a_span_s_address_is_not_kept() {
    const NOWHERE: u64 = 0x7fff_0000_0000;
    let (model, _) = rested(27);
    let mut reader = open(&model);
    let span = model.borrow_mut().replace_span(1, 12, NOWHERE);
    let without = reader.read().unwrap();
    assert!(without.uncertain_objects > 0);
    model.borrow_mut().replace_span(1, 12, span);
    let counters = reader.read().unwrap();
    assert_eq!(differences(&counters, &truth(&model)), 0);
    assert_eq!(counters.uncertain_objects, 0);
}

proptest! {
    // Each may wait for a runtime that never ends to rearrange its counters.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A runtime's memory, with words in it that are anything.
    #[test]
    fn a_damaged_runtime_is_survived(
        minor in 19u32..=27,
        seed: u64,
        damages in prop::collection::vec(any::<u64>(), 1..200),
        before_open: bool,
    ) {
        let model = RefCell::new(Model::new(layout(minor), Threads::Brisk, 3, seed));
        model.borrow_mut().run(3000);
        model.borrow_mut().rest();
        let places = model.borrow().places();
        let damage = || damages.iter().for_each(|damage| model.borrow_mut().damage(*damage));
        if before_open {
            damage();
        }
        let reader = CounterReader::with_places(&model, places, DataSource::Symtab);
        prop_assert!(before_open || reader.is_ok());
        if let Ok(mut reader) = reader {
            damage();
            let _ = reader.read();
            let _ = reader.read();
        }
    }

    /// Memory that holds anything, at any address.
    #[test]
    fn any_memory_is_survived(
        bytes in prop::collection::vec(any::<u8>(), 1..20_000),
        minor in 19u32..=27,
        places: [u64; 3],
        length in 0u64..5,
    ) {
        let [memstats, allp, emptymspan] = places.map(ProcAddr);
        let places = Places { layout: layout(minor), memstats, allp, emptymspan };
        // Lengths are small now and then, or hardly anything would follow.
        let memory = Anything { bytes, allp, length };
        if let Ok(mut reader) = CounterReader::with_places(memory, places, DataSource::Symtab) {
            let _ = reader.read();
        }
    }
}

/// The same bytes over and over, but for the length of `allp`.
struct Anything {
    bytes: Vec<u8>,
    allp: ProcAddr,
    length: u64,
}

impl ReadMemory for Anything {
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        let mut rest = buffer;
        for range in ranges {
            let (filled, behind) = rest.split_at_mut_checked(range.bytes)?;
            for (index, byte) in filled.iter_mut().enumerate() {
                let at = range.start.0.checked_add(index as u64)?;
                *byte = self.bytes[(at % self.bytes.len() as u64) as usize];
            }
            if range.start == self.allp && self.length > 0 {
                filled
                    .get_mut(8..16)?
                    .copy_from_slice(&self.length.to_le_bytes());
            }
            rest = behind;
        }
        rest.is_empty().then_some(())
    }
}
