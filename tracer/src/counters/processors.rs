//! The runtime's processors (`p`), and the spans they allocate from.

use super::error::CountersError;
use super::reader::{Places, ReadMemory, read_word, read_words};
use crate::addr::ProcAddr;
use crate::golang::SPAN_CLASSES;

/// Most processors that are believed: more CPUs than Linux supports on x86-64
/// (`NR_CPUS`, arch/x86/Kconfig).
const MAX_PROCESSORS: u64 = 8192;

/// What `runtime.allp` said when it was last read.
#[derive(Debug, Default)]
pub(super) struct Processors {
    /// Pointer and length of the slice.
    pub(super) allp: (ProcAddr, u64),
    pub(super) all: Vec<Processor>,
    /// For each processor in turn, what is known of each entry of `mcache.alloc`.
    pub(super) slots: Vec<Slot>,
}

/// A `p` of the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Processor {
    /// `None` while the runtime is making it.
    pub(super) p: Option<ProcAddr>,
    /// `None` while the runtime is making or ending it.
    pub(super) mcache: Option<ProcAddr>,
}

/// An entry of an `mcache.alloc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// The span that was in it; `None` before the first look, and for
    /// `emptymspan`.
    pub(super) span: Option<ProcAddr>,
}

impl Processors {
    /// Reads `runtime.allp` anew. Processors that stay keep their slots.
    pub(super) fn refresh(
        &mut self,
        memory: &impl ReadMemory,
        places: &Places,
    ) -> Result<(), CountersError> {
        let [array, length] = read_words(memory, places.allp, "allp")?;
        if length == 0 {
            return Err(CountersError::NotStarted);
        }
        if length > MAX_PROCESSORS {
            return Err(CountersError::Implausible {
                what: "allp",
                at: places.allp,
                found: format!("a slice of {length} processors"),
            });
        }
        const ARRAY: &str = "allp's array";
        let array = ProcAddr(array);
        let mut slots = Vec::new();
        let mut all = Vec::new();
        for index in 0..length {
            let at = places.offset(array, 8 * index, ARRAY)?;
            let p = non_zero(read_word(memory, at, ARRAY)?);
            let mcache = match p {
                Some(p) => {
                    let at = places.offset(p, places.layout.p_mcache.into(), "p.mcache")?;
                    non_zero(read_word(memory, at, "p.mcache")?)
                }
                None => None,
            };
            let processor = Processor { p, mcache };
            match self.slots_of(all.len(), processor) {
                Some(known) => slots.extend_from_slice(known),
                None => slots.extend([Slot::default(); SPAN_CLASSES]),
            }
            all.push(processor);
        }
        *self = Self {
            allp: (array, length),
            all,
            slots,
        };
        Ok(())
    }

    /// Forgets which spans the processors allocate from: the next look finds them anew.
    pub(super) fn forget_spans(&mut self) {
        self.slots.fill(Slot::default());
    }

    /// The slots of a processor that is still the one of that index.
    fn slots_of(&self, index: usize, processor: Processor) -> Option<&[Slot]> {
        let is_known = self.all.get(index) == Some(&processor);
        let mut slots = self.slots.chunks_exact(SPAN_CLASSES);
        slots.nth(index).filter(|_| is_known)
    }
}

pub(super) fn non_zero(address: u64) -> Option<ProcAddr> {
    (address != 0).then_some(ProcAddr(address))
}
