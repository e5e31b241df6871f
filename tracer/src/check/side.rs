//! One of two recordings that are held against each other.

use std::collections::BTreeMap;

use super::Estimate;
use super::judge::estimate;
use crate::profile::{Intervals, Measure, Profile, Sample};

/// What a recording has of each key.
#[derive(Debug)]
pub struct Side<'a> {
    /// Samples of heap objects.
    pub samples: Vec<&'a Sample>,
    /// They, by key.
    pub by_key: BTreeMap<String, Vec<&'a Sample>>,
    intervals: Intervals,
    factor: f64,
}

impl<'a> Side<'a> {
    /// By what `key` says of a sample; figures are times `factor`.
    pub fn of(profile: &'a Profile, factor: f64, mut key: impl FnMut(&Sample) -> String) -> Self {
        let samples = profile.samples.iter();
        let samples: Vec<_> = samples.filter(|it| it.values.objects > 0).collect();
        let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sample in &samples {
            by_key.entry(key(sample)).or_default().push(*sample);
        }
        Self {
            intervals: Intervals::of(profile),
            samples,
            by_key,
            factor,
        }
    }

    /// Samples of a key; none if it has none.
    #[must_use]
    pub fn of_key(&self, key: &str) -> &[&'a Sample] {
        self.by_key.get(key).map_or(&[], Vec::as_slice)
    }

    /// What figures are times.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The sum over samples.
    #[must_use]
    pub fn estimate(&self, samples: &[&Sample], measure: Measure) -> Estimate {
        estimate(&self.intervals, samples, measure).times(self.factor)
    }

    /// The sum over all of them.
    #[must_use]
    pub fn all(&self, measure: Measure) -> Estimate {
        self.estimate(&self.samples, measure)
    }
}
