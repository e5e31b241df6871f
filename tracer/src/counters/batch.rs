//! Many ranges of memory, read together.

use crate::addr::ProcAddr;
use crate::target::MemoryRange;

/// Furthest apart that two ranges are read as one: copying this much costs less
/// than another range. Below a page, so that nothing unmapped can lie between.
const NEAR_BYTES: u64 = 2048;

/// Ranges to be read in their order, and where each will be in the buffer.
#[derive(Debug, Default)]
pub(super) struct Batch {
    ranges: Vec<MemoryRange>,
    bytes: usize,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.ranges.clear();
        self.bytes = 0;
    }

    pub(super) fn ranges(&self) -> &[MemoryRange] {
        &self.ranges
    }

    /// Length of all of them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a range; its bytes will begin there in the buffer.
    pub(super) fn push(&mut self, start: ProcAddr, bytes: usize) -> usize {
        let place = self.bytes;
        self.ranges.push(MemoryRange { start, bytes });
        self.bytes += bytes;
        place
    }

    /// The same; when the last range ends shortly before, it grows instead.
    pub(super) fn push_near(&mut self, start: ProcAddr, bytes: usize) -> usize {
        let grown = self.ranges.last_mut().and_then(|last| {
            let inside = start.0.checked_sub(last.start.0)?;
            let gap = inside.checked_sub(last.bytes as u64)?;
            let grows = gap <= NEAR_BYTES;
            grows.then(|| {
                let added = gap as usize + bytes;
                last.bytes += added;
                added
            })
        });
        match grown {
            Some(added) => {
                self.bytes += added;
                self.bytes - bytes
            }
            None => self.push(start, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_become_one() {
        let mut batch = Batch::default();
        assert_eq!(batch.push(ProcAddr(0x1000), 16), 0);
        assert_eq!(batch.push_near(ProcAddr(0x9000), 24), 16);
        assert_eq!(batch.push_near(ProcAddr(0x9018), 24), 40);
        let near = 0x9030 + NEAR_BYTES;
        let end = 16 + 48 + NEAR_BYTES as usize + 8;
        assert_eq!(batch.push_near(ProcAddr(near), 8), end - 8);
        assert_eq!(batch.push_near(ProcAddr(near + 9 + NEAR_BYTES), 8), end);
        // Backwards, and the same again.
        assert_eq!(batch.push_near(ProcAddr(0x9000), 8), end + 8);
        assert_eq!(batch.push_near(ProcAddr(0x9000), 8), end + 16);
        assert_eq!(batch.push_near(ProcAddr(u64::MAX), 1), end + 24);
        let lengths: Vec<_> = batch.ranges().iter().map(|range| range.bytes).collect();
        assert_eq!(lengths, [16, end - 16, 8, 8, 8, 1]);
        assert_eq!(lengths.iter().sum::<usize>(), batch.bytes());
    }
}
