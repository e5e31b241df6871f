//! The rows of a table.

use std::collections::HashMap;

use super::column::Column;
use super::recent::Pair;
use crate::profile::{Interval, Intervals, Measure, Profile, Sample, Values};
use crate::report::{By, Keys};

/// Rows that intervals are made for, from the top: the others are not looked at.
const ROWS_WITH_INTERVALS: usize = 100;

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The site, function, type, cause or package.
    pub key: String,
    /// Since the recording began.
    pub values: Values,
    /// 95 % interval of those bytes; `None` when they are exact.
    pub bytes_interval: Option<Interval>,
    /// Bytes asked for a second, over the last ten seconds.
    pub bytes_per_s: f64,
    /// Objects a second, likewise.
    pub objects_per_s: f64,
    /// Share of all bytes/s, percent.
    pub percent: f64,
}

impl Row {
    /// How far its bytes may be off, as a part of them.
    pub(super) fn off(&self) -> f64 {
        let Some(Interval { low, high }) = self.bytes_interval else {
            return 0.0;
        };
        let bytes = self.values.bytes;
        let off = bytes.saturating_sub(low).max(high.saturating_sub(bytes));
        off as f64 / bytes.max(1) as f64
    }
}

/// Rows in an order.
pub fn rows(pair: &Pair, by: By, filter: &str, sort: Column, is_reversed: bool) -> Vec<Row> {
    let profile = &pair.now.profile;
    let groups = group(profile, by);
    let before = pair.profile_before().map(|before| sums(before, by));
    let before_of = |key: &String| {
        before
            .as_ref()
            .and_then(|sums| sums.get(key))
            .copied()
            .unwrap_or_default()
    };
    let totals_before = pair
        .profile_before()
        .map(Profile::recorded)
        .unwrap_or_default();
    let all_per_s = pair.per_second(profile.recorded().bytes, totals_before.bytes);
    let mut rows: Vec<(Row, Vec<&Sample>)> = groups
        .filter(|(key, _)| key.contains(filter))
        .map(|(key, (values, samples))| {
            let before = before_of(&key);
            let bytes_per_s = pair.per_second(values.bytes, before.bytes);
            let row = Row {
                key,
                values,
                bytes_interval: None,
                bytes_per_s,
                objects_per_s: pair.per_second(values.objects, before.objects),
                percent: if all_per_s > 0.0 {
                    (bytes_per_s / all_per_s * 100.0).min(100.0)
                } else {
                    0.0
                },
            };
            (row, samples)
        })
        .collect();
    let intervals = Intervals::of(profile);
    let complete = |rows: &mut [(Row, Vec<&Sample>)]| {
        for (row, samples) in rows {
            row.bytes_interval = intervals.interval(samples.iter().copied(), Measure::Bytes);
        }
    };
    if sort == Column::Off {
        complete(&mut rows);
    }
    rows.sort_by(|(a, _), (b, _)| {
        let order = sort.compare(a, b);
        if is_reversed { order.reverse() } else { order }
    });
    let with_intervals = rows.len().min(ROWS_WITH_INTERVALS);
    complete(&mut rows[..with_intervals]);
    rows.into_iter().map(|(row, _)| row).collect()
}

/// Samples of objects that count for a key.
pub fn samples_of<'a>(
    profile: &'a Profile,
    by: By,
    key: &'a str,
) -> impl Iterator<Item = &'a Sample> {
    let mut keys = Keys::new(profile, by);
    objects(profile).filter(move |sample| {
        let number = keys.number(sample);
        keys.text(number) == key
    })
}

/// Samples of objects, calls left out.
pub fn objects(profile: &Profile) -> impl Iterator<Item = &Sample> {
    profile
        .samples
        .iter()
        .filter(|sample| sample.values.objects > 0)
}

/// Samples of objects by key, and what they come to.
fn group(profile: &Profile, by: By) -> impl Iterator<Item = (String, (Values, Vec<&Sample>))> {
    let mut keys = Keys::new(profile, by);
    let mut groups: Vec<(Values, Vec<&Sample>)> = Vec::new();
    for sample in objects(profile) {
        let number = keys.number(sample) as usize;
        if number == groups.len() {
            groups.push(Default::default());
        }
        let (values, samples) = &mut groups[number];
        *values += sample.values;
        samples.push(sample);
    }
    keys.into_texts().into_iter().zip(groups)
}

fn sums(profile: &Profile, by: By) -> HashMap<String, Values> {
    let groups = group(profile, by);
    groups.map(|(key, (values, _))| (key, values)).collect()
}
