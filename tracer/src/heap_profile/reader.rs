//! The reader.

use std::collections::HashSet;

use super::decode::{HEADER_BYTES, Header, samples};
use super::error::HeapProfileError;
use super::estimate::HeapProfile;
use crate::addr::{LoadBias, ProcAddr};
use crate::counters::ReadMemory;
use crate::golang::bytes::u64_at;
use crate::golang::{GoBinary, HeapProfileLayout};
use crate::target::{Memory, MemoryRange};

/// Most buckets that are believed: a program makes one for each call stack and size
/// that was ever sampled.
const MOST_BUCKETS: usize = 1 << 20;

/// Times that the counts of each bucket are read.
const LOOKS: usize = 3;

/// Reads the heap profile of one process.
#[derive(Debug)]
pub struct HeapProfileReader<M = Memory> {
    memory: M,
    places: Places,
    /// What is known of the list, which only grows, at its head.
    buckets: Vec<Bucket>,
    newest: Option<ProcAddr>,
}

/// Where the profile is in the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) head: ProcAddr,
    pub(super) rate: ProcAddr,
    pub(super) layout: HeapProfileLayout,
}

/// A bucket that was found.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    record: ProcAddr,
    object_bytes: u64,
}

impl<M: ReadMemory> HeapProfileReader<M> {
    /// Finds the heap profile of a process that runs `binary`, loaded with `bias`.
    ///
    /// # Errors
    /// When there is none, its place or layout is not known, or something else is
    /// found there.
    pub fn open(memory: M, bias: LoadBias, binary: &GoBinary) -> Result<Self, HeapProfileError> {
        let version = || binary.version().raw.clone();
        let layout = binary
            .heap_profile_layout()
            .ok_or_else(|| HeapProfileError::UnknownLayout { version: version() })?;
        let data = binary
            .heap_profile_data()
            .ok_or_else(|| HeapProfileError::NotFound { version: version() })?;
        let places = Places {
            head: data.buckets.in_process(bias),
            rate: data.rate.in_process(bias),
            layout,
        };
        let mut reader = Self::with_places(memory, places);
        reader.read()?;
        Ok(reader)
    }

    pub(super) fn with_places(memory: M, places: Places) -> Self {
        Self {
            memory,
            places,
            buckets: Vec::new(),
            newest: None,
        }
    }

    /// What has been sampled since the process started.
    ///
    /// # Errors
    /// When the process has exited, its profiler is off, or something else is found
    /// in its place.
    pub fn read(&mut self) -> Result<HeapProfile, HeapProfileError> {
        let rate = self.word(self.places.rate, "MemProfileRate")?.cast_signed();
        let rate_bytes = u64::try_from(rate).unwrap_or_default();
        if rate_bytes == 0 {
            return Err(HeapProfileError::Off { rate });
        }
        self.find_new_buckets()?;
        let record_bytes = usize::from(self.places.layout.record_bytes());
        let ranges: Vec<MemoryRange> = self
            .buckets
            .iter()
            .map(|bucket| MemoryRange {
                start: bucket.record,
                bytes: record_bytes,
            })
            .collect();
        let mut looks = Vec::with_capacity(LOOKS);
        for _ in 0..LOOKS {
            let mut buffer = vec![0; record_bytes * ranges.len()];
            let read = self.memory.read_ranges(&ranges, &mut buffer);
            read.ok_or(HeapProfileError::Unreadable {
                what: "the heap profile",
                at: self.places.head,
            })?;
            looks.push(buffer);
        }
        let mut profile = HeapProfile::of_rate(rate_bytes);
        for (index, bucket) in self.buckets.iter().enumerate() {
            let seen = looks.iter().filter_map(|look| {
                let record = look.get(index * record_bytes..)?;
                samples(record, self.places.layout)
            });
            let mut seen: Vec<u64> = seen.collect();
            seen.sort_unstable();
            let middle = seen.get(seen.len() / 2).copied().unwrap_or_default();
            profile.add(bucket.object_bytes, middle);
        }
        Ok(profile)
    }

    /// Walks the list from its head to where it was walked to before.
    fn find_new_buckets(&mut self) -> Result<(), HeapProfileError> {
        let head = self.word(self.places.head, "mbuckets")?;
        let newest = (head != 0).then_some(ProcAddr(head));
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut next = newest;
        while let Some(at) = next
            && next != self.newest
        {
            let implausible = |found| HeapProfileError::Implausible { at, found };
            if !seen.insert(at) {
                return Err(implausible("the list comes back to it".to_owned()));
            }
            if self.buckets.len() + found.len() >= MOST_BUCKETS {
                return Err(implausible(format!("more than {MOST_BUCKETS} before it")));
            }
            let mut bytes = [0; HEADER_BYTES];
            self.read_at(at, &mut bytes, "a bucket of the heap profile")?;
            let header = Header::decode(&bytes).map_err(implausible)?;
            let record = header.record_at(at);
            found.push(Bucket {
                record: record.ok_or_else(|| implausible("it has no end".to_owned()))?,
                object_bytes: header.object_bytes,
            });
            next = header.older;
        }
        self.buckets.extend(found);
        self.newest = newest;
        Ok(())
    }

    fn word(&self, at: ProcAddr, what: &'static str) -> Result<u64, HeapProfileError> {
        let mut bytes = [0; 8];
        self.read_at(at, &mut bytes, what)?;
        u64_at(&bytes, 0).ok_or(HeapProfileError::Unreadable { what, at })
    }

    fn read_at(
        &self,
        at: ProcAddr,
        bytes: &mut [u8],
        what: &'static str,
    ) -> Result<(), HeapProfileError> {
        let range = MemoryRange {
            start: at,
            bytes: bytes.len(),
        };
        let read = self.memory.read_ranges(&[range], bytes);
        read.ok_or(HeapProfileError::Unreadable { what, at })
    }
}
