//! The report as data: rows, totals and the distribution of sizes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use clap::ValueEnum;

use super::key::{By, NO_TYPE};
use super::keys::Keys;
use crate::profile::{Interval, Intervals, Measure, Profile, Sample, SizeHistogram, Values};

/// What rows are ordered by, and what their share is a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Bytes the program asked for
    #[default]
    Bytes,
    /// Heap objects
    Objects,
}

impl Sort {
    /// Name as the command line and the JSON have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Objects => "objects",
        }
    }

    fn of(self, values: Values) -> u64 {
        match self {
            Self::Bytes => values.bytes,
            Self::Objects => values.objects,
        }
    }
}

/// What a report is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What rows are made of.
    pub by: By,
    /// What they are ordered by.
    pub sort: Sort,
    /// How many rows; 0 for all.
    pub top: usize,
    /// Only rows whose key contains this, and their sizes; totals stay those of
    /// the whole recording.
    pub only: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            by: By::default(),
            sort: Sort::default(),
            top: 20,
            only: None,
        }
    }
}

/// A report on a profile.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What it is about.
    pub profile: &'a Profile,
    /// What it shows.
    pub options: Options,
    /// Sum over the whole recording, with what a view took out of it.
    pub totals: Values,
    /// Calls by called function, over what a view shows of the recording.
    pub calls: BTreeMap<&'a str, u64>,
    /// The first rows by order, at most `options.top`.
    pub rows: Vec<Row<'a>>,
    /// How many rows there are without that limit.
    pub rows_in_all: usize,
    /// Counted calls, most first; they are in no row of [`Self::rows`].
    pub call_rows: Vec<CallRow>,
    /// Sizes over every row, shown or not.
    pub sizes: SizeHistogram,
    /// Whether some objects were not traced, so that rows may have intervals.
    pub estimated: bool,
}

/// What was allocated for one key.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The key.
    pub key: String,
    /// Its sum.
    pub values: Values,
    /// Its share of the total of the whole recording, by what the report is
    /// sorted by; 0 to 100.
    pub percent: f64,
    /// What it is the sum of.
    pub samples: Vec<&'a Sample>,
    /// 95 % interval of its objects; `None` when they are exact.
    pub objects_interval: Option<Interval>,
    /// 95 % interval of its bytes; `None` when they are exact.
    pub bytes_interval: Option<Interval>,
}

impl Row<'_> {
    /// What rows are ordered by, of this one, and its interval.
    pub(super) fn sorted_by(&self, sort: Sort) -> (u64, Option<Interval>) {
        let interval = match sort {
            Sort::Bytes => self.bytes_interval,
            Sort::Objects => self.objects_interval,
        };
        (sort.of(self.values), interval)
    }

    /// Its sizes. Made when asked for: a histogram takes tens of kilobytes, and
    /// there may be thousands of rows.
    #[must_use]
    pub fn sizes(&self) -> SizeHistogram {
        SizeHistogram::of(self.samples.iter().copied())
    }
}

/// Calls of one function from one site for one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// The function called, as `runtime.mapassign_fast64`.
    pub call: String,
    /// Where from, as [`By::Site`] names it.
    pub site: String,
    /// The type it was called for, as `map[int]string`.
    pub type_name: String,
    /// How often.
    pub calls: u64,
    /// 95 % interval of that; `None` when it is exact.
    pub calls_interval: Option<Interval>,
}

impl<'a> Report<'a> {
    /// The report on `profile` that `options` ask for.
    #[must_use]
    pub fn new(profile: &'a Profile, options: Options) -> Self {
        let totals = profile.recorded();
        let (groups, sizes) = group(profile, &options);
        let intervals = Intervals::of(profile);
        let rows_in_all = groups.len();
        let shown = if options.top == 0 {
            rows_in_all
        } else {
            options.top
        };
        let total = options.sort.of(totals);
        let rows = groups
            .into_iter()
            .take(shown)
            .map(|group| {
                let interval = |of| intervals.interval(group.samples.iter().copied(), of);
                Row {
                    percent: percent(options.sort.of(group.values), total),
                    objects_interval: interval(Measure::Objects),
                    bytes_interval: interval(Measure::Bytes),
                    samples: group.samples,
                    values: group.values,
                    key: group.key,
                }
            })
            .collect();
        Self {
            profile,
            totals,
            calls: profile.calls().into_iter().collect(),
            rows,
            rows_in_all,
            call_rows: call_rows(profile, &intervals),
            sizes,
            estimated: intervals.any(),
            options,
        }
    }
}

struct Group<'a> {
    key: String,
    values: Values,
    samples: Vec<&'a Sample>,
}

/// Samples with objects by key, in the order of the report, equals by name; and the
/// sizes of them all.
fn group<'a>(profile: &'a Profile, options: &Options) -> (Vec<Group<'a>>, SizeHistogram) {
    let mut keys = Keys::new(profile, options.by);
    let with_objects = || {
        let samples = profile.samples.iter();
        samples.filter(|sample| sample.values.objects > 0)
    };
    let numbers: Vec<u32> = with_objects().map(|it| keys.number(it)).collect();
    let keys = keys.into_texts();
    let mut counts = vec![0; keys.len()];
    for number in &numbers {
        counts[*number as usize] += 1;
    }
    // By number of the key; `None` for those that are not asked for.
    let is_shown = |key: &str| options.only.as_ref().is_none_or(|only| key.contains(only));
    let new = |count| (Values::default(), Vec::with_capacity(count));
    let mut by_key: Vec<_> = (keys.iter().zip(counts))
        .map(|(key, count)| is_shown(key).then(|| new(count)))
        .collect();
    let mut sizes = SizeHistogram::default();
    for (sample, number) in with_objects().zip(numbers) {
        if let Some((values, samples)) = &mut by_key[number as usize] {
            *values += sample.values;
            samples.push(sample);
            sizes.add(sample);
        }
    }
    let mut groups: Vec<_> = keys
        .into_iter()
        .zip(by_key)
        .filter_map(|(key, group)| {
            let (values, samples) = group?;
            Some(Group {
                key,
                values,
                samples,
            })
        })
        .collect();
    groups.sort_by(|a, b| {
        let order = |group: &Group<'_>| Reverse(options.sort.of(group.values));
        order(a).cmp(&order(b)).then_with(|| a.key.cmp(&b.key))
    });
    (groups, sizes)
}

fn call_rows(profile: &Profile, intervals: &Intervals) -> Vec<CallRow> {
    let mut calls: HashMap<(&str, String, &str), Vec<&Sample>> = HashMap::new();
    for sample in &profile.samples {
        if let Some(call) = sample.labels.call.as_deref() {
            let type_name = sample.labels.type_name.as_deref().unwrap_or(NO_TYPE);
            calls
                .entry((call, By::Site.key(profile, sample), type_name))
                .or_default()
                .push(sample);
        }
    }
    let mut rows: Vec<_> = calls
        .into_iter()
        .map(|((call, site, type_name), samples)| CallRow {
            call: call.to_owned(),
            site,
            type_name: type_name.to_owned(),
            calls: samples
                .iter()
                .fold(0, |calls, sample| calls.saturating_add(sample.values.calls)),
            calls_interval: intervals.interval(samples, Measure::Calls),
        })
        .collect();
    rows.sort_by(|a, b| {
        let order = |row: &CallRow| {
            (
                Reverse(row.calls),
                row.call.clone(),
                row.site.clone(),
                row.type_name.clone(),
            )
        };
        order(a).cmp(&order(b))
    });
    rows
}

/// `part` of `total` in percent; 0 of nothing.
fn percent(part: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        part as f64 / total as f64 * 100.0
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
