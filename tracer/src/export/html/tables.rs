//! The tables: every row of the report by each of the properties.

use serde::Serialize;

use super::Strings;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Interval, Profile, SizeHistogram};
use crate::report::{By, Options, Report, Row};

/// What there is a table by, besides sites.
pub(crate) const OTHERS: [By; 5] = [By::Function, By::Type, By::Cause, By::Package, By::Module];

/// The rows of a report in columns.
#[derive(Default, Serialize)]
pub(super) struct Table {
    by: &'static str,
    name: Vec<u32>,
    /// Files and lines of sites; empty in the other tables.
    position: Vec<u32>,
    objects: Vec<u64>,
    bytes: Vec<u64>,
    heap_bytes: Vec<u64>,
    objects_interval: Vec<Option<[u64; 2]>>,
    bytes_interval: Vec<Option<[u64; 2]>>,
    p50: Vec<u64>,
    p99: Vec<u64>,
    max: Vec<u64>,
    sizes: Vec<Vec<u64>>,
}

/// The tables of a profile.
pub(super) struct Tables<'a> {
    /// The report by site, with every row.
    pub(super) by_site: Report<'a>,
    tables: Vec<Table>,
    strings: Strings,
}

impl<'a> Tables<'a> {
    /// Those of `profile`.
    pub(super) fn of(profile: &'a Profile) -> Self {
        let mut strings = Strings::default();
        let by_site = report(profile, By::Site);
        let mut tables = vec![table(&by_site, &mut strings)];
        // One report at a time: each knows all samples.
        tables.extend(OTHERS.map(|by| table(&report(profile, by), &mut strings)));
        Self {
            by_site,
            tables,
            strings,
        }
    }

    /// The tables, whose names go to `strings`.
    pub(super) fn named(mut self, strings: &mut Strings) -> Vec<Table> {
        let own = self.strings.items.iter();
        let numbers: Vec<u32> = own.map(|name| strings.index_of(name)).collect();
        for table in &mut self.tables {
            for name in table.name.iter_mut().chain(&mut table.position) {
                *name = numbers[*name as usize];
            }
        }
        self.tables
    }
}

/// The report with every row by `by`.
fn report(profile: &Profile, by: By) -> Report<'_> {
    let options = Options {
        by,
        top: 0,
        ..Options::default()
    };
    Report::new(profile, options)
}

fn table(report: &Report<'_>, strings: &mut Strings) -> Table {
    let by = report.options.by;
    let mut table = Table {
        by: by.name(),
        ..Table::default()
    };
    for row in &report.rows {
        let (name, position) = words(report.profile, by, row);
        table.name.push(strings.index_of(&name));
        if by == By::Site {
            table.position.push(strings.index_of(&position));
        }
        table.objects.push(row.values.objects);
        table.bytes.push(row.values.bytes);
        table.heap_bytes.push(row.values.heap_bytes);
        table.objects_interval.push(row.objects_interval.map(ends));
        table.bytes_interval.push(row.bytes_interval.map(ends));
        let sizes = row.sizes();
        table.p50.push(sizes.quantile(0.5));
        table.p99.push(sizes.quantile(0.99));
        table.max.push(sizes.max());
        table.sizes.push(buckets(&sizes));
    }
    table
}

/// The key of a row; of a site function and position apart, for sites have much in common.
fn words(profile: &Profile, by: By, row: &Row<'_>) -> (String, String) {
    if by != By::Site {
        return (row.key.clone(), String::new());
    }
    match row.samples.first().and_then(|it| profile.site(it)) {
        Some(site) => {
            let position = site.position().unwrap_or_default();
            (site.function.into_owned(), position)
        }
        None => (LOST_STACK.to_owned(), String::new()),
    }
}

fn ends(interval: Interval) -> [u64; 2] {
    [interval.low, interval.high]
}

/// The power of two that bounds the first bucket, then the objects of each.
fn buckets(sizes: &SizeHistogram) -> Vec<u64> {
    let powers = sizes.powers();
    let first = powers.first().map(|bucket| match bucket.upper_bytes {
        u64::MAX => u64::from(u64::BITS),
        upper => u64::from(upper.trailing_zeros()),
    });
    first
        .into_iter()
        .chain(powers.iter().map(|bucket| bucket.objects))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn each_table_has_all_objects() {
        let profile = fixture::sampled();
        for table in Tables::of(&profile).tables {
            let objects: u64 = table.objects.iter().sum();
            assert_eq!(objects, profile.totals().objects, "{}", table.by);
            for (sizes, objects) in table.sizes.iter().zip(&table.objects) {
                assert_eq!(sizes[1..].iter().sum::<u64>(), *objects);
            }
        }
    }

    #[test]
    fn the_largest_bucket_has_a_bound_too() {
        let mut sizes = SizeHistogram::default();
        sizes.record(u64::MAX, 3);
        assert_eq!(buckets(&sizes), [64, 3]);
        assert!(buckets(&SizeHistogram::default()).is_empty());
    }
}
