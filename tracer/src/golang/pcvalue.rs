//! Values by program counter: runs of deltas.
//!
//! Format: `pcvalue` and `step`, go1.26 src/runtime/symtab.go:1013 and :1285.

use super::bytes::uvarint;

/// Most runs read of one table. The longest seen in real programs are some ten
/// thousand, in generated package initialisers.
const MAX_RUNS: usize = 1 << 20;

/// One run: from the end of the previous run up to `end`, the value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Offset from the function's entry where the run ends.
    pub(super) end: u64,
    /// -1 where nothing applies.
    pub(super) value: i32,
}

/// The runs of a table.
pub(super) fn runs(mut table: &[u8]) -> impl Iterator<Item = Run> {
    let mut run = Run { end: 0, value: -1 };
    let mut first = true;
    std::iter::from_fn(move || {
        let (delta, rest) = uvarint(table)?;
        if delta == 0 && !first {
            return None;
        }
        first = false;
        let (length, rest) = uvarint(rest)?;
        // No linker writes a run of nothing.
        if length == 0 {
            return None;
        }
        table = rest;
        // Zigzag: the lowest bit is the sign.
        let delta = delta as u32;
        let delta = (delta >> 1) as i32 ^ -((delta & 1) as i32);
        run = Run {
            // The quantum of amd64 is one byte.
            end: run.end.checked_add(length)?,
            value: run.value.wrapping_add(delta),
        };
        Some(run)
    })
    .take(MAX_RUNS)
}

/// The value at an offset from the function's entry; `None` where the table
/// says nothing or -1.
pub(super) fn value_at(table: &[u8], offset: u64) -> Option<u32> {
    let run = runs(table).find(|run| offset < run.end)?;
    u32::try_from(run.value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a table of runs, as the linker does.
    fn encode(runs: &[(u32, i32)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |mut value: u32| {
            while value >= 0x80 {
                out.push(value as u8 | 0x80);
                value >>= 7;
            }
            out.push(value as u8);
        };
        let mut last = -1i32;
        for &(length, value) in runs {
            let delta = value.wrapping_sub(last);
            put((delta << 1) as u32 ^ (delta >> 31) as u32);
            put(length);
            last = value;
        }
        put(0);
        out
    }

    #[test]
    fn a_value_holds_until_the_end_of_its_run() {
        let table = encode(&[(4, -1), (3, 7), (200, 5)]);
        let at = |offset| value_at(&table, offset);
        assert_eq!([at(0), at(3), at(4), at(6)], [None, None, Some(7), Some(7)]);
        assert_eq!([at(7), at(206), at(207)], [Some(5), Some(5), None]);
    }

    #[test]
    fn the_first_delta_may_be_zero() {
        // The first value is -1 then, which is no end of the table.
        assert_eq!(
            runs(&[0, 9, 2, 1, 0]).collect::<Vec<_>>(),
            [Run { end: 9, value: -1 }, Run { end: 10, value: 0 }]
        );
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded(
            // Values differ from their predecessors: a zero delta ends a table.
            steps in prop::collection::vec((1u32..100_000, 1i32..1000), 1..50),
        ) {
            let mut value = -1;
            let written: Vec<_> = steps.iter().map(|&(length, step)| {
                value += step;
                (length, value)
            }).collect();
            let mut end = 0;
            let expected: Vec<_> = written.iter().map(|&(length, value)| {
                end += u64::from(length);
                Run { end, value }
            }).collect();
            prop_assert_eq!(runs(&encode(&written)).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn any_bytes_are_survived(table: Vec<u8>, offset: u64) {
            let _ = value_at(&table, offset);
        }
    }
}
