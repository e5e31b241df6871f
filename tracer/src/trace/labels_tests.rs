use std::cell::Cell;

use proptest::prelude::*;

use super::*;

const BASE: u64 = 0xc0_0000_0000;

/// A target's memory, made word by word.
#[derive(Default)]
struct Memory(Vec<u8>);

impl Memory {
    fn end(&self) -> u64 {
        BASE + self.0.len() as u64
    }

    fn words(&mut self, words: &[u64]) -> u64 {
        let at = self.end();
        self.0.extend(words.iter().flat_map(|it| it.to_le_bytes()));
        at
    }

    /// Header of a string that is there.
    fn string(&mut self, text: &str) -> [u64; 2] {
        let at = self.end();
        self.0.extend(text.as_bytes());
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        [at, text.len() as u64]
    }

    /// A bucket with these entries.
    fn bucket(&mut self, top_hash: u8, pairs: &[(&str, &str)], overflow: u64) -> Vec<u64> {
        let mut words = vec![0; BUCKET_BYTES / 8];
        let mut tops = [0; ENTRIES];
        for (index, (key, value)) in pairs.iter().enumerate() {
            tops[index] = top_hash;
            let (key, value) = (self.string(key), self.string(value));
            words[1 + 2 * index..][..2].copy_from_slice(&key);
            words[17 + 2 * index..][..2].copy_from_slice(&value);
        }
        words[0] = u64::from_le_bytes(tops);
        words[BUCKET_OVERFLOW / 8] = overflow;
        words
    }

    fn reader(self) -> ReadMemory<'static> {
        Box::new(move |at, buffer| {
            let start = usize::try_from(at.0.checked_sub(BASE)?).ok()?;
            let bytes = self.0.get(start..)?.get(..buffer.len())?;
            buffer.copy_from_slice(bytes);
            Some(())
        })
    }
}

fn labels(version: &str) -> Labels {
    Labels::new(&GoVersion::parse(version).expect("valid"))
}

fn read(version: &str, at: u64, memory: Memory) -> Option<Vec<(String, String)>> {
    let found = labels(version).at(ProcAddr(at), 0, &memory.reader())?;
    let pairs = found.iter().map(|label| match &label.value {
        Value::Text { start, .. } => (
            label.key.clone(),
            String::from_utf8_lossy(start).into_owned(),
        ),
        other => panic!("{other:?}"),
    });
    Some(pairs.collect())
}

fn pairs(expected: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Some(expected.iter().map(owned).collect())
}

#[test]
fn since_go_1_24_they_are_a_list() {
    let mut memory = Memory::default();
    let words = ["user", "7", "endpoint", "/cart"].map(|it| memory.string(it));
    let array = memory.words(&words.concat());
    let at = memory.words(&[array, 2, 2]);
    let expected = pairs(&[("endpoint", "/cart"), ("user", "7")]);
    assert_eq!(read("go1.24", at, memory), expected);
}

#[test]
fn before_they_are_a_map_that_may_be_growing() {
    let mut memory = Memory::default();
    // Two buckets: the second with one that overflows; of the one before growth nothing
    // has moved yet, of another all has.
    let chained = memory.bucket(9, &[("d", "4")], 0);
    let chained = memory.words(&chained);
    let first = memory.bucket(5, &[], 0);
    let second = memory.bucket(200, &[("b", "2"), ("c", "3")], chained);
    let buckets = memory.words(&[first, second].concat());
    for (top_hash, expected) in [
        (77, &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")][..]),
        (2, &[("b", "2"), ("c", "3"), ("d", "4")]),
    ] {
        let mut memory = Memory(memory.0.clone());
        let old = memory.bucket(top_hash, &[("a", "1")], 0);
        let old = memory.words(&old);
        let flags = 1 << 8;
        let map = memory.words(&[expected.len() as u64, flags, buckets, old]);
        let at = memory.words(&[map]);
        assert_eq!(read("go1.23.9", at, memory), pairs(expected));
    }
}

#[test]
fn no_labels() {
    let mut memory = Memory::default();
    let at = memory.words(&[0, 0, 0]);
    assert_eq!(read("go1.23.9", at, Memory(memory.0.clone())), pairs(&[]));
    assert_eq!(read("go1.27.3", at, memory), pairs(&[]));
    assert_eq!(read("go1.27.3", 0x10, Memory::default()), None);
}

#[test]
fn they_are_read_anew_after_a_while() {
    let reads = Cell::new(0);
    let reader: ReadMemory<'_> = Box::new(|_, buffer| {
        reads.set(reads.get() + 1);
        buffer.fill(0);
        Some(())
    });
    let mut labels = labels("go1.27.3");
    for (time_ns, expected) in [(5, 1), (REMEMBERED_NS, 1), (REMEMBERED_NS + 5, 2)] {
        assert!(labels.at(ProcAddr(BASE), time_ns, &reader).is_some());
        assert_eq!(reads.get(), expected, "{time_ns}");
    }
}

proptest! {
    #[test]
    fn never_panics(
        words in prop::collection::vec(
            prop_oneof![0..80_u64, (0..100_u64).prop_map(|it| BASE + 8 * it), any::<u64>()],
            0..100,
        ),
        is_old: bool,
    ) {
        let mut memory = Memory::default();
        memory.words(&words);
        let mut labels = labels(if is_old { "go1.19" } else { "go1.27.3" });
        let _ = labels.at(ProcAddr(BASE), 0, &memory.reader());
    }
}
