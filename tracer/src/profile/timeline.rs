//! What was allocated over time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::collect::slice_of;
use crate::estimate::{Amount, BySite, SiteId};

/// Site of the objects that no window saw.
pub const NOT_SEEN: &str = "[not seen in any window]";
/// Series of the sites that have none of their own.
pub const OTHER_SITES: &str = "[other sites]";

/// Sites that have a series of their own.
pub const MOST_SITES: usize = 32;

/// A recording cut into slices of time.
///
/// The series of all sites sum, slice by slice, to what [`Slice`] says: sites that have
/// no series of their own share one, and so does what no window saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// How long a slice was meant to be; the last one may be shorter, or a quarter longer.
    pub interval_ns: u64,
    /// In order, each beginning where the one before ends.
    pub slices: Vec<Slice>,
    /// Who allocated it, most heap first; what is no site comes last.
    pub series: Vec<SiteSeries>,
}

/// What was allocated in one slice of time, by the runtime's counters where they could
/// be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// When it ended, since the recording began.
    pub end_ns: u64,
    /// Heap objects.
    pub objects: u64,
    /// Bytes of heap set aside.
    pub heap_bytes: u64,
}

/// What one site allocated in each slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSeries {
    /// The site as reports name it, or what the series stands for in brackets.
    pub site: String,
    /// Heap objects, one number a slice.
    pub objects: Vec<u64>,
    /// Bytes of heap set aside, one number a slice.
    pub heap_bytes: Vec<u64>,
}

impl Timeline {
    /// From what sites have of each slice and when it ended; `names` are the sites'.
    #[must_use]
    pub fn new(interval_ns: u64, names: &[String], slices: &[(u64, BySite)]) -> Self {
        let mut sums: HashMap<SiteId, f64> = HashMap::new();
        for (site, amount) in slices.iter().flat_map(|(_, slice)| &slice.sites) {
            *sums.entry(*site).or_default() += amount.heap_bytes;
        }
        let name = |site: SiteId| names.get(site.0 as usize).map_or("", String::as_str);
        let mut sites: Vec<_> = sums.into_iter().collect();
        sites.sort_by(|(a, of_a), (b, of_b)| {
            of_b.total_cmp(of_a).then_with(|| name(*a).cmp(name(*b)))
        });
        sites.truncate(MOST_SITES);
        let rows = sites.iter().zip(0..).map(|((site, _), row)| (*site, row));
        let row_of: HashMap<SiteId, usize> = rows.collect();
        let others = sites.len();

        let mut table = Table::new(slices.iter().map(|(end_ns, _)| *end_ns).collect());
        let names = sites.iter().map(|(site, _)| name(*site));
        for name in names.chain([OTHER_SITES, NOT_SEEN]) {
            table.series(name);
        }
        for (index, (_, slice)) in slices.iter().enumerate() {
            let mut amounts = vec![Amount::default(); others + 2];
            for (site, amount) in &slice.sites {
                amounts[row_of.get(site).copied().unwrap_or(others)].add(amount);
            }
            amounts[others + 1].add(&slice.unseen);
            let objects = whole(amounts.iter().map(|it| it.objects));
            let heap_bytes = whole(amounts.iter().map(|it| it.heap_bytes));
            for (row, (objects, heap_bytes)) in objects.into_iter().zip(heap_bytes).enumerate() {
                table.add(row, index, objects, heap_bytes);
            }
        }
        table.finish(interval_ns)
    }

    /// Of several processes recorded side by side: slice by slice the sum. `None` where
    /// their slices are not of one length.
    #[must_use]
    pub fn merge(timelines: &[Self]) -> Option<Self> {
        let interval_ns = timelines.first()?.interval_ns;
        if timelines.iter().any(|it| it.interval_ns != interval_ns) {
            return None;
        }
        let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
        for slice in timelines.iter().flat_map(|it| &it.slices) {
            let end_ns = ends.entry(slice_of(slice.end_ns, interval_ns)).or_default();
            *end_ns = slice.end_ns.max(*end_ns);
        }
        let indexes: HashMap<u64, usize> = ends.keys().copied().zip(0..).collect();
        let mut table = Table::new(ends.into_values().collect());
        for timeline in timelines {
            for series in &timeline.series {
                let row = table.series(&series.site);
                let values = series.objects.iter().zip(&series.heap_bytes);
                for (slice, (objects, heap_bytes)) in timeline.slices.iter().zip(values) {
                    if let Some(index) = indexes.get(&slice_of(slice.end_ns, interval_ns)) {
                        table.add(row, *index, *objects, *heap_bytes);
                    }
                }
            }
        }
        Some(table.finish(interval_ns))
    }
}

/// Whole numbers with the same sums, but for less than one.
fn whole(parts: impl Iterator<Item = f64>) -> Vec<u64> {
    let (mut sum, mut given) = (0.0_f64, 0_u64);
    let mut one = |part: f64| {
        sum += part;
        let whole = (sum.round() as u64).saturating_sub(given);
        given += whole;
        whole
    };
    parts.map(&mut one).collect()
}

/// A timeline under construction.
struct Table {
    slices: Vec<Slice>,
    series: Vec<SiteSeries>,
    rows: HashMap<String, usize>,
}

impl Table {
    fn new(ends_ns: Vec<u64>) -> Self {
        let slice = |end_ns| Slice {
            end_ns,
            ..Slice::default()
        };
        Self {
            slices: ends_ns.into_iter().map(slice).collect(),
            series: Vec::new(),
            rows: HashMap::new(),
        }
    }

    /// Row of the series of that name.
    fn series(&mut self, site: &str) -> usize {
        if let Some(row) = self.rows.get(site) {
            return *row;
        }
        let row = self.series.len();
        self.series.push(SiteSeries {
            site: site.to_owned(),
            objects: vec![0; self.slices.len()],
            heap_bytes: vec![0; self.slices.len()],
        });
        self.rows.insert(site.to_owned(), row);
        row
    }

    fn add(&mut self, row: usize, index: usize, objects: u64, heap_bytes: u64) {
        let (series, slice) = (&mut self.series[row], &mut self.slices[index]);
        // As much as fits in both, so that they stay equal.
        let objects = objects.min(u64::MAX - slice.objects);
        let heap_bytes = heap_bytes.min(u64::MAX - slice.heap_bytes);
        series.objects[index] += objects;
        series.heap_bytes[index] += heap_bytes;
        slice.objects += objects;
        slice.heap_bytes += heap_bytes;
    }

    /// In order, no empty series, and no more than there are to be.
    fn finish(mut self, interval_ns: u64) -> Timeline {
        let bytes = |it: &SiteSeries| it.heap_bytes.iter().copied().map(u128::from).sum::<u128>();
        let is_no_site = |it: &SiteSeries| it.site == OTHER_SITES || it.site == NOT_SEEN;
        self.series
            .retain(|it| it.objects.iter().chain(&it.heap_bytes).any(|n| *n > 0));
        self.series.sort_by(|a, b| {
            is_no_site(a)
                .cmp(&is_no_site(b))
                .then(bytes(b).cmp(&bytes(a)))
                .then_with(|| a.site.cmp(&b.site))
        });
        let sites = self.series.iter().filter(|it| !is_no_site(it)).count();
        if sites > MOST_SITES {
            let more: Vec<_> = self.series.drain(MOST_SITES..sites).collect();
            let at = self.series.iter().position(|it| it.site == OTHER_SITES);
            let at = at.unwrap_or_else(|| {
                self.series.insert(
                    MOST_SITES,
                    SiteSeries {
                        site: OTHER_SITES.to_owned(),
                        objects: vec![0; self.slices.len()],
                        heap_bytes: vec![0; self.slices.len()],
                    },
                );
                MOST_SITES
            });
            let others = &mut self.series[at];
            for series in more {
                // No more than the slice has, which did fit.
                let add = |sums: &mut [u64], parts: &[u64]| {
                    sums.iter_mut().zip(parts).for_each(|(sum, it)| *sum += it);
                };
                add(&mut others.objects, &series.objects);
                add(&mut others.heap_bytes, &series.heap_bytes);
            }
        }
        Timeline {
            interval_ns,
            slices: self.slices,
            series: self.series,
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
