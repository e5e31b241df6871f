//! The gates, in memory that is shared with the kernel: opening and shutting
//! one takes no call.

use std::sync::atomic::{AtomicU64, Ordering};

use aya::Ebpf;
use aya::maps::Map;
use memmap2::{MmapOptions, MmapRaw};
use rustix::time::{ClockId, clock_gettime};
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

    /// From now on the hits of this gate count, up to `more` of them, and not after
    /// `stop`.
    pub fn open(&self, number: u8, more: u64, stop: Option<Stop>) {
        self.allow(number, more);
        let (deadline_ns, hold_up_ns) = match stop {
            None => (0, 0),
            Some(stop) => (stop.deadline_ns(self.taken(number)), stop.hold_up_ns),
        };
        self.word(number, std::mem::offset_of!(Gate, deadline_ns))
            .store(deadline_ns, Ordering::Relaxed);
        self.word(number, std::mem::offset_of!(Gate, hold_up_ns))
            .store(hold_up_ns, Ordering::Relaxed);
        self.word(number, std::mem::offset_of!(Gate, open))
            .store(1, Ordering::Release);
    }

    /// From now on up to `more` hits are let in, whatever was left.
    pub fn allow(&self, number: u8, more: u64) {
        self.word(number, std::mem::offset_of!(Gate, exhausted_ns))
            .store(0, Ordering::Relaxed);
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

    /// Whether as many were let in as may be, or it is too late: some may have been
    /// turned away.
    #[must_use]
    pub fn is_exhausted(&self, number: u8) -> bool {
        let limit = self.word(number, std::mem::offset_of!(Gate, limit));
        self.taken(number) >= limit.load(Ordering::Relaxed) || self.exhausted_ns(number).is_some()
    }

    /// When the first hit was turned away since it was last [allowed][Self::allow] some,
    /// by [`now_ns`].
    #[must_use]
    pub fn exhausted_ns(&self, number: u8) -> Option<u64> {
        let exhausted = self.word(number, std::mem::offset_of!(Gate, exhausted_ns));
        Some(exhausted.load(Ordering::Relaxed)).filter(|ns| *ns != 0)
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

/// When a gate stops letting hits in, by the time the target has had to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// After this time if no hit comes, by [`now_ns`].
    pub at_ns: u64,
    /// Each hit puts it off by so much: it holds the target up.
    pub hold_up_ns: u64,
}

impl Stop {
    /// When that is after so many hits.
    #[must_use]
    pub fn after(self, hits: u64) -> u64 {
        self.at_ns
            .saturating_add(hits.saturating_mul(self.hold_up_ns))
    }

    /// [`Gate::deadline_ns`] of a gate that has let in so many hits already.
    fn deadline_ns(self, taken: u64) -> u64 {
        let deadline_ns = self.at_ns.wrapping_sub(taken.wrapping_mul(self.hold_up_ns));
        // Zero would be none at all.
        deadline_ns.max(1)
    }
}

/// The time by the clock that the programs go by, nanoseconds.
#[must_use]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_of_earlier_windows_put_nothing_off() {
        let stop = Stop {
            at_ns: 5_000,
            hold_up_ns: 600,
        };
        assert_eq!(stop.deadline_ns(0), 5_000);
        // As the programs add it up again.
        let taken = 1_000_000;
        let deadline_ns = stop.deadline_ns(taken);
        assert_eq!(deadline_ns.wrapping_add(taken * 600), 5_000);
        assert_eq!(Stop { at_ns: 0, ..stop }.deadline_ns(0), 1);
    }
}
