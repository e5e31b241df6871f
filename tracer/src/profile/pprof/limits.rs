//! Bounds on what a file may make its reader allocate.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::DecodeError;

/// Most bytes a profile may have once decompressed: some 800,000 samples with
/// full call chains of 127 frames. Larger files are refused, so that a few
/// kilobytes of gzip cannot fill the memory of the reader.
pub const MAX_DECODED_BYTES: u64 = 256 << 20;

/// Most messages and strings in a profile. An empty message is two bytes in the
/// file and up to 72 in memory, so that the size alone bounds too little.
pub const MAX_MESSAGES: u64 = 16 << 20;

/// Field numbers of the messages that hold others: `Profile.sample` and
/// `Profile.location`.
const NESTING_FIELDS: [u32; 2] = [2, 4];

/// Refuses a profile of more than [`MAX_MESSAGES`], before anything is
/// allocated for it.
pub(super) fn check_messages(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut messages = 0;
    count(bytes, &NESTING_FIELDS, &mut messages)
}

fn count(mut bytes: &[u8], nesting: &[u32], messages: &mut u64) -> Result<(), DecodeError> {
    while !bytes.is_empty() {
        let (field, wire_type) = decode_key(&mut bytes)?;
        if wire_type != WireType::LengthDelimited {
            skip_field(wire_type, field, &mut bytes, DecodeContext::default())?;
            continue;
        }
        *messages += 1;
        if *messages > MAX_MESSAGES {
            return Err(DecodeError::TooManyMessages);
        }
        let length = decode_varint(&mut bytes)?;
        let (inner, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(DecodeError::Truncated)?;
        if nesting.contains(&field) {
            count(inner, &[], messages)?;
        }
        bytes = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_messages_are_counted_where_they_nest() {
        // Two samples, the second with two empty labels; one string.
        let bytes = [0x12, 0, 0x12, 4, 0x1a, 0, 0x1a, 0, 0x32, 0];
        let mut messages = 0;
        count(&bytes, &NESTING_FIELDS, &mut messages).unwrap();
        assert_eq!(messages, 5);
    }

    #[test]
    fn a_flood_of_empty_samples_is_refused() {
        let flood = [0x12, 0].repeat(MAX_MESSAGES as usize + 1);
        assert!(matches!(
            check_messages(&flood),
            Err(DecodeError::TooManyMessages)
        ));
    }

    #[test]
    fn a_length_beyond_the_end_is_an_error() {
        assert!(matches!(
            check_messages(&[0x12, 9, 0]),
            Err(DecodeError::Truncated)
        ));
    }
}
