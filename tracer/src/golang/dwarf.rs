//! Debug information, loaded when asked for.
//!
//! Go writes DWARF 4 up to Go 1.24 and DWARF 5 since, its sections
//! compressed (`SHF_COMPRESSED`, zlib) unless an external linker undid that.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use gimli::{EndianArcSlice, LittleEndian};

use super::binary::GoBinary;
use super::bytes::{u32_at, u64_at};

/// What a read of debug information yields.
pub(crate) type Reader = EndianArcSlice<LittleEndian>;

/// Largest section that is unpacked.
const MAX_SECTION_BYTES: u64 = 1 << 30;
/// `Elf64_Chdr`: type, reserved, size, alignment.
const COMPRESSION_HEADER_BYTES: usize = 24;
const ELFCOMPRESS_ZLIB: u32 = 1;

/// Why debug information cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DwarfError {
    /// A section is compressed in a way that is not known, or damaged.
    #[error("cannot unpack the debug section {section}: {reason}")]
    Section {
        /// Its name.
        section: String,
        /// What is wrong.
        reason: String,
    },
    /// Its contents make no sense.
    #[error("malformed debug information: {0}")]
    Malformed(#[from] gimli::Error),
}

impl GoBinary {
    /// The debug information. What sections are not there count as empty.
    pub(crate) fn load_dwarf(&self) -> Result<gimli::Dwarf<Reader>, DwarfError> {
        gimli::Dwarf::load(|id| {
            let bytes = self.debug_section(id.name())?;
            Ok(EndianArcSlice::new(
                Arc::from(bytes.into_owned()),
                LittleEndian,
            ))
        })
    }

    fn debug_section(&self, name: &str) -> Result<Cow<'_, [u8]>, DwarfError> {
        let Some(section) = self.image().section(name) else {
            return Ok(Cow::Borrowed(&[]));
        };
        let bytes = self.image().section_bytes(section);
        if !section.compressed {
            return Ok(Cow::Borrowed(bytes));
        }
        let unpacked = unpack(bytes).map_err(|reason| DwarfError::Section {
            section: name.to_owned(),
            reason,
        })?;
        Ok(Cow::Owned(unpacked))
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let header = |field: Option<u64>| field.ok_or("it is truncated");
    let kind = header(u32_at(bytes, 0).map(u64::from))?;
    let size = header(u64_at(bytes, 8))?;
    if kind != u64::from(ELFCOMPRESS_ZLIB) {
        return Err(format!("compression {kind} is not supported"));
    }
    if size > MAX_SECTION_BYTES {
        return Err(format!("{size} bytes are too many"));
    }
    let packed = bytes.get(COMPRESSION_HEADER_BYTES..).unwrap_or_default();
    let mut unpacked = Vec::new();
    // Grown as it is filled: the stated size may be a lie.
    ZlibDecoder::new(packed)
        .take(size)
        .read_to_end(&mut unpacked)
        .map_err(|error| error.to_string())?;
    if unpacked.len() as u64 != size {
        return Err(format!("{} bytes instead of {size}", unpacked.len()));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn pack(content: &[u8], claimed: u64) -> Vec<u8> {
        let mut out = vec![0; COMPRESSION_HEADER_BYTES];
        out[0] = 1;
        out[8..16].copy_from_slice(&claimed.to_le_bytes());
        let mut encoder = ZlibEncoder::new(out, Compression::fast());
        encoder.write_all(content).expect("to memory");
        encoder.finish().expect("to memory")
    }

    #[test]
    fn sizes_must_agree() {
        assert_eq!(unpack(&pack(b"abc", 3)).as_deref(), Ok(&b"abc"[..]));
        assert!(unpack(&pack(b"abc", 4)).is_err());
        assert!(unpack(&pack(b"abc", u64::MAX)).is_err());
        assert!(unpack(&[2; 40]).is_err());
        assert!(unpack(&[1, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let mut packed = pack(b"", 100);
            packed.truncate(COMPRESSION_HEADER_BYTES);
            packed.extend(bytes);
            let _ = unpack(&packed);
        }
    }
}
