//! The labels that a program puts on its goroutines (`pprof.Do`,
//! `pprof.SetGoroutineLabels`).
//!
//! `g.labels` points to a `runtime/pprof.labelMap`: up to Go 1.23 a `map[string]string`
//! (go1.19 src/runtime/pprof/label.go:38, go1.23 :38), since Go 1.24 a slice of pairs of
//! strings (go1.24 src/runtime/pprof/label.go:38, go1.27
//! src/internal/runtime/pprof/label/labelset.go:20). Nothing changes one once it is made.

use std::collections::HashMap;
use std::sync::Arc;

use super::event::{Label, Value};
use super::resolve::ReadMemory;
use crate::addr::ProcAddr;
use crate::golang::GoVersion;

/// Labels of a goroutine at most, and bytes that are read of one: what has more is not
/// what it was taken for.
const MOST_LABELS: usize = 64;
const MOST_TEXT_BYTES: usize = 256;

/// How long what was read at an address counts, by the time of the calls. Go may put other
/// labels there once a collection has found the former ones dead.
const REMEMBERED_NS: u64 = 100_000_000;

/// Addresses that are remembered; when there are more all are read anew.
const MOST_REMEMBERED: usize = 1 << 12;

const STRING_BYTES: usize = 16;

/// An old map: `count`, `B`, `buckets`, `oldbuckets` (go1.19 src/runtime/map.go:115,
/// go1.23 :112).
const HMAP_BYTES: usize = 32;
const HMAP_FLAGS: usize = 8;
const HMAP_B: usize = 9;
const HMAP_BUCKETS: usize = 16;
const HMAP_OLD_BUCKETS: usize = 24;
/// `sameSizeGrow` of `hmap.flags` (go1.19 src/runtime/map.go:103, go1.23 :97).
const SAME_SIZE_GROW: u8 = 8;

/// A bucket: eight `tophash`, eight keys, eight elements, the next bucket (go1.19
/// src/runtime/map.go:150, go1.23 :144).
const ENTRIES: usize = 8;
const BUCKET_KEYS: usize = ENTRIES;
const BUCKET_ELEMENTS: usize = BUCKET_KEYS + ENTRIES * STRING_BYTES;
const BUCKET_OVERFLOW: usize = BUCKET_ELEMENTS + ENTRIES * STRING_BYTES;
const BUCKET_BYTES: usize = BUCKET_OVERFLOW + 8;
/// A `tophash` from here on is of an entry; 2 to 4 in the first say that the bucket's
/// entries have moved (go1.19 src/runtime/map.go:90, :208, go1.23 :88, :196).
const MIN_TOP_HASH: u8 = 5;
const EMPTY_ONE: u8 = 1;

/// Labels by key, if they could be read.
type Found = Option<Arc<[Label]>>;

/// Reads labels, and remembers them for a while.
pub struct Labels {
    is_map: bool,
    /// When they were read, and they.
    remembered: HashMap<ProcAddr, (u64, Found)>,
}

impl Labels {
    /// Of programs built by a release.
    #[must_use]
    pub fn new(version: &GoVersion) -> Self {
        Self {
            is_map: !version.at_least(1, 24),
            remembered: HashMap::new(),
        }
    }

    /// The labels at an address that a call had at this time, by key; `None` if they
    /// cannot be read.
    pub fn at(&mut self, at: ProcAddr, time_ns: u64, read: &ReadMemory<'_>) -> Found {
        if let Some((read_ns, labels)) = self.remembered.get(&at)
            && time_ns.saturating_sub(*read_ns) < REMEMBERED_NS
        {
            return labels.clone();
        }
        let labels = match self.is_map {
            true => read_map(at, read),
            false => read_list(at, read),
        };
        let labels = labels.map(|mut labels| {
            labels.sort_by(|a, b| a.key.cmp(&b.key));
            Arc::from(labels)
        });
        if self.remembered.len() >= MOST_REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(at, (time_ns, labels.clone()));
        labels
    }
}

fn read_list(at: ProcAddr, read: &ReadMemory<'_>) -> Option<Vec<Label>> {
    let mut slice = [0; 24];
    read(at, &mut slice)?;
    let (pairs, length) = (word(&slice, 0)?, word(&slice, 8)?);
    let length = usize::try_from(length).ok()?;
    if length > MOST_LABELS || length as u64 > word(&slice, 16)? {
        return None;
    }
    let mut bytes = vec![0; length * 2 * STRING_BYTES];
    if !bytes.is_empty() {
        read(ProcAddr(pairs), &mut bytes)?;
    }
    bytes
        .chunks_exact(2 * STRING_BYTES)
        .map(|pair| label(pair, 0, STRING_BYTES, read))
        .collect()
}

fn read_map(at: ProcAddr, read: &ReadMemory<'_>) -> Option<Vec<Label>> {
    let mut pointer = [0; 8];
    read(at, &mut pointer)?;
    let mut labels = Vec::new();
    let map = u64::from_le_bytes(pointer);
    if map == 0 {
        return Some(labels);
    }
    let mut header = [0; HMAP_BYTES];
    read(ProcAddr(map), &mut header)?;
    let count = usize::try_from(word(&header, 0)?).ok()?;
    if count > MOST_LABELS {
        return None;
    }
    let buckets = 1_u64.checked_shl(header[HMAP_B].into())?;
    let old_buckets = match header[HMAP_FLAGS] & SAME_SIZE_GROW {
        0 => buckets / 2,
        _ => buckets,
    };
    for (array, buckets) in [
        (word(&header, HMAP_BUCKETS)?, buckets),
        (word(&header, HMAP_OLD_BUCKETS)?, old_buckets),
    ] {
        if array != 0 {
            read_buckets(array, buckets, &mut labels, read)?;
        }
    }
    (labels.len() == count).then_some(labels)
}

/// Takes the labels out of an array of buckets; a map of so few has few of them.
fn read_buckets(
    array: u64,
    buckets: u64,
    labels: &mut Vec<Label>,
    read: &ReadMemory<'_>,
) -> Option<()> {
    if buckets > MOST_LABELS as u64 {
        return None;
    }
    let mut chained = 0;
    for index in 0..buckets {
        let mut at = array.checked_add(index * BUCKET_BYTES as u64)?;
        while at != 0 {
            let mut bucket = [0; BUCKET_BYTES];
            read(ProcAddr(at), &mut bucket)?;
            if (EMPTY_ONE + 1..MIN_TOP_HASH).contains(&bucket[0]) {
                break;
            }
            for entry in (0..ENTRIES).filter(|entry| bucket[*entry] >= MIN_TOP_HASH) {
                let offset = entry * STRING_BYTES;
                let (key, value) = (BUCKET_KEYS + offset, BUCKET_ELEMENTS + offset);
                labels.push(label(&bucket, key, value, read)?);
            }
            at = word(&bucket, BUCKET_OVERFLOW)?;
            chained += 1;
            if chained > 2 * MOST_LABELS {
                return None;
            }
        }
    }
    Some(())
}

/// The label whose key and value are strings at these places of `bytes`.
fn label(bytes: &[u8], key: usize, value: usize, read: &ReadMemory<'_>) -> Option<Label> {
    let (start, _) = text(bytes, key, read)?;
    let key = String::from_utf8_lossy(&start).into_owned();
    let (start, length_bytes) = text(bytes, value, read)?;
    let value = Value::Text {
        start,
        length_bytes,
    };
    Some(Label { key, value })
}

/// The beginning of the string whose header is at this place, and its length.
fn text(bytes: &[u8], at: usize, read: &ReadMemory<'_>) -> Option<(Vec<u8>, u64)> {
    let (address, length_bytes) = (word(bytes, at)?, word(bytes, at + 8)?);
    let mut start = vec![0; usize::try_from(length_bytes).ok()?.min(MOST_TEXT_BYTES)];
    if !start.is_empty() {
        read(ProcAddr(address), &mut start)?;
    }
    Some((start, length_bytes))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
