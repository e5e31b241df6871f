//! How far the ring is filled and emptied: the library tells what is in it, but not that
//! somebody is still writing.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Page size of linux/amd64.
const PAGE_BYTES: usize = 4096;

/// The positions that the ring shares with the kernel: where it is read, in its first
/// page, and up to where records have been reserved, in its second (linux 6.6
/// `kernel/bpf/ringbuf.c`, `struct bpf_ringbuf`).
pub(super) struct RingEnds {
    memory: MmapRaw,
}

/// A position of a ring: bytes that went in before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RingPosition(u64);

impl RingEnds {
    /// Of this ring.
    pub fn of(ring: &impl AsRawFd) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        let memory = options.len(2 * PAGE_BYTES).map_raw_read_only(ring)?;
        Ok(Self { memory })
    }

    /// Up to where records have been reserved: those behind it are begun later.
    pub fn reserved(&self) -> RingPosition {
        self.position(1)
    }

    /// Up to where records have been taken out.
    pub fn taken(&self) -> RingPosition {
        self.position(0)
    }

    fn position(&self, page: usize) -> RingPosition {
        let at = page * PAGE_BYTES;
        let position = self.memory.as_mut_ptr().wrapping_add(at).cast::<u64>();
        // SAFETY: both pages are mapped as long as `self` lives, each begins with a word
        // that everybody uses as an atomic, and it is only read here.
        let position = unsafe { AtomicU64::from_ptr(position) };
        RingPosition(position.load(Ordering::Acquire))
    }
}
