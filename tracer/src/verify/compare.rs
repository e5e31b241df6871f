//! The comparison.

use super::outside::Reading;
use crate::counters::Counters;
use crate::golang::CLASS_BYTES;
use crate::heap_profile::{HeapProfile, HeapProfileError};
use crate::profile::{Method, Profile, summary};

/// What any two sources may differ by: they are not read at the very same instant.
const TOLERANCE: f64 = 0.01;

/// A sampling error of more than this part of the bytes leaves nothing to judge.
const MOST_ERROR: f64 = 0.5;

/// What every source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The program.
    pub target: String,
    /// How long was counted.
    pub recorded_ns: u64,
    /// How much of that goalloc traced.
    pub coverage: String,
    /// What the counters say was allocated meanwhile.
    pub counters: Counters,
    /// goalloc's own count.
    pub goalloc: Source,
    /// The runtime's heap profile.
    pub heap_profile: Result<Source, HeapProfileError>,
}

/// One source, held against the counters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Source {
    /// Heap objects.
    pub objects: Figure,
    /// Bytes of heap set aside for them.
    pub bytes: Figure,
    /// What it may differ by.
    pub error: Error,
}

/// A figure, and what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What the source says.
    pub found: u64,
    /// What the counters say.
    pub expected: u64,
    /// How much it may differ by.
    pub within: u64,
}

/// Where differences come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Every object was counted: from the readings, which are not of one instant.
    Readings,
    /// Objects were counted in windows. What they stand for sums to the counters, so
    /// there is nothing to compare.
    Windows,
    /// Objects were sampled: from that, at 99.9 %.
    Sampling {
        /// How many.
        samples: u64,
    },
}

/// Whether a source agrees with the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It differs by no more than its error.
    Agrees,
    /// It cannot be told.
    Unsure,
    /// It differs by more.
    Disagrees,
}

impl Figure {
    /// `found`, which may be `off` by so much, where the counters are `uncertain` by so
    /// much themselves.
    fn new(found: u64, expected: u64, off: f64, uncertain: u64) -> Self {
        let within = off.max(expected as f64 * TOLERANCE).round() as u64;
        Self {
            found,
            expected,
            within: within.saturating_add(uncertain),
        }
    }

    /// By how many percent of the counters' figure it differs.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let difference = self.found as f64 - self.expected as f64;
        difference * 100.0 / self.expected.max(1) as f64
    }

    /// By how many percent it may differ.
    #[must_use]
    pub fn within_percent(&self) -> f64 {
        self.within as f64 * 100.0 / self.expected.max(1) as f64
    }

    fn agrees(&self) -> bool {
        self.found.abs_diff(self.expected) <= self.within
    }
}

impl Source {
    /// Whether it agrees.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.error {
            Error::Windows => Verdict::Unsure,
            Error::Sampling { .. } if self.bytes.within_percent() > 100.0 * MOST_ERROR => {
                Verdict::Unsure
            }
            _ if self.objects.agrees() && self.bytes.agrees() => Verdict::Agrees,
            _ => Verdict::Disagrees,
        }
    }
}

impl Verdict {
    /// As every output has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Unsure => "unsure",
            Self::Disagrees => "disagrees",
        }
    }
}

impl Verification {
    /// Whether any source disagrees.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        let mut sources = [Some(&self.goalloc), self.heap_profile.as_ref().ok()]
            .into_iter()
            .flatten();
        sources.any(|source| source.verdict() == Verdict::Disagrees)
    }
}

/// Holds a recording, and the heap profile where there is one, against the counters.
#[must_use]
pub fn verify(profile: &Profile, start: &Reading, end: &Reading) -> Verification {
    let counters = end.counters.since(&start.counters);
    let heap_profile = match (&start.heap_profile, &end.heap_profile) {
        (Ok(start), Ok(end)) => end.since(start),
        (Err(error), _) | (_, Err(error)) => Err(error.clone()),
    };
    Verification {
        target: summary::target(profile),
        recorded_ns: profile.duration_ns,
        coverage: summary::coverage(profile),
        goalloc: goalloc(profile, &counters),
        heap_profile: heap_profile.map(|it| sampled(&it, &counters)),
        counters,
    }
}

/// goalloc's count. The runtime counts the heap set aside, so that is compared.
fn goalloc(profile: &Profile, counters: &Counters) -> Source {
    let totals = profile.totals();
    Source {
        objects: Figure::new(
            totals.objects,
            counters.mallocs(),
            0.0,
            counters.uncertain_objects,
        ),
        bytes: Figure::new(
            totals.heap_bytes,
            counters.total_alloc_bytes(),
            0.0,
            counters.uncertain_bytes,
        ),
        error: match profile.coverage.method {
            Method::All => Error::Readings,
            _ => Error::Windows,
        },
    }
}

/// What the heap profile says. Tiny objects that share a block with an earlier one are
/// never sampled, so they are not expected.
fn sampled(heap_profile: &HeapProfile, counters: &Counters) -> Source {
    let estimate = heap_profile.estimate();
    let error = heap_profile.error(by_size(counters));
    Source {
        objects: Figure::new(
            estimate.objects.round() as u64,
            counters.mallocs().saturating_sub(counters.tiny),
            error.objects,
            counters.uncertain_objects,
        ),
        bytes: Figure::new(
            estimate.bytes.round() as u64,
            counters.total_alloc_bytes(),
            error.bytes,
            counters.uncertain_bytes,
        ),
        error: match heap_profile.is_exact() {
            true => Error::Readings,
            false => Error::Sampling {
                samples: estimate.samples,
            },
        },
    }
}

/// Bytes of objects, and how many there are of them. Of large ones only the mean is
/// known.
fn by_size(counters: &Counters) -> impl Iterator<Item = (f64, u64)> {
    let classes = CLASS_BYTES.iter().map(|&bytes| f64::from(bytes));
    let small = classes.zip(counters.small);
    let mean = counters.large_bytes as f64 / counters.large_objects.max(1) as f64;
    small
        .chain([(mean, counters.large_objects)])
        .filter(|(_, objects)| *objects > 0)
}
