//! Distributions of object sizes.

use hdrhistogram::Histogram;

use super::Sample;

/// Significant decimal digits kept of a size: below 2048 bytes every size is
/// told apart, above it sizes within 0.1 % of each other may share a bucket.
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// Largest size told apart; larger ones count as this one, though
/// [`SizeHistogram::max`] stays exact. Far above any Go heap, whose addresses
/// have 48 bits, and safely below the `i64::MAX / 2` that an auto-resizing
/// [`Histogram`] can track.
pub const MAX_TRACKABLE_BYTES: u64 = 1 << 60;

/// How many objects there are of which size.
#[derive(Clone, Debug)]
pub struct SizeHistogram {
    hdr: Histogram<u64>,
    powers: [u64; 65],
    max_bytes: u64,
}

/// The objects of one range of sizes between two powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerBucket {
    /// Largest size in it, a power of two (or `u64::MAX`); the smallest is one
    /// more than half of that. The first bucket holds sizes 0 and 1. Size
    /// classes of the Go heap that are powers of two so fall in the bucket they
    /// bound.
    pub upper_bytes: u64,
    /// Objects.
    pub objects: u64,
}

impl Default for SizeHistogram {
    fn default() -> Self {
        let hdr = Histogram::new(SIGNIFICANT_DIGITS).expect("3 digits are within 0..=5");
        Self {
            hdr,
            powers: [0; 65],
            max_bytes: 0,
        }
    }
}

impl SizeHistogram {
    /// The distribution over some samples; those of counted calls have no
    /// objects and are passed over.
    #[must_use]
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let mut histogram = Self::default();
        for sample in samples {
            histogram.add(sample);
        }
        histogram
    }

    /// Adds the objects of a sample.
    pub fn add(&mut self, sample: &Sample) {
        if let Some(size_bytes) = size_of_objects(sample) {
            self.record(size_bytes, sample.values.objects);
        }
    }

    /// Adds `objects` of `size_bytes` each.
    pub fn record(&mut self, size_bytes: u64, objects: u64) {
        if objects == 0 {
            return;
        }
        let tracked = size_bytes.min(MAX_TRACKABLE_BYTES);
        if self.hdr.record_n(tracked, objects).is_err() {
            // Resizing failed; clamped to what the histogram spans by now.
            self.hdr.saturating_record_n(tracked, objects);
        }
        if let Some(bucket) = self.powers.get_mut(power_of(size_bytes)) {
            *bucket = bucket.saturating_add(objects);
        }
        self.max_bytes = self.max_bytes.max(size_bytes);
    }

    /// Objects in all.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.hdr.len()
    }

    /// Largest size, exactly; 0 when there are no objects.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max_bytes
    }

    /// The size that `quantile` (0 to 1) of the objects do not exceed, rounded
    /// down to three significant digits; 0 when there are no objects.
    ///
    /// Down, where HdrHistogram's own tools go up: sizes of objects tend to be
    /// round in binary, so that the lower end of a bucket is the likelier size
    /// (4096 rather than 4099). [`Self::max`] at 1.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> u64 {
        if quantile >= 1.0 {
            return self.max_bytes;
        }
        self.hdr
            .lowest_equivalent(self.hdr.value_at_quantile(quantile))
    }

    /// Buckets between powers of two, from the first that has objects to the
    /// last that has; empty ones between them are included.
    #[must_use]
    pub fn powers(&self) -> Vec<PowerBucket> {
        let Some(first) = self.powers.iter().position(|n| *n > 0) else {
            return Vec::new();
        };
        let last = self.powers.iter().rposition(|n| *n > 0).unwrap_or(first);
        self.powers
            .iter()
            .enumerate()
            .take(last + 1)
            .skip(first)
            .map(|(power, objects)| PowerBucket {
                upper_bytes: 1_u64.checked_shl(power as u32).unwrap_or(u64::MAX),
                objects: *objects,
            })
            .collect()
    }

    /// The histogram itself, for the formats of the HdrHistogram family.
    #[must_use]
    pub fn hdr(&self) -> &Histogram<u64> {
        &self.hdr
    }
}

/// Size of each object of a sample: its label, or their average where the
/// profile has no such label. `None` when there are no objects.
#[must_use]
pub fn size_of_objects(sample: &Sample) -> Option<u64> {
    let average = sample.values.bytes.checked_div(sample.values.objects)?;
    Some(sample.labels.size_bytes.unwrap_or(average))
}

/// Index of the bucket (2^(n-1), 2^n] that holds `size_bytes`.
fn power_of(size_bytes: u64) -> usize {
    (u64::BITS - size_bytes.saturating_sub(1).leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{Labels, Values};

    #[test]
    fn quantiles_of_small_sizes_are_exact() {
        let mut histogram = SizeHistogram::default();
        histogram.record(16, 90);
        histogram.record(1000, 9);
        histogram.record(2047, 1);
        assert_eq!(histogram.objects(), 100);
        assert_eq!(
            [0.5, 0.9, 0.91, 0.99, 1.0].map(|q| histogram.quantile(q)),
            [16, 16, 1000, 1000, 2047]
        );
    }

    #[test]
    fn max_is_exact_where_buckets_are_coarse() {
        let mut histogram = SizeHistogram::default();
        histogram.record(1_000_001, 1);
        assert_eq!(histogram.max(), 1_000_001);
        assert_eq!(histogram.quantile(1.0), 1_000_001);
        histogram.record(u64::MAX, 1);
        assert_eq!(histogram.max(), u64::MAX);
        assert_eq!(histogram.objects(), 2);
    }

    #[test]
    fn powers_hold_their_upper_bound() {
        let mut histogram = SizeHistogram::default();
        for size in [0, 1, 2, 3, 4, 5, 8, 9, 33] {
            histogram.record(size, 1);
        }
        let powers: Vec<_> = histogram
            .powers()
            .iter()
            .map(|b| (b.upper_bytes, b.objects))
            .collect();
        assert_eq!(
            powers,
            [(1, 2), (2, 1), (4, 2), (8, 2), (16, 1), (32, 0), (64, 1)]
        );
    }

    #[test]
    fn nothing_is_zero_everywhere() {
        let histogram = SizeHistogram::of(&[]);
        assert_eq!(
            (
                histogram.objects(),
                histogram.max(),
                histogram.quantile(0.5)
            ),
            (0, 0, 0)
        );
        assert!(histogram.powers().is_empty());
    }

    #[test]
    fn without_a_size_label_the_average_counts() {
        let sample = Sample {
            values: Values {
                objects: 4,
                bytes: 100,
                ..Values::default()
            },
            ..Sample::default()
        };
        assert_eq!(size_of_objects(&sample), Some(25));
        let call = Sample {
            values: Values {
                calls: 9,
                ..Values::default()
            },
            labels: Labels {
                call: Some("runtime.makemap_small".into()),
                ..Labels::default()
            },
            ..Sample::default()
        };
        assert_eq!(SizeHistogram::of([&sample, &call]).objects(), 4);
    }

    proptest! {
        #[test]
        fn buckets_sum_to_the_objects_and_quantiles_are_within_three_digits(
            sizes in proptest::collection::vec((any::<u64>(), 1_u64..1000), 1..50)
        ) {
            let mut histogram = SizeHistogram::default();
            let mut exact = Vec::new();
            for (size, objects) in &sizes {
                histogram.record(*size, *objects);
                exact.extend(std::iter::repeat_n(*size, *objects as usize));
            }
            exact.sort_unstable();
            let objects = exact.len() as u64;
            prop_assert_eq!(histogram.objects(), objects);
            prop_assert_eq!(histogram.powers().iter().map(|b| b.objects).sum::<u64>(), objects);
            prop_assert_eq!(histogram.max(), *exact.last().unwrap());
            let median = exact[(exact.len() - 1) / 2].min(MAX_TRACKABLE_BYTES);
            let seen = histogram.quantile(0.5);
            prop_assert!(seen <= median && median - seen <= median / 1000, "{} {}", seen, median);
        }
    }
}
