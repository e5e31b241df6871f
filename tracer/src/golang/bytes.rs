//! Reading little-endian numbers out of bytes that nobody vouches for.

/// The `N` bytes at `at`, or `None` past the end.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub(crate) fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    array(bytes, at).map(i32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// An unsigned base-128 number and the bytes behind it. `None` when it does
/// not end within the ten bytes a `u64` can take.
pub(crate) fn uvarint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index as u32);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

/// The NUL-terminated text at `at`, cut before the first byte that is not
/// UTF-8 and after `limit_bytes`. `None` when `at` is outside.
pub(crate) fn text_at(bytes: &[u8], at: usize, limit_bytes: usize) -> Option<&str> {
    let rest = bytes.get(at..)?;
    let rest = rest.get(..limit_bytes).unwrap_or(rest);
    let text = rest
        .get(..memchr::memchr(0, rest).unwrap_or(rest.len()))
        .unwrap_or_default();
    Some(match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_end_where_the_bytes_end() {
        let bytes = [1, 0, 0, 0, 0, 0, 0, 0x80];
        assert_eq!(u16_at(&bytes, 0), Some(1));
        assert_eq!(u32_at(&bytes, 4), Some(0x8000_0000));
        assert_eq!(i32_at(&bytes, 4), Some(i32::MIN));
        assert_eq!(u64_at(&bytes, 0), Some(0x8000_0000_0000_0001));
        assert_eq!(u64_at(&bytes, 1), None);
        assert_eq!(u32_at(&bytes, usize::MAX), None);
    }

    #[test]
    fn varints() {
        assert_eq!(uvarint(&[0x7f, 9]), Some((0x7f, &[9][..])));
        assert_eq!(uvarint(&[0x80, 1]), Some((0x80, &[][..])));
        assert_eq!(uvarint(&[0x80]), None);
        assert_eq!(uvarint(&[0xff; 11]), None);
    }

    #[test]
    fn text_stops_at_nul_limit_and_bad_utf8() {
        assert_eq!(text_at(b"ab\0c", 0, 10), Some("ab"));
        assert_eq!(text_at(b"ab\0c", 3, 10), Some("c"));
        assert_eq!(text_at(b"abcdef", 0, 4), Some("abcd"));
        assert_eq!(text_at(b"ab\xffcd\0", 0, 10), Some("ab"));
        assert_eq!(text_at(b"ab", 3, 10), None);
    }

    proptest! {
        #[test]
        fn uvarint_reads_what_was_written(value: u64) {
            let mut bytes = Vec::new();
            let mut rest = value;
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            bytes.push(7);
            prop_assert_eq!(uvarint(&bytes), Some((value, &[7][..])));
        }
    }
}
