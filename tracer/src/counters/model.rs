//! A runtime that allocates while it is read: the same stores in the same order
//! as the real one, some of them between any two ranges of a read and within each.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::reader::{Places, ReadMemory};
use crate::addr::ProcAddr;
use crate::golang::{CLASS_BYTES, CounterLayout, HEAP_STATS_DELTAS, SIZE_CLASSES, SPAN_CLASSES};
use crate::target::MemoryRange;

const BASE: u64 = 0x40_0000;
const MEMSTATS: u64 = BASE;
const ALLP: u64 = BASE + 0x4000;
const EMPTYMSPAN: u64 = BASE + 0x4100;
const ARRAY: u64 = BASE + 0x5000;
const PROCESSORS: u64 = BASE + 0x6000;
const PROCESSOR_BYTES: u64 = 0x100;
const MCACHES: u64 = BASE + 0x8000;
const MCACHE_BYTES: u64 = 0x1000;
const SPANS: u64 = BASE + 0x2_0000;
const SPAN_BYTES: u64 = 160;
const MEMORY_BYTES: usize = 0x80_0000;

/// What a large object takes.
pub(super) const LARGE_BYTES: u64 = 40_960;

/// Stores that nothing comes between.
type Group = Vec<Store>;

/// A store of the runtime; addresses of fields, and how wide they are.
#[derive(Clone, Debug)]
enum Store {
    Set(u64, u64, usize),
    /// To the delta that is written to at that moment.
    AddToDelta(u16, u64),
    /// All counts of one delta to another.
    MergeDelta(usize, usize, usize),
    ClearDelta(usize),
}

/// How closely the model's threads keep together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// A thread is never suspended where that goes unnoticed.
    Brisk,
    /// A thread may be suspended anywhere, for any time.
    Suspended,
}

/// The runtime and its memory.
#[derive(Debug)]
pub(super) struct Model {
    memory: Vec<u8>,
    pub(super) layout: CounterLayout,
    threads: Threads,
    random: u64,
    /// Steps between two parts of a read, at most; none while the model rests.
    pub(super) haste: u64,
    processors: usize,
    /// What each processor, and last a reader of metrics, has still to store.
    todo: Vec<VecDeque<Group>>,
    sweepgen: u32,
    spans: u64,
    /// What the program has really allocated.
    pub(super) small: [u64; SIZE_CLASSES],
    pub(super) tiny: u64,
    pub(super) large: u64,
}

impl Model {
    pub(super) fn new(
        layout: CounterLayout,
        threads: Threads,
        processors: usize,
        seed: u64,
    ) -> Self {
        let mut model = Self {
            memory: vec![0; MEMORY_BYTES],
            layout,
            threads,
            random: seed | 1,
            haste: 0,
            processors,
            todo: vec![VecDeque::new(); processors + 1],
            sweepgen: 0,
            spans: 0,
            small: [0; SIZE_CLASSES],
            tiny: 0,
            large: 0,
        };
        model.set(ALLP, ARRAY, 8);
        model.set(ALLP + 8, processors as u64, 8);
        for index in 0..processors as u64 {
            let p = PROCESSORS + index * PROCESSOR_BYTES;
            model.set(ARRAY + 8 * index, p, 8);
            model.set(p + u64::from(layout.p_mcache), mcache(index), 8);
            for span_class in 0..SPAN_CLASSES as u64 {
                model.set(model.slot(index, span_class), EMPTYMSPAN, 8);
            }
        }
        model
    }

    pub(super) fn places(&self) -> Places {
        Places {
            layout: self.layout,
            memstats: ProcAddr(MEMSTATS),
            allp: ProcAddr(ALLP),
            emptymspan: ProcAddr(EMPTYMSPAN),
        }
    }

    /// Some steps.
    pub(super) fn run(&mut self, steps: u64) {
        for _ in 0..steps {
            self.step();
        }
    }

    /// Brings every thread to where it does nothing.
    pub(super) fn rest(&mut self) {
        self.haste = 0;
        for thread in 0..self.todo.len() {
            while let Some(group) = self.todo.get_mut(thread).and_then(VecDeque::pop_front) {
                self.apply(group);
            }
        }
    }

    /// Lets the reader of metrics end what it does.
    pub(super) fn end_metrics(&mut self) {
        while let Some(group) = self.todo.last_mut().and_then(VecDeque::pop_front) {
            self.apply(group);
        }
    }

    /// Overwrites a word somewhere in what the runtime uses.
    pub(super) fn damage(&mut self, value: u64) {
        let end = SPANS + self.spans * SPAN_BYTES - BASE;
        let at = BASE + self.roll(end);
        self.set(at, value, 8);
    }

    /// Puts another span into a slot, and returns what was there.
    pub(super) fn replace_span(&mut self, processor: u64, span_class: u64, span: u64) -> u64 {
        let at = self.slot(processor, span_class);
        let before = self.get(at, 8);
        self.set(at, span, 8);
        before
    }

    /// Has a processor's cache where nothing can be read.
    pub(super) fn lose_cache(&mut self, processor: u64) {
        let p = PROCESSORS + processor * PROCESSOR_BYTES;
        self.set(p + u64::from(self.layout.p_mcache), u64::MAX >> 17, 8);
    }

    fn step(&mut self) {
        let thread = self.roll(self.todo.len() as u64) as usize;
        if let Some(group) = self.todo.get_mut(thread).and_then(VecDeque::pop_front) {
            self.apply(group);
            return;
        }
        let groups = if thread == self.processors {
            // Rare events, or nothing.
            match self.roll(150) {
                0 => self.read_metrics(),
                1 if self.todo.iter().all(VecDeque::is_empty) => return self.collect(),
                _ => return,
            }
        } else {
            self.allocate(thread as u64)
        };
        let groups = groups.into_iter().flat_map(|group| match self.threads {
            Threads::Brisk => vec![group],
            Threads::Suspended => group.into_iter().map(|store| vec![store]).collect(),
        });
        let groups: Vec<_> = groups.collect();
        if let Some(todo) = self.todo.get_mut(thread) {
            todo.extend(groups);
        }
    }

    /// `mallocgc` of an object of few sizes, of a tiny or of a large one.
    fn allocate(&mut self, processor: u64) -> Vec<Group> {
        if self.roll(8) == 0 {
            self.tiny += 1;
            let at = mcache(processor) + u64::from(self.layout.mcache_tiny_allocs);
            self.set(at, self.get(at, 8) + 1, 8);
            return Vec::new();
        }
        if self.roll(50) == 0 {
            self.large += 1;
            let (bytes, count) = (
                self.layout.delta_large_alloc,
                self.layout.delta_large_alloc_count,
            );
            return vec![
                vec![Store::AddToDelta(bytes, LARGE_BYTES)],
                vec![Store::AddToDelta(count, 1)],
            ];
        }
        // Spans of 1024 objects, those of tiny blocks, of 128 and of 16 objects.
        let span_class = [2, 5, 12, 52, 53][self.roll(5) as usize];
        let span = self.get(self.slot(processor, span_class), 8);
        let class = span_class as usize / 2;
        let objects = 8192 / u64::from(CLASS_BYTES[class]);
        let count_at = span + u64::from(self.layout.mspan_alloc_count);
        let count = self.get(count_at, 2);
        if span == EMPTYMSPAN || count == objects {
            return self.refill(processor, span_class);
        }
        self.small[class] += 1;
        self.set(count_at, count + 1, 2);
        Vec::new()
    }

    /// `(*mcache).refill`, go1.27 src/runtime/mcache.go:160.
    fn refill(&mut self, processor: u64, span_class: u64) -> Vec<Group> {
        let slot = self.slot(processor, span_class);
        let old = self.get(slot, 8);
        let mut groups = Vec::new();
        if old != EMPTYMSPAN {
            let layout = self.layout;
            let mut group = vec![
                Store::Set(
                    old + u64::from(layout.mspan_sweepgen),
                    self.sweepgen.into(),
                    4,
                ),
                self.add_small(span_class, self.used(old)),
            ];
            if span_class == 5 {
                group.extend(self.flush_tiny(processor));
            }
            let before = old + u64::from(layout.mspan_alloc_count_before_cache);
            groups.extend([group, vec![Store::Set(before, 0, 2)]]);
        }
        let new = SPANS + self.spans * SPAN_BYTES;
        self.spans += 1;
        let class_bytes = CLASS_BYTES[span_class as usize / 2];
        let there_already = self.roll(8192 / u64::from(class_bytes));
        let set = |field: u16, value, bytes| Store::Set(new + u64::from(field), value, bytes);
        let layout = &self.layout;
        groups.push(vec![
            set(layout.mspan_start_addr, 0x7000_0000, 8),
            set(layout.mspan_elemsize, class_bytes.into(), 8),
            set(layout.mspan_spanclass, span_class, 1),
            set(layout.mspan_alloc_count, there_already, 2),
            set(layout.mspan_sweepgen, (self.sweepgen + 3).into(), 4),
            set(layout.mspan_alloc_count_before_cache, there_already, 2),
        ]);
        groups.push(vec![Store::Set(slot, new, 8)]);
        groups
    }

    /// A collection ends: the sweep generation rises, and each processor gives back
    /// its spans (`releaseAll`, go1.27 src/runtime/mcache.go:290).
    fn collect(&mut self) {
        self.sweepgen += 2;
        let numgc = MEMSTATS + u64::from(self.layout.memstats_numgc);
        self.set(numgc, self.get(numgc, 4) + 1, 4);
        for processor in 0..self.processors as u64 {
            let mut groups = Vec::new();
            for span_class in 0..SPAN_CLASSES as u64 {
                let slot = self.slot(processor, span_class);
                let span = self.get(slot, 8);
                if span == EMPTYMSPAN {
                    continue;
                }
                let field = |field: u16| span + u64::from(field);
                let used = self.used(span);
                groups.push(vec![
                    Store::Set(field(self.layout.mspan_alloc_count_before_cache), 0, 2),
                    self.add_small(span_class, used),
                    Store::Set(
                        field(self.layout.mspan_sweepgen),
                        (self.sweepgen - 1).into(),
                        4,
                    ),
                ]);
                // Sweeping counts anew what is in it.
                let left = self.roll(3);
                groups.push(vec![Store::Set(
                    field(self.layout.mspan_alloc_count),
                    left,
                    2,
                )]);
                groups.push(vec![Store::Set(slot, EMPTYMSPAN, 8)]);
            }
            groups.push(self.flush_tiny(processor));
            let flush_gen = mcache(processor) + u64::from(self.layout.mcache_flush_gen);
            groups.push(vec![Store::Set(flush_gen, self.sweepgen.into(), 4)]);
            if let Some(todo) = self.todo.get_mut(processor as usize) {
                todo.extend(groups);
            }
        }
    }

    /// `consistentHeapStats.read`, go1.27 src/runtime/mstats.go:847.
    fn read_metrics(&mut self) -> Vec<Group> {
        let generation = self.generation();
        let previous = (generation + 2) % HEAP_STATS_DELTAS;
        let gen_at = MEMSTATS + u64::from(self.layout.memstats_heap_stats_gen);
        let next = (generation + 1) % HEAP_STATS_DELTAS;
        let half = SIZE_CLASSES / 2;
        vec![
            vec![Store::Set(gen_at, next as u64, 4)],
            vec![Store::MergeDelta(previous, generation, half)],
            vec![Store::MergeDelta(previous, generation, SIZE_CLASSES)],
            vec![Store::ClearDelta(previous)],
        ]
    }

    fn flush_tiny(&self, processor: u64) -> Group {
        let at = mcache(processor) + u64::from(self.layout.mcache_tiny_allocs);
        let count = Store::AddToDelta(self.layout.delta_tiny_alloc_count, self.get(at, 8));
        vec![count, Store::Set(at, 0, 8)]
    }

    fn add_small(&self, span_class: u64, objects: u64) -> Store {
        let class = span_class as u16 / 2;
        Store::AddToDelta(self.layout.delta_small_alloc_count + 8 * class, objects)
    }

    fn used(&self, span: u64) -> u64 {
        let field = |field: u16| self.get(span + u64::from(field), 2);
        field(self.layout.mspan_alloc_count) - field(self.layout.mspan_alloc_count_before_cache)
    }

    fn apply(&mut self, group: Group) {
        for store in group {
            match store {
                Store::Set(at, value, bytes) => self.set(at, value, bytes),
                Store::AddToDelta(field, value) => {
                    let at = self.delta(self.generation()) + u64::from(field);
                    self.set(at, self.get(at, 8) + value, 8);
                }
                Store::MergeDelta(from, to, classes) => self.merge(from, to, classes),
                Store::ClearDelta(delta) => {
                    let at = (self.delta(delta) - BASE) as usize;
                    let bytes = usize::from(self.layout.heap_stats_delta_bytes);
                    self.memory[at..at + bytes].fill(0);
                }
            }
        }
    }

    /// Half of the classes, then the other half and the rest.
    fn merge(&mut self, from: usize, to: usize, classes: usize) {
        let half = SIZE_CLASSES / 2;
        let is_end = classes > half;
        let small = |class| self.layout.delta_small_alloc_count + 8 * class as u16;
        let mut fields: Vec<u16> = (classes - half..classes).map(small).collect();
        if is_end {
            fields.extend([
                self.layout.delta_tiny_alloc_count,
                self.layout.delta_large_alloc,
                self.layout.delta_large_alloc_count,
            ]);
        }
        for field in fields {
            let at = self.delta(to) + u64::from(field);
            let added = self.get(self.delta(from) + u64::from(field), 8);
            self.set(at, self.get(at, 8) + added, 8);
        }
    }

    fn generation(&self) -> usize {
        self.get(MEMSTATS + u64::from(self.layout.memstats_heap_stats_gen), 4) as usize
    }

    fn delta(&self, index: usize) -> u64 {
        let stats = MEMSTATS + u64::from(self.layout.memstats_heap_stats);
        stats + index as u64 * u64::from(self.layout.heap_stats_delta_bytes)
    }

    fn slot(&self, processor: u64, span_class: u64) -> u64 {
        mcache(processor) + u64::from(self.layout.mcache_alloc) + 8 * span_class
    }

    fn get(&self, at: u64, bytes: usize) -> u64 {
        let mut value = [0; 8];
        let at = (at - BASE) as usize;
        value[..bytes].copy_from_slice(&self.memory[at..at + bytes]);
        u64::from_le_bytes(value)
    }

    fn set(&mut self, at: u64, value: u64, bytes: usize) {
        let at = (at - BASE) as usize;
        self.memory[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
    }

    /// A number below `end`: xorshift64.
    pub(super) fn roll(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % end
    }
}

fn mcache(processor: u64) -> u64 {
    MCACHES + processor * MCACHE_BYTES
}

impl ReadMemory for &RefCell<Model> {
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        let mut rest = buffer;
        for range in ranges {
            let mut model = self.borrow_mut();
            let at = usize::try_from(range.start.0.checked_sub(BASE)?).ok()?;
            let end = at.checked_add(range.bytes)?;
            let (filled, behind) = rest.split_at_mut(range.bytes);
            // The kernel copies word by word, and may be interrupted at any; in the
            // middle of a span it goes unnoticed.
            let words = (range.bytes / 8).max(1) as u64;
            let torn = match range.start.0 {
                SPANS.. => 0,
                _ => 8 * model.roll(words) as usize,
            };
            for part in [0..torn, torn..range.bytes] {
                let copied = model.memory.get(at..end)?.get(part.clone())?;
                filled.get_mut(part)?.copy_from_slice(copied);
                let steps = model.haste.checked_add(1).map_or(0, |end| model.roll(end));
                model.run(steps);
            }
            rest = behind;
        }
        rest.is_empty().then_some(())
    }
}
