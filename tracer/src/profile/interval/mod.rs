//! How far estimates may be off.
//!
//! Input: the strata and parts of a [`Profile`]. Output: an [`Interval`] for any
//! row of it.
//!
//! A row is estimated again and again, each time without one group of windows;
//! how far results that follow each other are apart says how far the estimate may
//! be off (delete-one-group jackknife, and successive differences as for systematic
//! samples: Wolter, Introduction to Variance Estimation, chapters 4 and 8). That
//! takes windows for what was drawn, so that objects which come in bursts are no
//! problem, and a program that does one thing after the other is none either. On
//! top of that:
//!
//! - Calls, which the runtime does not count, are so many to so many objects of which
//!   the number is known: a window that stands for much weighs as much there.
//! - The variance is not less than if objects were drawn one by one.
//! - The half width is Student's t times the root of the variance, with two thirds
//!   as many degrees of freedom as there are groups. With one group the interval is
//!   all that is possible.
//! - The interval is the union of the plain one, and one that is symmetric in the
//!   log-odds of the row's share. The plain one alone misses too often what was
//!   seen in a few windows only, where more is likelier than it says.
//! - A row with nearly all or nearly nothing of a stratum is at least as uncertain
//!   as three objects more or less in the windows make it.
//! - The interval ends at what was counted, and where all of the stratum's untraced
//!   objects would be the row's.

mod row;
mod student;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use self::row::Row;
use super::{Part, Profile, Sample, Stratum, WINDOW_GROUPS};

/// A 95 % interval, both ends included: of 100 intervals of rows like this
/// about 95 hold what was really allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Lowest value.
    pub low: u64,
    /// Highest value.
    pub high: u64,
}

/// What an interval is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// [`Values::objects`](super::Values::objects).
    Objects,
    /// [`Values::bytes`](super::Values::bytes). Each object of a sample counts
    /// with the sample's bytes per object.
    Bytes,
    /// [`Values::calls`](super::Values::calls).
    Calls,
}

impl Measure {
    /// The value of a sample.
    #[must_use]
    pub fn of(self, sample: &Sample) -> u64 {
        match self {
            Self::Objects => sample.values.objects,
            Self::Bytes => sample.values.bytes,
            Self::Calls => sample.values.calls,
        }
    }

    /// What each object or call of a sample's parts adds to the value.
    fn weight(self, sample: &Sample) -> f64 {
        let is_call = sample.labels.call.is_some();
        match self {
            Self::Objects => f64::from(u8::from(!is_call)),
            Self::Calls => f64::from(u8::from(is_call)),
            Self::Bytes if sample.values.objects > 0 => {
                sample.values.bytes as f64 / sample.values.objects as f64
            }
            Self::Bytes => 0.0,
        }
    }
}

/// One number for each group of windows.
type ByGroup = [f64; WINDOW_GROUPS as usize];

/// What makes the intervals of a profile: sums over all of its samples, shown or not.
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    strata: Vec<Totals>,
    /// Draws of all strata whose number of objects is known.
    known: Draws,
    /// Bits of the groups that windows were dealt to: those between the first
    /// and the last that any sample was seen in.
    groups: u64,
}

/// Draws by group of windows.
#[derive(Clone, Debug)]
struct Draws {
    by_group: ByGroup,
    all: f64,
}

impl Default for Draws {
    fn default() -> Self {
        Self {
            by_group: [0.0; WINDOW_GROUPS as usize],
            all: 0.0,
        }
    }
}

impl Draws {
    fn add(&mut self, totals: &Totals) {
        for (sum, draws) in self.by_group.iter_mut().zip(&totals.draws) {
            *sum += draws;
        }
        self.all += totals.drawn;
    }

    /// How much all of them are of those without `group`, one of `count`. Where there
    /// are none every group is as good as the next.
    fn over_rest(&self, group: usize, count: f64) -> f64 {
        let rest = self.all - self.by_group[group];
        match self.all {
            0.0 => count / (count - 1.0),
            _ if rest > 0.0 => self.all / rest,
            _ => 0.0,
        }
    }
}

/// Sums over a stratum.
#[derive(Clone, Debug)]
struct Totals {
    stratum: Stratum,
    /// Objects traced.
    counted: f64,
    draws: ByGroup,
    /// Sum of `draws`.
    drawn: f64,
    /// Bits of the groups with draws.
    groups: u64,
}

impl Totals {
    /// Whether objects of it are shared out by its draws.
    fn is_estimated(&self) -> bool {
        self.stratum.untraced > 0.0 && self.drawn > 0.0
    }

    /// What a part is sure to have: its traced objects, and all of the untraced
    /// ones when they are not shared out but belong to a sample of their own.
    fn sure(&self, part: &Part) -> f64 {
        let own = if self.drawn > 0.0 {
            0.0
        } else {
            self.stratum.untraced
        };
        part.counted as f64 + own
    }
}

impl Intervals {
    /// Sums up `profile`; what is asked for has to be of its samples.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let mut strata: Vec<_> = profile
            .strata
            .iter()
            .map(|stratum| Totals {
                stratum: *stratum,
                counted: 0.0,
                draws: [0.0; WINDOW_GROUPS as usize],
                drawn: 0.0,
                groups: 0,
            })
            .collect();
        let left_out = profile.left_out.iter().flat_map(|it| &it.parts);
        let shown = profile.samples.iter().flat_map(|sample| &sample.parts);
        for part in shown.chain(left_out) {
            let Some(totals) = strata.get_mut(usize::from(part.stratum)) else {
                continue;
            };
            totals.counted += part.counted as f64;
            for draw in &part.draws {
                let objects = f64::from(draw.objects);
                let Some(sum) = totals.draws.get_mut(usize::from(draw.group)) else {
                    continue;
                };
                *sum += objects;
                totals.drawn += objects;
                if objects > 0.0 {
                    totals.groups |= 1 << draw.group;
                }
            }
        }
        let mut known = Draws::default();
        for totals in strata.iter().filter(|totals| totals.stratum.known) {
            known.add(totals);
        }
        let seen = strata.iter().fold(0, |seen, totals| seen | totals.groups);
        Self {
            strata,
            known,
            groups: between_ends(seen),
        }
    }

    /// Whether any row can have an interval.
    #[must_use]
    pub fn any(&self) -> bool {
        self.strata.iter().any(Totals::is_estimated)
    }

    /// The interval of a row: of the sum of `measure` over `samples`. `None`
    /// when nothing of it is estimated. What no window saw at all is in no row,
    /// and so in no interval.
    #[must_use]
    pub fn interval<'s>(
        &self,
        samples: impl IntoIterator<Item = &'s Sample>,
        measure: Measure,
    ) -> Option<Interval> {
        if self.strata.is_empty() {
            return None;
        }
        let mut row = Row::new(self);
        for sample in samples {
            row.add(sample, measure);
        }
        row.interval()
    }
}

/// All bits from the lowest to the highest that is set.
fn between_ends(bits: u64) -> u64 {
    if bits == 0 {
        return 0;
    }
    (u64::MAX << bits.trailing_zeros()) & (u64::MAX >> bits.leading_zeros())
}
