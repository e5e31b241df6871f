//! The gates, in memory that is shared with the kernel: opening and shutting
//! one takes no call.

use std::sync::atomic::{AtomicU64, Ordering};

use aya::Ebpf;
use aya::maps::Map;
use memmap2::{MmapOptions, MmapRaw};
use tracer_ebpf::wire::{Gate, MAX_FRAMES, gate};

use super::{Error, multi::descriptor};

/// What lets hits in. Cheap to ask and to change from any thread.
pub struct Gates {
    /// The values of the map `GATES`: [`gate::COUNT`] of [`Gate`].
    memory: MmapRaw,
}

impl Gates {
    pub(super) fn new(ebpf: &Ebpf) -> Result<Self, Error> {
        let name = "GATES";
        let map: &Map = ebpf.map(name).ok_or(Error::NoMap { name })?;
        let length = size_of::<Gate>() * gate::COUNT as usize;
        let memory = MmapOptions::new()
            .len(length)
            .map_raw(descriptor(map)?)
            .map_err(Error::Gates)?;
        let gates = Self { memory };
        gates.walk(MAX_FRAMES as u64);
        Ok(gates)
    }

    /// From now on so many frames are walked at most, innermost first.
    pub fn walk(&self, most_frames: u64) {
        for number in [gate::WINDOW, gate::ALWAYS] {
            self.word(number, std::mem::offset_of!(Gate, most_frames))
                .store(most_frames, Ordering::Relaxed);
        }
    }

    /// From now on the hits of this gate count, up to `more` of them.
    pub fn open(&self, number: u8, more: u64) {
        self.allow(number, more);
        self.word(number, std::mem::offset_of!(Gate, open))
            .store(1, Ordering::Release);
    }

    /// From now on up to `more` hits are let in, whatever was left.
    pub fn allow(&self, number: u8, more: u64) {
        let limit = self.taken(number).saturating_add(more);
        self.word(number, std::mem::offset_of!(Gate, limit))
            .store(limit, Ordering::Relaxed);
    }

    /// From now on they do not: at one instant for all its probes.
    pub fn shut(&self, number: u8) {
        self.word(number, std::mem::offset_of!(Gate, open))
            .store(0, Ordering::Release);
    }

    /// Hits let in so far, over all the times it was open.
    #[must_use]
    pub fn taken(&self, number: u8) -> u64 {
        self.word(number, std::mem::offset_of!(Gate, taken))
            .load(Ordering::Relaxed)
    }

    /// Whether as many were let in as may be: some may have been turned away.
    #[must_use]
    pub fn is_exhausted(&self, number: u8) -> bool {
        let limit = self.word(number, std::mem::offset_of!(Gate, limit));
        self.taken(number) >= limit.load(Ordering::Relaxed)
    }

    fn word(&self, number: u8, offset: usize) -> &AtomicU64 {
        let index = usize::from(number) % gate::COUNT as usize;
        let at = index * size_of::<Gate>() + offset;
        let word = self.memory.as_mut_ptr().wrapping_add(at).cast::<u64>();
        // SAFETY: `at` is the offset of an aligned u64 within the mapping, which
        // lives as long as `self`; everybody uses it as an atomic.
        unsafe { AtomicU64::from_ptr(word) }
    }
}
