//! The reader on memory that is made up, sound and not.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::decode::{HEADER_BYTES, MEM_PROFILE};
use super::estimate::HeapProfile;
use super::reader::{HeapProfileReader, Places};
use super::*;
use crate::addr::ProcAddr;
use crate::counters::ReadMemory;
use crate::golang::HeapProfileLayout;
use crate::target::MemoryRange;

const BASE: u64 = 0x1000;
const RATE: u64 = BASE;
const HEAD: u64 = BASE + 8;
const FIRST: u64 = BASE + 16;

/// Memory from [`BASE`] on.
#[derive(Clone, Debug)]
struct Bytes(RefCell<Vec<u8>>);

impl ReadMemory for &Bytes {
    fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        let mut rest = buffer;
        for range in ranges {
            let start = usize::try_from(range.start.0.checked_sub(BASE)?).ok()?;
            let bytes = self.0.borrow();
            let found = bytes.get(start..start.checked_add(range.bytes)?)?;
            let (filled, behind) = rest.split_at_mut_checked(range.bytes)?;
            filled.copy_from_slice(found);
            rest = behind;
        }
        rest.is_empty().then_some(())
    }
}

impl Bytes {
    fn new(rate: u64) -> Self {
        let bytes = Self(RefCell::default());
        bytes.words(&[rate, 0]);
        bytes
    }

    fn words(&self, words: &[u64]) {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        self.0.borrow_mut().extend(bytes);
    }

    fn word(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        let range = MemoryRange {
            start: ProcAddr(at),
            bytes: 8,
        };
        (&self).read_ranges(&[range], &mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn put(&self, at: u64, word: u64) {
        let at = (at - BASE) as usize;
        self.0.borrow_mut()[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// A bucket at the head of the list, with its allocations by cycle.
    fn bucket(&self, object_bytes: u64, frames: u64, cycles: [u64; 4], layout: HeapProfileLayout) {
        let at = BASE + self.0.borrow().len() as u64;
        let kind = MEM_PROFILE;
        self.words(&[0, self.word(HEAD), kind, 7, object_bytes, frames]);
        self.words(&vec![0x40_0000; frames as usize]);
        for allocs in cycles {
            self.words(&[allocs]);
            self.words(&vec![99; usize::from(layout.cycle_bytes) / 8 - 1]);
        }
        self.put(HEAD, at);
    }

    fn reader(&self, layout: HeapProfileLayout) -> HeapProfileReader<&Self> {
        let places = Places {
            head: ProcAddr(HEAD),
            rate: ProcAddr(RATE),
            layout,
        };
        HeapProfileReader::with_places(self, places)
    }
}

fn layouts() -> [HeapProfileLayout; 2] {
    [32, 16].map(|cycle_bytes| HeapProfileLayout { cycle_bytes })
}

#[test]
fn samples_add_up_by_size_over_buckets_and_cycles() {
    for layout in layouts() {
        let bytes = Bytes::new(512 << 10);
        bytes.bucket(64, 3, [1, 2, 3, 4], layout);
        bytes.bucket(64, 0, [5, 0, 0, 0], layout);
        bytes.bucket(4096, 40, [0, 0, 7, 0], layout);
        let profile = bytes.reader(layout).read().unwrap();
        assert_eq!(profile.samples, BTreeMap::from([(64, 15), (4096, 7)]));
        assert_eq!(profile.rate_bytes, 512 << 10);
    }
}

#[test]
fn what_was_found_before_is_read_on() {
    let [layout, _] = layouts();
    let bytes = Bytes::new(1);
    bytes.bucket(16, 1, [1, 0, 0, 0], layout);
    let mut reader = bytes.reader(layout);
    let before = reader.read().unwrap();
    bytes.put(FIRST + HEADER_BYTES as u64 + 8, 4);
    bytes.bucket(32, 1, [0, 0, 0, 9], layout);
    let difference = reader.read().unwrap().since(&before).unwrap();
    assert_eq!(difference.samples, BTreeMap::from([(16, 3), (32, 9)]));
    assert!(difference.is_exact());
    let estimate = difference.estimate();
    assert_eq!((estimate.objects, estimate.bytes), (12.0, 336.0));
    let error = difference.error([(16.0, 3), (32.0, 9)]);
    assert_eq!(error, SamplingError::default());
}

#[test]
fn a_profiler_that_is_off_says_so() {
    let [layout, _] = layouts();
    let off = |rate: u64| Bytes::new(rate).reader(layout).read();
    assert_eq!(off(0), Err(HeapProfileError::Off { rate: 0 }));
    assert_eq!(off(u64::MAX), Err(HeapProfileError::Off { rate: -1 }));
    assert!(off(1).unwrap().samples.is_empty());
}

#[test]
fn a_list_that_comes_back_ends() {
    let [layout, _] = layouts();
    let bytes = Bytes::new(1);
    bytes.bucket(16, 1, [1; 4], layout);
    bytes.bucket(32, 1, [1; 4], layout);
    bytes.put(FIRST + 8, bytes.word(HEAD));
    let error = bytes.reader(layout).read().unwrap_err();
    assert!(error.to_string().contains("comes back"), "{error}");
}

#[test]
fn buckets_of_another_kind_are_refused() {
    let [layout, _] = layouts();
    for (word, value, said) in [
        (2, 2, "type 2"),
        (4, 0, "0 bytes"),
        (5, 4000, "4000 frames"),
    ] {
        let bytes = Bytes::new(1);
        bytes.bucket(16, 1, [1; 4], layout);
        bytes.put(FIRST + 8 * word, value);
        let error = bytes.reader(layout).read().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// Objects are sampled one in `rate` bytes; the estimate is off by more than it says
/// in one of a thousand cases.
#[test]
fn estimates_hold_what_was_allocated() {
    let mut random = fastrand::Rng::with_seed(7);
    let rate = 512 << 10;
    let allocated = [
        (16_u64, 20_000_u64),
        (64, 200_000_u64),
        (1024, 30_000),
        (65_536, 1_000),
        (2 << 20, 30),
    ];
    let objects: u64 = allocated.iter().map(|(_, count)| count).sum();
    let bytes: u64 = allocated.iter().map(|(size, count)| size * count).sum();
    let mut outside = 0;
    for _ in 0..200 {
        let mut profile = HeapProfile::of_rate(rate);
        for (size, count) in allocated {
            let chance = -f64::exp_m1(-(size as f64) / rate as f64);
            let samples = (0..count).filter(|_| random.f64() < chance).count();
            profile.add(size, samples as u64);
        }
        let estimate = profile.estimate();
        let error = profile.error(allocated.map(|(size, count)| (size as f64, count)));
        let is_off = |found: f64, truth: u64, off| (found - truth as f64).abs() > off;
        outside += u32::from(is_off(estimate.bytes, bytes, error.bytes));
        outside += u32::from(is_off(estimate.objects, objects, error.objects));
    }
    assert!(outside <= 4, "{outside} of 400");
}

#[test]
fn a_changed_rate_is_an_error() {
    let (one, other) = (HeapProfile::of_rate(1), HeapProfile::of_rate(2));
    assert_eq!(
        other.since(&one),
        Err(HeapProfileError::RateChanged { before: 1, now: 2 })
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        mut words in prop::collection::vec(
            prop_oneof![Just(1_u64), 0..100_u64, BASE..BASE + 4096, any::<u64>()],
            2..512,
        ),
        layout in prop::sample::select(layouts().to_vec()),
    ) {
        words[1] = FIRST;
        let bytes = Bytes(RefCell::default());
        bytes.words(&words);
        if let Ok(profile) = bytes.reader(layout).read() {
            let estimate = profile.estimate();
            prop_assert!(estimate.bytes >= 0.0 && estimate.objects >= 0.0);
        }
    }
}
