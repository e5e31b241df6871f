//! What was sampled, and what it stands for.

use std::collections::BTreeMap;

use super::error::HeapProfileError;

/// Standard deviations on either side that hold 99.9 % of a normal distribution.
const DEVIATIONS: f64 = 3.291;

/// Objects that the runtime's profiler sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeapProfile {
    /// `MemProfileRate`: one sample in so many bytes, on average.
    pub rate_bytes: u64,
    /// How many, by the bytes set aside for each.
    pub samples: BTreeMap<u64, u64>,
}

/// How many objects and bytes samples stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Samples.
    pub samples: u64,
    /// Objects.
    pub objects: f64,
    /// Bytes set aside for them.
    pub bytes: f64,
}

/// How far an estimate may be off from what was allocated, at 99.9 %.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SamplingError {
    /// Objects.
    pub objects: f64,
    /// Bytes.
    pub bytes: f64,
}

impl HeapProfile {
    /// Without a sample.
    pub(super) fn of_rate(rate_bytes: u64) -> Self {
        Self {
            rate_bytes,
            samples: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, object_bytes: u64, samples: u64) {
        if samples > 0 {
            let sum = self.samples.entry(object_bytes).or_default();
            *sum = sum.saturating_add(samples);
        }
    }

    /// What was added since an earlier read of the same process.
    ///
    /// # Errors
    /// When the rate has changed: there is no telling then what samples stand for.
    pub fn since(&self, earlier: &Self) -> Result<Self, HeapProfileError> {
        if self.rate_bytes != earlier.rate_bytes {
            return Err(HeapProfileError::RateChanged {
                before: earlier.rate_bytes,
                now: self.rate_bytes,
            });
        }
        let mut difference = Self::of_rate(self.rate_bytes);
        for (object_bytes, samples) in &self.samples {
            let before = earlier.samples.get(object_bytes).copied();
            difference.add(
                *object_bytes,
                samples.saturating_sub(before.unwrap_or_default()),
            );
        }
        Ok(difference)
    }

    /// Whether every object is sampled.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.rate_bytes <= 1
    }

    /// What the samples stand for.
    ///
    /// Samples are drawn by a Poisson process over bytes, so an object of `b` bytes is
    /// sampled with probability `1 - exp(-b / rate)` and stands for one over that
    /// (`scaleHeapSample`, go1.19 src/runtime/pprof/protomem.go:78, go1.27 :72).
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let mut estimate = Estimate::default();
        for (&object_bytes, &samples) in &self.samples {
            let stood_for = samples as f64 / self.chance(object_bytes as f64);
            estimate.samples = estimate.samples.saturating_add(samples);
            estimate.objects += stood_for;
            estimate.bytes += stood_for * object_bytes as f64;
        }
        estimate
    }

    /// How far the estimate may be off when so many objects of so many bytes each were
    /// allocated.
    ///
    /// That is asked of what was allocated and not of the samples: of small objects there
    /// may be none, and what is not there has no variance. Few samples make estimates
    /// that are high now and then and low often; the third moment widens the error for
    /// that (Cornish and Fisher's expansion).
    #[must_use]
    pub fn error(&self, allocated: impl IntoIterator<Item = (f64, u64)>) -> SamplingError {
        let mut moments = [[0.0; 2]; 2];
        for (object_bytes, objects) in allocated {
            let chance = self.chance(object_bytes);
            for (moments, weight) in moments.iter_mut().zip([1.0, object_bytes]) {
                let each = weight / chance;
                let spread = objects as f64 * chance * (1.0 - chance) * each * each;
                moments[0] += spread;
                moments[1] += spread * each;
            }
        }
        let [objects, bytes] = moments.map(|[second, third]| {
            let skew = if second > 0.0 { third / second } else { 0.0 };
            DEVIATIONS * f64::sqrt(second) + skew * (DEVIATIONS * DEVIATIONS - 1.0) / 6.0
        });
        SamplingError { objects, bytes }
    }

    /// How likely an object is sampled.
    fn chance(&self, object_bytes: f64) -> f64 {
        match self.is_exact() {
            true => 1.0,
            false => -f64::exp_m1(-object_bytes / self.rate_bytes as f64),
        }
    }
}
