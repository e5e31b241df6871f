//! The timeline, in a field of the file that other tools pass over.

use prost::Message;

use super::super::{SiteSeries, Slice, Timeline};
use super::proto;
use super::stored::Stored;

/// Version of [`proto::Timeline`].
const VERSION: u32 = 1;

/// Most bytes of it that are read: three times what the largest timeline takes that
/// goalloc makes. An empty name is two bytes here and 24 in memory.
const MAX_BYTES: usize = 8 << 20;

/// Most series of a file.
const MAX_SERIES: usize = 64;

/// Most slices of a file.
const MAX_SLICES: usize = 1 << 14;

/// The timeline of a profile whose samples are in the file as `stored`; empty when there
/// is none.
pub(super) fn encode(timeline: Option<&Timeline>, stored: &Stored) -> Vec<u8> {
    let Some(timeline) = timeline else {
        return Vec::new();
    };
    let mut before_ns = 0;
    let slice_ns = |slice: &Slice| {
        let length_ns = slice.end_ns.saturating_sub(before_ns);
        before_ns = slice.end_ns;
        length_ns
    };
    let series = &timeline.series;
    proto::Timeline {
        version: VERSION,
        values_crc32: stored.values_crc32(),
        interval_ns: timeline.interval_ns,
        slice_ns: timeline.slices.iter().map(slice_ns).collect(),
        site: series.iter().map(|it| it.site.clone()).collect(),
        objects: series.iter().flat_map(|it| &it.objects).copied().collect(),
        heap_bytes: series
            .iter()
            .flat_map(|it| &it.heap_bytes)
            .copied()
            .collect(),
    }
    .encode_to_vec()
}

/// The timeline of the samples `stored`. `None` when the file has none, when it is of other samples,
/// and when anything about it is wrong.
pub(super) fn decode(bytes: &[u8], stored: &Stored) -> Option<Timeline> {
    if bytes.is_empty() || bytes.len() > MAX_BYTES {
        return None;
    }
    let message = proto::Timeline::decode(bytes).ok()?;
    let (slices, series) = (message.slice_ns.len(), message.site.len());
    let fits = message.version == VERSION
        && message.values_crc32 == stored.values_crc32()
        && slices <= MAX_SLICES
        && series <= MAX_SERIES
        && [message.objects.len(), message.heap_bytes.len()] == [slices * series; 2];
    if !fits {
        return None;
    }
    let mut end_ns = 0_u64;
    let mut timeline = Timeline {
        interval_ns: message.interval_ns,
        ..Timeline::default()
    };
    for length_ns in &message.slice_ns {
        end_ns = end_ns.checked_add(*length_ns)?;
        timeline.slices.push(Slice {
            end_ns,
            ..Slice::default()
        });
    }
    let column = |values: &[u64], row: usize| -> Option<Vec<u64>> {
        let from = row * slices;
        values.get(from..from + slices).map(<[u64]>::to_vec)
    };
    for (row, site) in message.site.into_iter().enumerate() {
        let series = SiteSeries {
            site,
            objects: column(&message.objects, row)?,
            heap_bytes: column(&message.heap_bytes, row)?,
        };
        let values = series.objects.iter().zip(&series.heap_bytes);
        for (slice, (objects, heap_bytes)) in timeline.slices.iter_mut().zip(values) {
            slice.objects = slice.objects.checked_add(*objects)?;
            slice.heap_bytes = slice.heap_bytes.checked_add(*heap_bytes)?;
        }
        timeline.series.push(series);
    }
    Some(timeline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;
    use crate::profile::pprof::encode::to_proto;

    /// The message of a recording with a timeline after `change`, read.
    fn changed(change: impl FnOnce(&mut proto::Timeline)) -> Option<Timeline> {
        let file = to_proto(&fixture::over_time());
        let mut message = proto::Timeline::decode(&*file.timeline).unwrap();
        change(&mut message);
        decode(&message.encode_to_vec(), &Stored::of(&file.sample))
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(changed(|_| {}), fixture::over_time().timeline);
    }

    #[test]
    fn whatever_does_not_fit_is_dropped_as_a_whole() {
        type Change = fn(&mut proto::Timeline);
        let changes: &[(&str, Change)] = &[
            ("version", |m| m.version += 1),
            ("values", |m| m.values_crc32 ^= 1),
            ("a number left over", |m| m.objects.push(1)),
            ("a number missing", |m| m.heap_bytes.truncate(1)),
            ("a slice missing", |m| m.slice_ns.truncate(1)),
            ("a site left over", |m| m.site.push(String::new())),
            ("time beyond 64 bits", |m| m.slice_ns[0] = u64::MAX),
            ("objects beyond 64 bits", |m| {
                let slices = m.slice_ns.len();
                (m.objects[0], m.objects[slices]) = (u64::MAX, 1);
            }),
            ("too many slices", |m| {
                m.slice_ns.resize(MAX_SLICES + 1, 1);
                m.objects.resize(m.site.len() * (MAX_SLICES + 1), 0);
                m.heap_bytes.resize(m.site.len() * (MAX_SLICES + 1), 0);
            }),
            ("too many series", |m| {
                m.site.resize(MAX_SERIES + 1, String::new());
                m.objects.resize(m.slice_ns.len() * (MAX_SERIES + 1), 0);
                m.heap_bytes.resize(m.slice_ns.len() * (MAX_SERIES + 1), 0);
            }),
        ];
        for (name, change) in changes {
            assert!(changed(change).is_none(), "{name}");
        }
    }
}
