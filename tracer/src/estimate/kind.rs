//! Objects by kinds that both the probes and the runtime tell apart.

use tracer_ebpf::wire::{CountKey, flags};

use crate::counters::Counters;
use crate::golang::{CLASS_BYTES, SIZE_CLASSES};

/// Size classes up to here are a kind each; those above are banded, as from Go 1.22 on
/// a header may put an object of theirs in the next one.
const LAST_SINGLE_CLASS: usize = 26;

/// The class of tiny blocks: tiny objects are of its kind, whether they open one or not.
const TINY_BLOCK_CLASS: usize = 2;

/// How many kinds there are: large objects, single classes, bands of doubling size.
const KINDS: usize = 1 + LAST_SINGLE_CLASS + 6;

/// A number of objects of each kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByKind([f64; KINDS]);

impl Default for ByKind {
    fn default() -> Self {
        Self([0.0; KINDS])
    }
}

impl ByKind {
    /// What the runtime has counted.
    #[must_use]
    pub fn of_counters(counters: &Counters) -> Self {
        let mut objects = Self::default();
        for (class, count) in counters.small.iter().enumerate() {
            objects.0[of_class(class)] += *count as f64;
        }
        objects.0[TINY_BLOCK_CLASS] += counters.tiny as f64;
        objects.0[0] = counters.large_objects as f64;
        objects
    }

    /// What probes have counted.
    #[must_use]
    pub fn of_counts<'a>(counts: impl Iterator<Item = (&'a CountKey, f64)>) -> Self {
        let mut objects = Self::default();
        for (key, count) in counts {
            if let Some(kind) = kind_of(key) {
                objects.0[kind] += count;
            }
        }
        objects
    }

    /// Of a kind.
    #[must_use]
    pub fn of(&self, kind: usize) -> f64 {
        self.0[kind]
    }

    /// Of the kinds of which `seen` has none.
    #[must_use]
    pub fn without(&self, seen: &Self) -> Self {
        let pairs = self.0.iter().zip(&seen.0);
        let mut left = pairs.map(|(objects, seen)| if *seen > 0.0 { 0.0 } else { *objects });
        Self(std::array::from_fn(|_| left.next().unwrap_or_default()))
    }

    /// In all.
    #[must_use]
    pub fn all(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Adds so many of `other`; of no kind less than none.
    pub fn add(&mut self, other: &Self, times: f64) {
        for (sum, objects) in self.0.iter_mut().zip(&other.0) {
            *sum = (*sum + objects * times).max(0.0);
        }
    }
}

/// The kind of the objects of a key; `None` for calls.
#[must_use]
pub fn kind_of(key: &CountKey) -> Option<usize> {
    if key.flags & flags::SPAN != 0 {
        // A span class is its size class, twice.
        return Some(of_class((key.size_bytes / 2) as usize));
    }
    if key.size_bytes == 0 || key.flags & flags::GROWTH != 0 {
        return None;
    }
    if key.flags & flags::TINY != 0 {
        return Some(TINY_BLOCK_CLASS);
    }
    let class = CLASS_BYTES.partition_point(|&bytes| u64::from(bytes) < key.size_bytes);
    Some(of_class(class))
}

fn of_class(class: usize) -> usize {
    match class {
        0..=LAST_SINGLE_CLASS => class,
        SIZE_CLASSES.. => 0,
        _ => {
            let bytes = u32::from(CLASS_BYTES[class]);
            LAST_SINGLE_CLASS + (bytes - 1).ilog2() as usize - 8
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(size_bytes: u64, flags: u16) -> CountKey {
        CountKey {
            size_bytes,
            flags,
            ..CountKey::default()
        }
    }

    #[test]
    fn probes_and_the_runtime_agree_on_kinds() {
        for (class, &bytes) in CLASS_BYTES.iter().enumerate().skip(1) {
            let mut counters = Counters::default();
            counters.small[class] = 3;
            let of_class = ByKind::of_counters(&counters);
            let one = key(bytes.into(), 0);
            let span = key(2 * class as u64 + 1, flags::SPAN);
            let counts = [(&one, 1.0), (&span, 2.0)];
            assert_eq!(ByKind::of_counts(counts.into_iter()), of_class, "{bytes}");
            assert_eq!(of_class.all(), 3.0);
        }
    }

    #[test]
    fn tiny_and_large_objects_and_calls() {
        let counters = Counters {
            tiny: 4,
            large_objects: 5,
            ..Counters::default()
        };
        let keys = [
            (&key(3, flags::TINY), 3.0),
            (&key(8, flags::TINY | flags::TINY_OPENS_BLOCK), 1.0),
            (&key(40_000, 0), 5.0),
            (&key(0, 0), 7.0),
            (&key(64, flags::GROWTH), 9.0),
        ];
        assert_eq!(
            ByKind::of_counts(keys.into_iter()),
            ByKind::of_counters(&counters)
        );
    }

    #[test]
    fn a_header_does_not_change_the_kind_within_a_band() {
        assert_eq!(kind_of(&key(640, 0)), kind_of(&key(641, 0)));
        assert_ne!(kind_of(&key(512, 0)), kind_of(&key(513, 0)));
    }

    #[test]
    fn none_is_less_than_none() {
        let (one, two) = (key(64, 0), key(96, 0));
        let mut objects = ByKind::of_counts([(&one, 3.0), (&two, 5.0)].into_iter());
        objects.add(&ByKind::of_counts([(&one, 4.0)].into_iter()), -1.0);
        assert_eq!(objects, ByKind::of_counts([(&two, 5.0)].into_iter()));
        let seen = ByKind::of_counts([(&two, 0.1)].into_iter());
        assert_eq!(objects.without(&seen), ByKind::default());
        assert_eq!(objects.without(&ByKind::default()), objects);
    }
}
