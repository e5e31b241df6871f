//! Garbage collections, watched from outside.

use super::counts::{Collections, HeapSizes};
use super::error::CountersError;
use super::reader::{ReadMemory, located};
use crate::addr::{LoadBias, ProcAddr};
use crate::golang::bytes::{u32_at, u64_at};
use crate::golang::{CollectorLayout, GoBinary};
use crate::target::{Memory, MemoryRange};

/// Times that is looked when collections end meanwhile.
const LOOKS: usize = 4;

/// No heap is larger: the user half of the address space on x86-64.
const MOST_BYTES: u64 = 1 << 47;

/// Tells which collections have ended, and how large the heap was. One look is one
/// system call: cheap enough for a thousand a second.
///
/// The runtime keeps the sizes of one collection. Its stores, in their order:
///
/// | by | store |
/// |---|---|
/// | `gcStart` (go1.27 src/runtime/mgc.go:772) | `work.startSema` is 0 |
/// | :827 to :832 | `work.heap0`, then `work.tSweepTerm` |
/// | :859 | `work.cycles` is the collection's number |
/// | :951, at any later time | `work.startSema` is 1 |
/// | `gcMarkDone` (:1062) | `work.tMarkTerm` |
/// | `endCycle` (src/runtime/mgcpacer.go:601) | `gcController.lastHeapGoal` |
/// | `gcMarkTermination` (:1364, :1394) | `work.heap1`, `work.heap2` |
/// | :1473 | `memstats.numgc` is the collection's number: it has ended |
///
/// A look reads them in an order that tells whose they are. What the
/// heap was at its start is lost once the next collection starts: it is remembered from
/// looks while a collection ran.
#[derive(Debug)]
pub struct CollectionReader<M = Memory> {
    memory: M,
    numgc: ProcAddr,
    sizes: Result<Places, CountersError>,
    /// Number of the last collection that was seen to run, and its start.
    running: Option<(u32, u64)>,
    buffer: Vec<u8>,
}

/// What one look tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Collections completed so far.
    pub collections: Collections,
    /// The sizes of the last of them, where they can still be told.
    pub heap: Option<HeapSizes>,
}

/// Where the sizes are in the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) work: ProcAddr,
    pub(super) controller: ProcAddr,
    pub(super) layout: CollectorLayout,
}

/// What is read, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Before everything else.
    pub(super) before: Collections,
    pub(super) heap0: u64,
    pub(super) goal: u64,
    pub(super) heap1: u64,
    pub(super) heap2: u64,
    pub(super) start_sema: u32,
    pub(super) cycles: u32,
    pub(super) mark_term_ns: u64,
    pub(super) sweep_term_ns: u64,
    pub(super) heap0_again: u64,
    /// After everything else.
    pub(super) after: Collections,
}

impl<M: ReadMemory> CollectionReader<M> {
    /// Finds what the garbage collector keeps in a process that runs `binary`, loaded
    /// with `bias`. Where the sizes cannot be found there are collections without.
    ///
    /// # Errors
    /// When not even their number can be found or read.
    pub fn open(memory: M, bias: LoadBias, binary: &GoBinary) -> Result<Self, CountersError> {
        let (layout, data) = located(binary)?;
        let numgc = after(data.memstats.in_process(bias), layout.memstats_numgc);
        let places = || {
            let data = binary.collector_data()?;
            Some(Places {
                work: data.work.in_process(bias),
                controller: data.controller.in_process(bias),
                layout: binary.collector_layout()?,
            })
        };
        let places = places().ok_or_else(|| CountersError::NoHeapSizes {
            version: binary.version().raw.clone(),
        });
        Self::with_places(memory, numgc, places)
    }

    pub(super) fn with_places(
        memory: M,
        numgc: ProcAddr,
        sizes: Result<Places, CountersError>,
    ) -> Result<Self, CountersError> {
        let mut reader = Self {
            memory,
            numgc,
            sizes,
            running: None,
            buffer: Vec::new(),
        };
        reader.check()?;
        Ok(reader)
    }

    /// Why there are no sizes; `None` where there are.
    #[must_use]
    pub fn no_heap_sizes(&self) -> Option<&CountersError> {
        self.sizes.as_ref().err()
    }

    /// Which collections have ended, and how large the heap was in the last of them.
    ///
    /// # Errors
    /// When the process has exited.
    pub fn look(&mut self) -> Result<Ended, CountersError> {
        let Ok(places) = self.sizes.clone() else {
            return Ok(Ended {
                collections: self.read_numgc()?,
                heap: None,
            });
        };
        let mut look = Look::default();
        for _ in 0..LOOKS {
            look = self.read(&places)?;
            if look.before == look.after {
                break;
            }
        }
        let heap = look.heap(&mut self.running);
        Ok(Ended {
            collections: look.after,
            heap: heap.filter(HeapSizes::is_plausible),
        })
    }

    /// Holds the number of collections started against that of those ended: there is
    /// one more while one runs. Else sizes are not what was found there.
    fn check(&mut self) -> Result<(), CountersError> {
        let Ok(places) = self.sizes.clone() else {
            return self.read_numgc().map(drop);
        };
        let look = self.read(&places)?;
        let (before, after) = (look.before.completed, look.after.completed);
        let started = look.cycles.wrapping_sub(before);
        if started > after.wrapping_sub(before).saturating_add(1) || look.start_sema > 1 {
            self.sizes = Err(CountersError::Implausible {
                what: "work",
                at: places.work,
                found: format!("{} collections started, {before} ended", look.cycles),
            });
        }
        Ok(())
    }

    fn read_numgc(&self) -> Result<Collections, CountersError> {
        let mut bytes = [0; 8];
        let range = MemoryRange {
            start: self.numgc,
            bytes: bytes.len(),
        };
        let read = self.memory.read_ranges(&[range], &mut bytes);
        read.and_then(|()| collections(&bytes))
            .ok_or(CountersError::Unreadable {
                what: "memstats.numgc",
                at: self.numgc,
            })
    }

    fn read(&mut self, places: &Places) -> Result<Look, CountersError> {
        let ranges = places.ranges(self.numgc);
        self.buffer
            .resize(ranges.iter().map(|range| range.bytes).sum(), 0);
        let read = self.memory.read_ranges(&ranges, &mut self.buffer);
        read.and_then(|()| Look::decode(&self.buffer))
            .ok_or(CountersError::Unreadable {
                what: "work",
                at: places.work,
            })
    }
}

impl Places {
    /// The fields of a [`Look`].
    fn ranges(&self, numgc: ProcAddr) -> [MemoryRange; 11] {
        let layout = &self.layout;
        let work = |offset, bytes| (after(self.work, offset), bytes);
        let goal = after(self.controller, layout.controller_last_heap_goal);
        let ranges = [
            (numgc, 8),
            work(layout.work_heap0, 8),
            (goal, 8),
            work(layout.work_heap1, 8),
            work(layout.work_heap2, 8),
            work(layout.work_start_sema, 4),
            work(layout.work_cycles, 4),
            work(layout.work_mark_term, 8),
            work(layout.work_sweep_term, 8),
            work(layout.work_heap0, 8),
            (numgc, 8),
        ];
        ranges.map(|(start, bytes)| MemoryRange { start, bytes })
    }
}

impl Look {
    /// From the bytes of [`Places::ranges`]; `None` when they are fewer.
    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            before: collections(bytes)?,
            heap0: u64_at(bytes, 8)?,
            goal: u64_at(bytes, 16)?,
            heap1: u64_at(bytes, 24)?,
            heap2: u64_at(bytes, 32)?,
            start_sema: u32_at(bytes, 40)?,
            cycles: u32_at(bytes, 44)?,
            mark_term_ns: u64_at(bytes, 48)?,
            sweep_term_ns: u64_at(bytes, 56)?,
            heap0_again: u64_at(bytes, 64)?,
            after: collections(bytes.get(72..)?)?,
        })
    }

    /// The sizes of the last collection that has ended, as far as they are surely its
    /// own. `running` is the last collection that was seen to run, and its start.
    pub(super) fn heap(&self, running: &mut Option<(u32, u64)>) -> Option<HeapSizes> {
        let ended = self.before.completed;
        if self.after.completed != ended {
            return None;
        }
        let remembered = running.filter(|&(number, _)| number == ended);
        let mut start_bytes = remembered.map(|(_, bytes)| bytes);
        if self.cycles == ended {
            // None has started since. One may be starting, and then it has startSema.
            if self.start_sema == 1 {
                start_bytes = Some(self.heap0);
            }
        } else if self.cycles == ended.wrapping_add(1) {
            *running = Some((self.cycles, self.heap0_again));
            // The next one runs. Until it has marked all the rest is its predecessor's.
            if self.mark_term_ns >= self.sweep_term_ns {
                return None;
            }
        } else {
            return None;
        }
        (ended > 0).then_some(HeapSizes {
            start_bytes,
            end_bytes: self.heap1,
            live_bytes: self.heap2,
            goal_bytes: self.goal,
        })
    }
}

impl HeapSizes {
    fn is_plausible(&self) -> bool {
        let sizes = [self.end_bytes, self.live_bytes];
        let mut sizes = sizes.into_iter().chain(self.start_bytes);
        sizes.all(|bytes| bytes < MOST_BYTES)
    }
}

/// `numforcedgc` lies behind `numgc` in every release (go1.19 src/runtime/mstats.go:39,
/// go1.27 :40).
fn collections(bytes: &[u8]) -> Option<Collections> {
    Some(Collections {
        completed: u32_at(bytes, 0)?,
        forced: u32_at(bytes, 4)?,
    })
}

/// A field of a struct of the process. Past the end of the space it wraps, and the read
/// is a miss.
fn after(start: ProcAddr, offset: u16) -> ProcAddr {
    ProcAddr(start.0.wrapping_add(offset.into()))
}

#[cfg(test)]
#[path = "collections_tests.rs"]
mod tests;
