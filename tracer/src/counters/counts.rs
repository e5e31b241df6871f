//! What is counted.

use std::fmt;

use crate::golang::{CLASS_BYTES, SIZE_CLASSES};

/// Heap objects that a Go program has made since it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Objects of each size class, tiny blocks among those of 16 bytes. Class 0 has
    /// none.
    pub small: [u64; SIZE_CLASSES],
    /// Tiny objects that found room in a block another one had opened.
    pub tiny: u64,
    /// Objects larger than any class.
    pub large_objects: u64,
    /// Bytes set aside for them.
    pub large_bytes: u64,
    /// Garbage collections completed. Wraps around, as the runtime's own count.
    pub gc_cycles: u32,
    /// How many objects more there may be, because the target allocated during
    /// the read.
    pub uncertain_objects: u64,
    /// Bytes set aside for that many, at most.
    pub uncertain_bytes: u64,
}

/// Garbage collections that a Go program has completed since it started. Both numbers
/// wrap around, as the runtime's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// All of them: `MemStats.NumGC`.
    pub completed: u32,
    /// Those that the program called for, with `runtime.GC` or
    /// `debug.FreeOSMemory`: `MemStats.NumForcedGC`.
    pub forced: u32,
}

/// How large the heap was in a collection, as `GODEBUG=gctrace=1` prints it: its
/// `#->#-># MB` are the first three (`gcMarkTermination`, go1.19 src/runtime/mgc.go:1122,
/// go1.27 :1625), in units of 2^20 bytes, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapSizes {
    /// When it started; `None` where that could not be read in time.
    pub start_bytes: Option<u64>,
    /// When it had marked what is live.
    pub end_bytes: u64,
    /// What was live then.
    pub live_bytes: u64,
    /// The size that it was to end at: `# MB goal`.
    pub goal_bytes: u64,
}

/// As `gctrace` prints it: `4->5->2 MB, 8 MB goal`. Without a goal (`GOGC=off`) it ends
/// before that.
impl fmt::Display for HeapSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NO_GOAL: u64 = 1 << 47;
        match self.start_bytes {
            Some(bytes) => write!(f, "{}", bytes >> 20)?,
            None => f.write_str("?")?,
        }
        let (end, live) = (self.end_bytes >> 20, self.live_bytes >> 20);
        write!(f, "->{end}->{live} MB")?;
        match self.goal_bytes {
            NO_GOAL.. => Ok(()),
            goal => write!(f, ", {} MB goal", goal >> 20),
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            small: [0; SIZE_CLASSES],
            tiny: 0,
            large_objects: 0,
            large_bytes: 0,
            gc_cycles: 0,
            uncertain_objects: 0,
            uncertain_bytes: 0,
        }
    }
}

impl Counters {
    /// Objects in all: `MemStats.Mallocs` (`readmemstats_m`, go1.27
    /// src/runtime/mstats.go:393).
    #[must_use]
    pub fn mallocs(&self) -> u64 {
        let small = self.small.iter().copied().fold(0, u64::saturating_add);
        small
            .saturating_add(self.tiny)
            .saturating_add(self.large_objects)
    }

    /// Bytes set aside for them: `MemStats.TotalAlloc`.
    #[must_use]
    pub fn total_alloc_bytes(&self) -> u64 {
        let small = self.small.iter().zip(CLASS_BYTES);
        small.fold(self.large_bytes, |sum, (&objects, class_bytes)| {
            sum.saturating_add(objects.saturating_mul(class_bytes.into()))
        })
    }

    /// Both together: what was added in two stretches of time, one behind the other.
    #[must_use]
    pub fn plus(&self, next: &Self) -> Self {
        let mut small = self.small;
        for (sum, objects) in small.iter_mut().zip(&next.small) {
            *sum = sum.saturating_add(*objects);
        }
        Self {
            small,
            tiny: self.tiny.saturating_add(next.tiny),
            large_objects: self.large_objects.saturating_add(next.large_objects),
            large_bytes: self.large_bytes.saturating_add(next.large_bytes),
            gc_cycles: self.gc_cycles.wrapping_add(next.gc_cycles),
            uncertain_objects: self
                .uncertain_objects
                .saturating_add(next.uncertain_objects),
            uncertain_bytes: self.uncertain_bytes.saturating_add(next.uncertain_bytes),
        }
    }

    /// What was added since an earlier read of the same process. The uncertainty
    /// is that of both reads together: as much more or as much less.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut small = self.small;
        for (now, before) in small.iter_mut().zip(&earlier.small) {
            *now = now.saturating_sub(*before);
        }
        Self {
            small,
            tiny: self.tiny.saturating_sub(earlier.tiny),
            large_objects: self.large_objects.saturating_sub(earlier.large_objects),
            large_bytes: self.large_bytes.saturating_sub(earlier.large_bytes),
            gc_cycles: self.gc_cycles.wrapping_sub(earlier.gc_cycles),
            uncertain_objects: self
                .uncertain_objects
                .saturating_add(earlier.uncertain_objects),
            uncertain_bytes: self.uncertain_bytes.saturating_add(earlier.uncertain_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Counters {
        let mut counters = Counters {
            tiny: 5,
            large_objects: 2,
            large_bytes: 81_920,
            gc_cycles: 3,
            uncertain_objects: 4,
            uncertain_bytes: 64,
            ..Counters::default()
        };
        counters.small[1] = 10;
        counters.small[67] = 1;
        counters
    }

    #[test]
    fn tiny_objects_count_but_take_no_bytes() {
        let counters = some();
        assert_eq!(counters.mallocs(), 10 + 1 + 5 + 2);
        assert_eq!(counters.total_alloc_bytes(), 80 + 32_768 + 81_920);
    }

    #[test]
    fn heap_sizes_are_rounded_as_gctrace_does() {
        let sizes = HeapSizes {
            start_bytes: Some((5 << 20) - 1),
            end_bytes: 5 << 20,
            live_bytes: 2_500_000,
            goal_bytes: 8 << 20,
        };
        assert_eq!(sizes.to_string(), "4->5->2 MB, 8 MB goal");
        let unknown = HeapSizes {
            start_bytes: None,
            goal_bytes: u64::MAX,
            ..sizes
        };
        assert_eq!(unknown.to_string(), "?->5->2 MB");
    }

    #[test]
    fn differences_saturate() {
        let (earlier, mut later) = (some(), some());
        later.small[1] += 7;
        later.small[2] += 1;
        later.gc_cycles = 5;
        let difference = later.since(&earlier);
        assert_eq!(difference.mallocs(), 8);
        assert_eq!(difference.total_alloc_bytes(), 7 * 8 + 16);
        assert_eq!(difference.gc_cycles, 2);
        assert_eq!(difference.uncertain_objects, 8);
        assert_eq!(earlier.since(&later).mallocs(), 0);
        let sum = difference.plus(&earlier);
        assert_eq!((sum.small, sum.gc_cycles), (later.small, later.gc_cycles));
        let full = Counters {
            small: [u64::MAX; SIZE_CLASSES],
            ..some()
        };
        assert_eq!(full.mallocs(), u64::MAX);
        assert_eq!(full.total_alloc_bytes(), u64::MAX);
    }
}
