//! The interval of one row.

use std::collections::BTreeMap;

use super::student::quantile_975;
use super::{ByGroup, Interval, Intervals, Measure, Totals};
use crate::profile::{Sample, WINDOW_GROUPS};

/// How many objects of a kind a sample may have missed when it has none of
/// them, at 95 %: Hanley and Lippman-Hand, If nothing goes wrong, is everything
/// all right?, JAMA 249 (1983), "rule of three".
const MISSED: f64 = 3.0;

/// A row under construction: sums over its samples. Values are objects times
/// what each of them adds: 1, or bytes.
pub(super) struct Row<'a> {
    intervals: &'a Intervals,
    strata: BTreeMap<u16, RowStratum>,
    /// The estimate.
    value: f64,
    /// The part of it that is sure.
    sure: f64,
}

/// What a row has in one stratum.
struct RowStratum {
    /// Value of the draws by group.
    draws: ByGroup,
    /// Sums over the draws of objects times value per object, to the power of 1
    /// and of 2.
    moments: [f64; 2],
    /// Most that one object adds.
    largest: f64,
}

impl Default for RowStratum {
    fn default() -> Self {
        Self {
            draws: [0.0; WINDOW_GROUPS as usize],
            moments: [0.0; 2],
            largest: 0.0,
        }
    }
}

impl<'a> Row<'a> {
    pub(super) fn new(intervals: &'a Intervals) -> Self {
        Self {
            intervals,
            strata: BTreeMap::new(),
            value: 0.0,
            sure: 0.0,
        }
    }

    pub(super) fn add(&mut self, sample: &Sample, measure: Measure) {
        let value = measure.of(sample) as f64;
        self.value += value;
        if sample.parts.is_empty() {
            self.sure += value;
            return;
        }
        let weight = measure.weight(sample);
        for part in &sample.parts {
            let Some(totals) = self.intervals.strata.get(usize::from(part.stratum)) else {
                continue;
            };
            self.sure += totals.sure(part) * weight;
            if weight <= 0.0 || !totals.is_estimated() {
                continue;
            }
            let stratum = self.strata.entry(part.stratum).or_default();
            stratum.largest = stratum.largest.max(weight);
            for draw in &part.draws {
                if let Some(sum) = stratum.draws.get_mut(usize::from(draw.group)) {
                    let value = f64::from(draw.objects) * weight;
                    *sum += value;
                    stratum.moments[0] += value;
                    stratum.moments[1] += value * weight;
                }
            }
        }
    }

    pub(super) fn interval(&self) -> Option<Interval> {
        if self.strata.is_empty() {
            return None;
        }
        let sure = self.sure.min(self.value);
        let (low, high) = self.estimated(self.value - sure);
        Some(Interval {
            low: (sure + low).min(self.value).floor() as u64,
            high: (sure + high).max(self.value).ceil() as u64,
        })
    }

    /// The interval of the part that is not sure, which is `estimate`.
    fn estimated(&self, estimate: f64) -> (f64, f64) {
        let all = self.sum(|totals, row| totals.stratum.untraced * row.largest);
        let groups = self.groups();
        if groups.count_ones() < 2 {
            return (0.0, all);
        }
        let known = self.totals().all(|(totals, _)| totals.stratum.known);
        let bound = if known { all } else { f64::INFINITY };
        let variance = self.jackknife(groups).max(self.sampling());
        let half = quantile_975(degrees_of_freedom(groups.count_ones())) * variance.sqrt();
        let (low, high) = log_odds(estimate, half, bound);
        let mut low = low.min(estimate - half);
        let mut high = high.max(estimate + half);
        if estimate * 2.0 < bound {
            high = high.max(estimate + self.missed());
        } else {
            low = low.min(estimate - self.missed());
        }
        (low.max(0.0), high.min(bound))
    }

    /// Variance by what the estimate becomes without each of the `groups`: by how far
    /// those are apart that follow each other. What changes in the course of the
    /// recording is no uncertainty, because windows stand for the gaps beside them.
    fn jackknife(&self, groups: u64) -> f64 {
        let count = f64::from(groups.count_ones());
        let replicates: Vec<f64> = bits(groups)
            .map(|group| {
                let unknown = self.intervals.known.over_rest(group, count);
                self.sum(|totals, row| totals.without(group, row, unknown))
            })
            .collect();
        let steps = replicates.windows(2).map(|pair| pair[1] - pair[0]);
        let squares: f64 = steps.map(|step| step * step).sum();
        squares / 2.0 * (count - 1.0) / count
    }

    /// Variance that is there even if every object were drawn by itself:
    /// multinomial where the number of all is known, Poisson where it is not.
    fn sampling(&self) -> f64 {
        self.sum(|totals, row| {
            let [mean, square] = row.moments.map(|moment| moment / totals.drawn);
            let spread = if totals.stratum.known {
                square - mean * mean
            } else {
                square
            };
            let untraced = totals.stratum.untraced * totals.prediction();
            spread.max(0.0) * untraced * untraced / totals.counted.max(1.0)
        })
    }

    /// What objects that no window happened to see may amount to.
    fn missed(&self) -> f64 {
        let square = self.sum(|totals, row| {
            let share = MISSED / totals.counted.max(MISSED);
            (totals.stratum.untraced * share * row.largest).powi(2)
        });
        square.sqrt()
    }

    /// Bits of the groups to leave out in turn. Where the number of all objects
    /// is known only their share counts, and a window without any says nothing
    /// of it; where it is not, such a window counts.
    fn groups(&self) -> u64 {
        self.totals().fold(0, |groups, (totals, _)| {
            groups
                | if totals.stratum.known {
                    totals.groups
                } else {
                    self.intervals.groups
                }
        })
    }

    fn totals(&self) -> impl Iterator<Item = (&Totals, &RowStratum)> {
        self.strata
            .iter()
            .filter_map(|(index, row)| Some((self.intervals.strata.get(usize::from(*index))?, row)))
    }

    fn sum(&self, of: impl Fn(&Totals, &RowStratum) -> f64) -> f64 {
        self.totals().map(|(totals, row)| of(totals, row)).sum()
    }
}

impl Totals {
    /// What is estimated of `row` without `group`; nothing when no other group has
    /// seen the stratum. `unknown`: how draws are scaled where the number of objects is
    /// not known.
    fn without(&self, group: usize, row: &RowStratum, unknown: f64) -> f64 {
        let rest = row.moments[0] - row.draws[group];
        let scale = if !self.stratum.known {
            unknown
        } else if self.groups == 1 << group {
            0.0
        } else {
            self.stratum.untraced / (self.drawn - self.draws[group])
        };
        rest * scale * self.prediction()
    }

    /// How much wider an interval for the untraced objects is than one for the
    /// process they come from: what they are varies as what was traced does.
    /// It is the finite population correction, seen from the untraced part.
    fn prediction(&self) -> f64 {
        (1.0 + self.counted / self.stratum.untraced).sqrt()
    }
}

/// The interval `estimate` ± `half`, symmetric in the log-odds of the share that
/// `estimate` has of `bound` instead (in its logarithm, when there is no bound):
/// what was seen a few times is rather more than less.
fn log_odds(estimate: f64, half: f64, bound: f64) -> (f64, f64) {
    let rest = bound - estimate;
    if estimate <= 0.0 || rest <= 0.0 {
        return (estimate - half, estimate + half);
    }
    if bound.is_infinite() {
        let factor = (half / estimate).exp();
        return (estimate / factor, estimate * factor);
    }
    let odds = estimate / rest;
    let factor = (half / estimate * (bound / rest)).exp();
    let of = |odds: f64| {
        if odds.is_infinite() {
            bound
        } else {
            bound * odds / (1.0 + odds)
        }
    };
    (of(odds / factor), of(odds * factor))
}

/// Degrees of freedom of a variance from differences of so many values that follow
/// each other: von Neumann et al., The Mean Square Successive Difference, Annals of
/// Mathematical Statistics 12 (1941).
fn degrees_of_freedom(values: u32) -> u32 {
    (2 * (values - 1).pow(2)) / (3 * values - 4)
}

fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..u64::BITS as usize).filter(move |bit| mask >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_degrees_of_freedom_goes() {
        let degrees = [2, 3, 4, 10, 64].map(degrees_of_freedom);
        assert_eq!(degrees, [1, 1, 2, 6, 42]);
    }

    #[test]
    fn log_odds_are_symmetric_around_half_and_stay_within() {
        let (low, high) = log_odds(50.0, 10.0, 100.0);
        assert!((50.0 - low - (high - 50.0)).abs() < 1e-9, "{low} {high}");
        let (low, high) = log_odds(1.0, 2.0, 100.0);
        assert!(low > 0.0 && high > 3.0 && high < 100.0, "{low} {high}");
        assert_eq!(log_odds(1e-9, 1e9, 100.0), (0.0, 100.0));
        assert_eq!(log_odds(100.0, 5.0, 100.0), (95.0, 105.0));
        let (low, high) = log_odds(10.0, 5.0, f64::INFINITY);
        assert!((low * high - 100.0).abs() < 1e-9, "{low} {high}");
    }
}
