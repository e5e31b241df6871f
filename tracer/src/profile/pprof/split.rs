//! The samples of a file apart from the rest: they are most of it, and are decoded one
//! by one, so that they never are in memory twice.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::DecodeError;
use super::encode::SAMPLE_FIELD;

/// A file in two.
#[derive(Debug)]
pub(super) struct Split<'a> {
    /// The bytes of each sample.
    pub samples: Vec<&'a [u8]>,
    /// All other fields.
    pub rest: Vec<u8>,
}

/// Splits the bytes of a profile.
pub(super) fn split(bytes: &[u8]) -> Result<Split<'_>, DecodeError> {
    let mut split = Split {
        samples: Vec::new(),
        rest: Vec::new(),
    };
    let mut left = bytes;
    while !left.is_empty() {
        let begin = left;
        let (field, wire_type) = decode_key(&mut left)?;
        if field == SAMPLE_FIELD && wire_type == WireType::LengthDelimited {
            let length = decode_varint(&mut left)?;
            let (sample, behind) = usize::try_from(length)
                .ok()
                .and_then(|length| left.split_at_checked(length))
                .ok_or(DecodeError::Truncated)?;
            split.samples.push(sample);
            left = behind;
        } else {
            skip_field(wire_type, field, &mut left, DecodeContext::default())?;
            let taken = begin.len() - left.len();
            split
                .rest
                .extend_from_slice(begin.get(..taken).unwrap_or_default());
        }
    }
    Ok(split)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_apart_wherever_they_are() {
        // A sample, a string, a time, another sample.
        let bytes = [0x12, 1, 9, 0x32, 1, b'x', 0x48, 7, 0x12, 0];
        let split = split(&bytes).unwrap();
        assert_eq!(split.samples, [&[9][..], &[]]);
        assert_eq!(split.rest, [0x32, 1, b'x', 0x48, 7]);
    }

    #[test]
    fn a_sample_beyond_the_end_is_an_error() {
        assert!(matches!(split(&[0x12, 9, 0]), Err(DecodeError::Truncated)));
        assert!(split(&[0x12]).is_err());
    }
}
