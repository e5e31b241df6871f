//! A bucket of the heap profile, decoded from bytes that nobody vouches for.

use crate::addr::ProcAddr;
use crate::golang::HeapProfileLayout;
use crate::golang::bytes::u64_at;

/// Size of a `bucket`: next, allnext, typ, hash, size and nstk, a word each. Behind
/// it are the stack's words, and then the `memRecord` (go1.19
/// src/runtime/mprof.go:62, go1.27 :75).
pub(super) const HEADER_BYTES: usize = 48;

/// `memProfile`: go1.19 src/runtime/mprof.go:34, go1.27 :37.
pub(super) const MEM_PROFILE: u64 = 1;

/// Most words of a stack: `maxProfStackDepth`, go1.23 src/runtime/mprof.go:57;
/// before, `maxStack` of 32 (go1.19 :42).
pub(super) const MOST_FRAMES: u64 = 1024;

/// No object is larger: the user half of the address space on x86-64.
const MOST_OBJECT_BYTES: u64 = 1 << 47;

/// What a bucket says for good: nothing of it changes once it is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// `allnext`, the bucket made before it.
    pub(super) older: Option<ProcAddr>,
    /// Bytes set aside for each of its objects.
    pub(super) object_bytes: u64,
    /// Words of its stack.
    pub(super) frames: u64,
}

impl Header {
    /// From [`HEADER_BYTES`]; what does not fit is said.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let word = |index: usize| u64_at(bytes, 8 * index).ok_or("it is cut short".to_owned());
        let (older, kind, object_bytes, frames) = (word(1)?, word(2)?, word(4)?, word(5)?);
        if kind != MEM_PROFILE {
            return Err(format!("a bucket of type {kind}"));
        }
        if frames > MOST_FRAMES {
            return Err(format!("a stack of {frames} frames"));
        }
        if object_bytes == 0 || object_bytes >= MOST_OBJECT_BYTES {
            return Err(format!("objects of {object_bytes} bytes"));
        }
        Ok(Self {
            older: (older != 0).then_some(ProcAddr(older)),
            object_bytes,
            frames,
        })
    }

    /// Where its `memRecord` is, of the bucket at `at`.
    pub(super) fn record_at(&self, at: ProcAddr) -> Option<ProcAddr> {
        let behind = HEADER_BYTES as u64 + 8 * self.frames;
        at.0.checked_add(behind).map(ProcAddr)
    }
}

/// Allocations sampled into a `memRecord`, published or not; `None` when the bytes are
/// fewer than one.
pub(super) fn samples(bytes: &[u8], layout: HeapProfileLayout) -> Option<u64> {
    (0..usize::from(HeapProfileLayout::CYCLES)).try_fold(0_u64, |sum, cycle| {
        let allocs = u64_at(bytes, cycle * usize::from(layout.cycle_bytes))?;
        Some(sum.wrapping_add(allocs))
    })
}
