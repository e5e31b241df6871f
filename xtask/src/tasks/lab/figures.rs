//! What was measured of one function under one release.

use std::collections::{BTreeMap, BTreeSet};

use super::release::Release;

/// Objects and bytes of all its operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Heap objects.
    pub objects: u64,
    /// Bytes of heap set aside for them.
    pub heap_bytes: u64,
}

/// All that is known of one function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How often it ran.
    pub operations: u64,
    /// What goalloc recorded below it.
    pub goalloc: Count,
    /// By how much `runtime.MemStats` went up meanwhile.
    pub memstats: Count,
    /// Objects by the cause that goalloc names.
    pub causes: BTreeMap<String, u64>,
    /// Bytes asked for by its largest object.
    pub largest_bytes: u64,
    /// Sizes of its objects that are buckets or groups of maps, in bytes as asked for.
    pub table_sizes_bytes: BTreeSet<u64>,
    /// The dearest write of a map that doubles, in writes to one that has room, by the
    /// clock; 0 where it was not timed.
    pub dearest_writes: f64,
    /// What the compiler says is on the heap, of its lines.
    pub announced: Vec<String>,
    /// What the compiler says is not.
    pub stays: Vec<String>,
}

/// Figures by function, of those that the release can compile.
pub type Measured = BTreeMap<String, Figures>;

/// All of that, by release.
pub type ByRelease = BTreeMap<Release, Measured>;

/// Bytes by which heap bytes may differ: two tiny blocks. Which tiny object opens
/// one is read at the probe (docs/accuracy.md).
const TINY_BOUND_BYTES: u64 = 32;

/// Causes of fewer than one in so many objects are not shown.
const RARE: u64 = 30;

impl Figures {
    /// Objects of one operation, by goalloc.
    pub fn objects_per_op(&self) -> f64 {
        self.goalloc.objects as f64 / self.operations as f64
    }

    /// Bytes of one operation, by goalloc.
    pub fn bytes_per_op(&self) -> f64 {
        self.goalloc.heap_bytes as f64 / self.operations as f64
    }

    /// Whether goalloc and the runtime say the same.
    pub fn agree(&self) -> bool {
        self.goalloc.objects == self.memstats.objects
            && self.goalloc.heap_bytes.abs_diff(self.memstats.heap_bytes) <= TINY_BOUND_BYTES
    }

    /// The causes of at least one object in [`RARE`], that of most objects first. What
    /// is rarer depends on the seed of a map, or is the runtime's own.
    pub fn causes_by_objects(&self) -> Vec<&str> {
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.retain(|(_, objects)| **objects * RARE >= self.goalloc.objects);
        causes.sort_by_key(|(name, objects)| (std::cmp::Reverse(**objects), *name));
        causes.into_iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A figure as it is shown: three digits, whole numbers from a thousand on.
pub fn shown(figure: f64) -> String {
    let decimals = match figure {
        it if it >= 100.0 => 0,
        it if it >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{figure:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    grouped(text)
}

/// Thousands between commas, in a number without decimals.
fn grouped(text: &str) -> String {
    if text.contains('.') || text.len() <= 3 {
        return text.to_owned();
    }
    let mut grouped = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (figure, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.254, "1.25"),
            (12.34, "12.3"),
            (100.0, "100"),
            (4096.4, "4,096"),
            (1_048_576.0, "1,048,576"),
        ] {
            assert_eq!(shown(figure), text);
        }
    }

    #[test]
    fn rare_causes_are_left_out() {
        let causes = [("make map", 285), ("map growth", 10), ("runtime", 5)];
        let figures = Figures {
            operations: 100,
            goalloc: Count {
                objects: 300,
                heap_bytes: 0,
            },
            causes: causes.map(|(name, n)| (name.to_owned(), n)).into(),
            ..Figures::default()
        };
        assert_eq!(figures.causes_by_objects(), ["make map", "map growth"]);
    }

    #[test]
    fn objects_agree_exactly_and_bytes_to_two_tiny_blocks() {
        let count = |objects, heap_bytes| Count {
            objects,
            heap_bytes,
        };
        let figures = |goalloc, memstats| Figures {
            operations: 1,
            goalloc,
            memstats,
            ..Figures::default()
        };
        assert!(figures(count(3, 64), count(3, 48)).agree());
        assert!(!figures(count(3, 64), count(3, 16)).agree());
        assert!(!figures(count(3, 64), count(4, 64)).agree());
    }
}
