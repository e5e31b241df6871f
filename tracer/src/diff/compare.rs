//! The comparison.

use std::collections::BTreeSet;

use super::error::{Errors, Towards, deviations, object};
use super::keys::{Builds, Keys};
use super::{DiffError, Options, Per};
use crate::check::{Estimate, Side};
use crate::profile::pprof::LOST_STACK;
use crate::profile::timeline::NOT_SEEN;
use crate::profile::{Measure, Profile, Sample};
use crate::report::{By, Sort};

/// Two recordings, compared.
#[derive(Debug)]
pub struct Diff<'a> {
    /// The earlier one, or what is compared with.
    pub before: &'a Profile,
    /// The later one.
    pub after: &'a Profile,
    /// How they were compared.
    pub options: Options,
    /// Whether they are of one build.
    pub builds: Builds,
    /// Whether it is known how far the figures may be off: if not, nothing counts as
    /// changed.
    pub is_known: bool,
    /// Everything.
    pub total: Row,
    /// What changed, by the size of the difference, and then the rest likewise.
    pub rows: Vec<Row>,
    factors: [f64; 2],
}

/// One key before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is of.
    pub key: String,
    /// Before.
    pub before: Estimate,
    /// After.
    pub after: Estimate,
    /// How far the difference may be off.
    pub error: f64,
    /// Whether it is certain to have changed by more than the threshold.
    pub changed: bool,
}

impl Row {
    /// After less before.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.after.value - self.before.value
    }

    /// The difference in percent of what was before; `None` if that was nothing.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        (self.before.value > 0.0).then(|| self.difference() / self.before.value * 100.0)
    }
}

/// What a measure is called on the command line.
pub(super) fn measure(sort: Sort) -> Measure {
    match sort {
        Sort::Bytes => Measure::Bytes,
        Sort::Objects => Measure::Objects,
    }
}

impl<'a> Diff<'a> {
    /// Compares them.
    ///
    /// # Errors
    ///
    /// Figures are to be per second, and a recording does not say how long it is.
    pub fn new(
        before: &'a Profile,
        after: &'a Profile,
        options: Options,
    ) -> Result<Self, DiffError> {
        let factors = factors(before, after, options.per)?;
        let keyed = Keyed::of(before, after, options.by, factors);
        Ok(keyed.compare(options))
    }

    /// The same recordings, related to the same, by something else: their bytes and their
    /// objects.
    #[must_use]
    pub fn by(&self, by: By) -> [Self; 2] {
        let keyed = Keyed::of(self.before, self.after, by, self.factors);
        [Sort::Bytes, Sort::Objects].map(|sort| {
            keyed.compare(Options {
                by,
                sort,
                ..self.options.clone()
            })
        })
    }

    /// How often what was before has to be taken to be related to what was after.
    #[must_use]
    pub fn times(&self) -> f64 {
        self.factors[0] / self.factors[1]
    }

    /// What the values of each recording are times to be figures of this comparison.
    pub(super) fn factors(&self) -> [f64; 2] {
        self.factors
    }

    /// Those that changed.
    #[must_use]
    pub fn changed(&self) -> &[Row] {
        let changed = self.rows.iter().take_while(|row| row.changed).count();
        &self.rows[..changed]
    }

    /// Those of the others that are shown.
    #[must_use]
    pub fn unchanged(&self) -> &[Row] {
        let others = &self.rows[self.changed().len()..];
        match self.options.top {
            0 => others,
            top => &others[..top.min(others.len())],
        }
    }
}

/// Two recordings by one property, whatever is measured.
struct Keyed<'a> {
    before: &'a Profile,
    after: &'a Profile,
    factors: [f64; 2],
    keys: Keys,
    sides: [Side<'a>; 2],
}

impl<'a> Keyed<'a> {
    fn of(before: &'a Profile, after: &'a Profile, by: By, factors: [f64; 2]) -> Self {
        let mut keys = Keys::of(before, after, by);
        let of_before = Side::of(before, factors[0], keys.keyed(before));
        let of_after = Side::of(after, factors[1], keys.keyed(after));
        Self {
            before,
            after,
            factors,
            keys,
            sides: [of_before, of_after],
        }
    }

    fn compare(&self, options: Options) -> Diff<'a> {
        let Self { before, after, .. } = *self;
        let [of_before, of_after] = &self.sides;
        let both = Both {
            measure: measure(options.sort),
            threshold: options.threshold_percent / 100.0,
            errors: [Errors::of(before), Errors::of(after)],
            sides: [of_before, of_after],
        };
        let before_keys = of_before.by_key.keys();
        let all: BTreeSet<&String> = before_keys.chain(of_after.by_key.keys()).collect();
        let deviations = deviations(all.len() + 1);
        let mut rows: Vec<Row> = all
            .into_iter()
            .map(|key| {
                let samples = both.sides.map(|side| side.of_key(key));
                Row {
                    key: self.keys.name(key),
                    ..both.row(key, samples, deviations)
                }
            })
            .collect();
        rows.sort_by(|a, b| {
            let by_size = b.difference().abs().total_cmp(&a.difference().abs());
            let by_value = b.after.value.total_cmp(&a.after.value);
            b.changed
                .cmp(&a.changed)
                .then(by_size)
                .then(by_value)
                .then_with(|| a.key.cmp(&b.key))
        });
        let everything = both.sides.map(|side| side.samples.as_slice());
        Diff {
            before,
            after,
            builds: Builds::of(before, after),
            is_known: both.is_known(),
            total: both.row("total", everything, deviations),
            rows,
            options,
            factors: self.factors,
        }
    }
}

/// What the figures of each recording are times.
///
/// # Errors
///
/// As [`Diff::new`].
fn factors(before: &Profile, after: &Profile, per: Per) -> Result<[f64; 2], DiffError> {
    let rate = |profile: &Profile, is_before| match profile.duration_ns {
        0 => Err(DiffError::NoDuration { is_before }),
        ns => Ok(1e9 / ns as f64),
    };
    match per {
        Per::Recording => Ok([1.0, 1.0]),
        Per::Second => Ok([rate(before, true)?, rate(after, false)?]),
        Per::Operation(before, after) => Ok([1.0 / before, 1.0 / after]),
    }
}

/// Both recordings, the earlier one first.
struct Both<'a> {
    measure: Measure,
    threshold: f64,
    errors: [Errors; 2],
    sides: [&'a Side<'a>; 2],
}

impl Both<'_> {
    fn is_known(&self) -> bool {
        self.errors.iter().all(|it| it.are_known)
    }

    fn row(&self, key: &str, samples: [&[&Sample]; 2], deviations: f64) -> Row {
        let [before, after] =
            [0, 1].map(|side| self.sides[side].estimate(samples[side], self.measure));
        // The ends of the intervals that face each other count.
        let towards = match after.value >= before.value {
            true => [Towards::More, Towards::Less],
            false => [Towards::Less, Towards::More],
        };
        let [of_before, of_after] = samples.map(|it| object(it, self.measure));
        let object = of_before.max(of_after);
        let variance: f64 = (0..2)
            .map(|it| {
                let (errors, side) = (&self.errors[it], self.sides[it]);
                errors.variance(side, samples[it], self.measure, towards[it], object)
            })
            .sum();
        let error = deviations * variance.sqrt();
        let difference = (after.value - before.value).abs();
        let least = self.threshold * after.value.max(before.value);
        // What was not seen, or not where, says nothing about anyone.
        let is_somewhere = key != NOT_SEEN && key != LOST_STACK;
        Row {
            key: key.to_owned(),
            before,
            after,
            error,
            changed: self.is_known() && is_somewhere && difference - error > least,
        }
    }
}
