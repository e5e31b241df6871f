//! A median, and how far it may be off.

use std::fmt;

/// Half the width of a 95 % interval of a normal distribution, in deviations.
const NORMAL_95: f64 = 1.96;

/// A median and its 95 % interval, which takes nothing for granted about the
/// distribution: the rank of the true median among the values is binomial.
#[derive(Clone, Copy, Debug)]
pub struct Median {
    low: f64,
    median: f64,
    high: f64,
}

/// The median of these.
pub fn median(values: impl Iterator<Item = f64>) -> Median {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let reach = NORMAL_95 * count.sqrt() / 2.0;
    let at = |rank: f64| {
        let index = rank.clamp(0.0, (count - 1.0).max(0.0)) as usize;
        values.get(index).copied().unwrap_or(f64::NAN)
    };
    Median {
        low: at((count / 2.0 - reach).floor()),
        median: at((count / 2.0).floor()),
        high: at((count / 2.0 + reach).ceil()),
    }
}

impl fmt::Display for Median {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, median, high } = self;
        write!(f, "{median:.3} ({low:.3} - {high:.3})")
    }
}
