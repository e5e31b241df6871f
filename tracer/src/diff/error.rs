//! How far a difference may be off.

use crate::check::{Estimate, Side};
use crate::profile::{Measure, Method, Profile, Sample};

/// 97.5 % quantile of the normal distribution: half widths of intervals are so many
/// standard deviations, more or less.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// Objects in windows of which a site that has none there may just have been unlucky: with
/// a probability of 5 % none of so many is seen.
const MISSED_OBJECTS: f64 = 3.0;

/// What the error of one recording's figures comes from.
pub(super) struct Errors {
    /// Objects that one in a window stands for; none where all were traced.
    per_object: f64,
    /// Whether it is known how far figures may be off.
    pub are_known: bool,
    /// Whether all of it together is what the runtime counted, or what was traced.
    is_total_exact: bool,
}

impl Errors {
    pub fn of(profile: &Profile) -> Self {
        let coverage = &profile.coverage;
        let is_estimated = matches!(coverage.method, Method::Windows | Method::Spans);
        let objects = profile.recorded().objects as f64;
        let per_object = if is_estimated {
            objects / (coverage.objects_counted.max(1) as f64)
        } else {
            0.0
        };
        Self {
            per_object,
            is_total_exact: !is_estimated || coverage.objects_runtime.is_some(),
            are_known: match coverage.method {
                Method::All => true,
                Method::Windows | Method::Spans => !profile.strata.is_empty(),
                Method::Unknown => false,
            },
        }
    }

    /// Variance of a figure of `side`, towards what is below it or above it.
    ///
    /// Another run allocates another number of objects even if nothing has changed: the
    /// variance of a number of things that happen independently is that number (Poisson),
    /// and that of their bytes the sum of the squares of their sizes.
    pub fn variance(
        &self,
        side: &Side<'_>,
        samples: &[&Sample],
        measure: Measure,
        towards: Towards,
        object: f64,
    ) -> f64 {
        let Estimate { value, low, high } = side.estimate(samples, measure);
        let is_all = samples.len() == side.samples.len() && self.is_total_exact;
        let half_width = match towards {
            _ if is_all => 0.0,
            Towards::Less => value - low,
            Towards::More => high - value,
        };
        let missed = match samples {
            [] => MISSED_OBJECTS * self.per_object * object * side.factor(),
            _ => 0.0,
        };
        let squares: f64 = samples.iter().map(|sample| square(sample, measure)).sum();
        let chance = squares * side.factor().powi(2);
        (half_width.max(missed) / NORMAL_975).powi(2) + chance
    }
}

/// In which direction the other figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    Less,
    More,
}

/// Squares of the measure of each object, in all.
fn square(sample: &Sample, measure: Measure) -> f64 {
    let objects = sample.values.objects as f64;
    match objects > 0.0 {
        true => (measure.of(sample) as f64).powi(2) / objects,
        false => 0.0,
    }
}

/// Measure of an object of these samples, on the average.
pub(super) fn object(samples: &[&Sample], measure: Measure) -> f64 {
    let sum = |of: &dyn Fn(&Sample) -> u64| samples.iter().map(|it| of(it) as f64).sum::<f64>();
    sum(&|it| measure.of(it)) / sum(&|it| it.values.objects).max(1.0)
}

/// How many standard deviations are exceeded by none of so many rows, at 95 %: the
/// quantile of the normal distribution at 0.025 over their number (Bonferroni), to 0.0005
/// (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23).
pub(super) fn deviations(rows: usize) -> f64 {
    let p = 0.025 / rows.max(1) as f64;
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.1, at 0.975, 0.995
        // and 0.999.
        for (rows, quantile) in [(1, 1.960), (5, 2.576), (25, 3.090)] {
            let off = (deviations(rows) - quantile).abs();
            assert!(off < 0.001, "{rows}: {off}");
        }
    }
}
