//! What to write instead: allocations that a line of the program could do without.
//!
//! Input: a [`Profile`]. Output: pieces of [`Advice`], each with its line, what was
//! measured there, what to write and what that saves, which each format module turns
//! into text.
//!
//! A recording does not hold single objects, but how many of each size a line asked
//! for. What grows passes through one size after the other, and how many reached each of
//! them says how many there were and where they ended (`growth`). Where probes counted
//! the steps of growth, each with what it began at, how many there were is known whatever
//! the sizes (`steps`).
//!
//! Advice is for lines of the program. What a package of the standard library
//! allocates counts for the innermost line outside of it.

mod boxing;
mod buffers;
mod growth;
mod json;
mod maps;
mod place;
mod slices;
mod steps;
mod strings;
mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub use json::{SCHEMA, to_json};
pub use place::Place;
pub use text::to_text;

use crate::profile::{Interval, Intervals, Measure, Method, Profile, Sample, Values};
use place::Site;

/// The least share of all bytes that is worth a piece of advice, percent.
pub const LEAST_SHARE_PERCENT: f64 = 1.0;

/// All that can be said of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Advisory {
    /// What saves most first.
    pub advice: Vec<Advice>,
    /// Sum over the recording.
    pub totals: Values,
    /// Its length; 0 where it is not known.
    pub duration_ns: u64,
}

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// Where.
    pub place: Place,
    /// Type of what is allocated, as `[]int` or `map[string]int`, where it is known.
    pub type_name: Option<String>,
    /// What was measured there.
    pub measured: Values,
    /// 95 % interval of its bytes; `None` when they are exact.
    pub bytes_interval: Option<Interval>,
    /// Bytes that would not have been allocated.
    pub saved_bytes: u64,
    /// What there is to it.
    pub finding: Finding,
}

/// What is wrong with a line, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Slices that `append` made room for again and again.
    SliceGrowth {
        /// How many slices.
        slices: u64,
        /// Bytes of the smallest and of the largest backing array.
        from_bytes: u64,
        /// See above.
        to_bytes: u64,
        /// Capacity to make them with, bytes.
        capacity_bytes: u64,
        /// The same in elements, where their size is known.
        capacity: Option<u64>,
        /// What probes counted of it, if there were any.
        counted: Option<Counted>,
        /// Bytes of the arrays that were outgrown: all but the last of each slice. `None`
        /// without such probes.
        outgrown_bytes: Option<u64>,
    },
    /// Maps that were filled beyond their room again and again.
    MapGrowth {
        /// How many maps.
        maps: u64,
        /// Tables they had one after the other, all together.
        tables: u64,
        /// Entries that the smallest and the largest table have slots for.
        from_slots: u64,
        /// See above.
        to_slots: u64,
        /// Hint to make them with.
        hint: u64,
        /// What probes counted of it, if there were any.
        counted: Option<Counted>,
    },
    /// Strings that were made longer by `+` again and again.
    Concatenation {
        /// How many strings.
        strings: u64,
        /// How often each was copied.
        copies: u64,
        /// Bytes to have a `strings.Builder` grow to beforehand.
        size_bytes: u64,
    },
    /// A string copied to bytes or runes, or back.
    Conversion,
    /// A value moved to the heap for an interface.
    Boxing,
    /// Byte buffers, all of the same size.
    Buffer {
        /// That size.
        size_bytes: u64,
    },
}

/// Steps of growth, as probes counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How often there was not enough room. The first room is none of them.
    pub steps: u64,
    /// 95 % interval of that; `None` when it is exact.
    pub interval: Option<Interval>,
    /// Elements or entries that were copied by them.
    pub copied: u64,
}

impl Finding {
    /// Its name for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SliceGrowth { .. } => "slice-growth",
            Self::MapGrowth { .. } => "map-growth",
            Self::Concatenation { .. } => "concatenation",
            Self::Conversion => "conversion",
            Self::Boxing => "boxing",
            Self::Buffer { .. } => "buffer",
        }
    }

    /// Whether what is saved is the most there is to save: whether an object can be done
    /// without at all is for the program to say.
    #[must_use]
    pub const fn is_at_most(&self) -> bool {
        matches!(self, Self::Conversion | Self::Boxing | Self::Buffer { .. })
    }
}

/// Why there can be no advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdviseError {
    /// Nothing in the recording says why it was allocated.
    #[error("the recording does not say why anything was allocated: make one with goalloc record")]
    NoCauses,
}

/// What can be said of `profile`.
///
/// # Errors
///
/// It holds allocations, but no causes of them, as the profiles of other tools.
pub fn advise(profile: &Profile) -> Result<Advisory, AdviseError> {
    let has_objects = profile.samples.iter().any(|it| it.values.objects > 0);
    let has_causes = profile.samples.iter().any(|it| it.labels.cause.is_some());
    if has_objects && !has_causes {
        return Err(AdviseError::NoCauses);
    }
    let totals = profile.totals();
    let evidence = Evidence {
        profile,
        intervals: Intervals::of(profile),
        is_estimated: profile.coverage.method != Method::All,
    };
    let rules = [
        slices::advise,
        maps::advise,
        strings::advise,
        boxing::advise,
        buffers::advise,
    ];
    let mut advice = Vec::new();
    for site in place::sites(profile) {
        for rule in rules {
            advice.extend(rule(&evidence, &site));
        }
    }
    advice.retain(|it| it.share_percent(totals) >= LEAST_SHARE_PERCENT);
    advice.sort_by(|a, b| {
        let order = |it: &Advice| Reverse(it.saved_bytes);
        let rest = |it: &Advice| (it.place.clone(), it.finding.name(), it.type_name.clone());
        order(a).cmp(&order(b)).then_with(|| rest(a).cmp(&rest(b)))
    });
    Ok(Advisory {
        advice,
        totals,
        duration_ns: profile.duration_ns,
    })
}

/// What every rule looks at.
struct Evidence<'a> {
    profile: &'a Profile,
    intervals: Intervals,
    /// Whether numbers of objects are estimates.
    is_estimated: bool,
}

impl Evidence<'_> {
    /// Advice on some samples of a site.
    fn advice(
        &self,
        site: &Site<'_>,
        samples: &[&Sample],
        type_name: Option<String>,
        (finding, saved_bytes): (Finding, u64),
    ) -> Advice {
        let measured = sum(samples);
        Advice {
            place: site.place.clone(),
            type_name,
            measured,
            bytes_interval: self
                .intervals
                .interval(samples.iter().copied(), Measure::Bytes),
            // A profile from elsewhere may say one thing by label and another by value.
            saved_bytes: saved_bytes.min(measured.bytes),
            finding,
        }
    }
}

impl Advice {
    /// What it saves of all bytes, percent.
    #[must_use]
    pub fn share_percent(&self, totals: Values) -> f64 {
        self.saved_bytes as f64 * 100.0 / totals.bytes.max(1) as f64
    }

    /// 95 % interval of what it saves, by that of what was measured; `None` when it
    /// is exact.
    #[must_use]
    pub fn saved_interval(&self) -> Option<Interval> {
        let factor = self.saved_bytes as f64 / self.measured.bytes.max(1) as f64;
        self.bytes_interval.map(|measured| Interval {
            low: (measured.low as f64 * factor) as u64,
            high: (measured.high as f64 * factor).ceil() as u64,
        })
    }
}

impl Advisory {
    /// Bytes per second, of bytes in the whole recording; `None` where it does not say
    /// how long it is.
    #[must_use]
    pub fn per_second(&self, bytes: u64) -> Option<f64> {
        (self.duration_ns > 0).then(|| bytes as f64 * 1e9 / self.duration_ns as f64)
    }
}

fn sum(samples: &[&Sample]) -> Values {
    let mut sum = Values::default();
    for sample in samples {
        sum += sample.values;
    }
    sum
}
