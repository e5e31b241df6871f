//! The function table (pclntab): one entry per function, sorted by address,
//! with names, files, lines and inline trees. Every Go binary has it; the
//! runtime cannot unwind without.
//!
//! Format: go1.26 src/internal/abi/symtab.go:16 (magics), src/runtime/symtab.go:376
//! (header), src/cmd/link/internal/ld/pcln.go:703 and :817 (functions).

use std::ops::Range;

use memchr::memmem;

use super::bytes::{u32_at, u64_at};
use super::elf::ElfImage;
use crate::addr::ElfAddr;

/// Go 1.18 and 1.19.
const MAGIC_118: u32 = 0xffff_fff0;
/// Go 1.20 to 1.27.
const MAGIC_120: u32 = 0xffff_fff1;
/// Behind the magic: two zeros, instruction quantum 1, pointer size 8.
const AMD64: [u8; 4] = [0, 0, 1, 8];
/// An entry of the function table: two `u32`, entry and offset of the details.
const ENTRY_BYTES: usize = 8;
/// Most headers that are looked at before a file counts as having none.
const MAX_CANDIDATES: usize = 8;

/// Which layout the details of a function have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FuncLayout {
    /// 40 bytes; inline tree entries of 20 bytes.
    Go118,
    /// 44 bytes, with the start line; inline tree entries of 16 bytes.
    Go120,
}

/// The header of a function table, checked against the file's bytes.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) at: ElfAddr,
    pub(super) layout: FuncLayout,
    pub(super) function_count: usize,
    names: Range<usize>,
    units: Range<usize>,
    files: Range<usize>,
    pc_tables: Range<usize>,
    /// From here to the end of the segment.
    functions: usize,
}

/// The tables a header speaks of, as bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'a> {
    pub(super) layout: FuncLayout,
    pub(super) function_count: usize,
    /// NUL-terminated function names.
    pub(super) names: &'a [u8],
    /// Per compilation unit, `u32` offsets into `files`.
    pub(super) units: &'a [u8],
    /// NUL-terminated file names.
    pub(super) files: &'a [u8],
    /// Runs of values by program counter.
    pub(super) pc_tables: &'a [u8],
    /// The function table, and behind it each function's details.
    pub(super) functions: &'a [u8],
}

impl Header {
    /// The header at `at`, if one is there and makes sense.
    fn read(image: &ElfImage, at: ElfAddr) -> Option<Self> {
        let bytes = image.bytes_from(at)?;
        if bytes.get(4..8)? != AMD64 {
            return None;
        }
        let layout = match u32_at(bytes, 0)? {
            MAGIC_118 => FuncLayout::Go118,
            MAGIC_120 => FuncLayout::Go120,
            _ => return None,
        };
        let word = |index: usize| usize::try_from(u64_at(bytes, 8 + 8 * index)?).ok();
        let function_count = word(0)?;
        let [names, units, files, pc_tables, functions] =
            [word(3)?, word(4)?, word(5)?, word(6)?, word(7)?];
        let table_bytes = function_count.checked_add(1)?.checked_mul(ENTRY_BYTES)?;
        let sorted = 72 <= names
            && names < units
            && units <= files
            && files <= pc_tables
            && pc_tables <= functions
            && functions.checked_add(table_bytes)? <= bytes.len();
        (sorted && function_count > 0).then_some(Self {
            at,
            layout,
            function_count,
            names: names..units,
            units: units..files,
            files: files..pc_tables,
            pc_tables: pc_tables..functions,
            functions,
        })
    }

    /// Every header in the file, the most likely first: by section, then by a
    /// scan, for files without section headers and for those where an external
    /// linker merged the table into `.data.rel.ro`.
    pub(super) fn candidates(image: &ElfImage) -> impl Iterator<Item = Self> {
        let by_section = [".gopclntab", ".data.rel.ro.gopclntab"]
            .into_iter()
            .filter_map(|name| Self::read(image, image.section(name)?.start));
        let by_scan = [MAGIC_120, MAGIC_118].into_iter().flat_map(move |magic| {
            let mut needle = [0; 8];
            needle[..4].copy_from_slice(&magic.to_le_bytes());
            needle[4..].copy_from_slice(&AMD64);
            image.segments().iter().flat_map(move |segment| {
                memmem::find_iter(image.segment_bytes(segment), &needle)
                    .filter_map(|at| segment.start.checked_add(at as u64))
                    .filter(|at| at.0 % 8 == 0)
                    .filter_map(|at| Self::read(image, at))
                    .take(MAX_CANDIDATES)
                    .collect::<Vec<_>>()
            })
        });
        by_section.chain(by_scan).take(MAX_CANDIDATES)
    }

    /// Where the function names are.
    pub(super) fn names_at(&self) -> Option<ElfAddr> {
        self.at.checked_add(self.names.start as u64)
    }

    pub(super) fn tables<'a>(&self, image: &'a ElfImage) -> Tables<'a> {
        let bytes = image.bytes_from(self.at).unwrap_or_default();
        let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        Tables {
            layout: self.layout,
            function_count: self.function_count,
            names: part(&self.names),
            units: part(&self.units),
            files: part(&self.files),
            pc_tables: part(&self.pc_tables),
            functions: bytes.get(self.functions..).unwrap_or_default(),
        }
    }
}

impl<'a> Tables<'a> {
    /// Where function `index` begins, as an offset from the start of the text.
    /// The entry behind the last says where the text ends.
    pub(super) fn entry(&self, index: usize) -> Option<u32> {
        u32_at(self.functions, index.checked_mul(ENTRY_BYTES)?)
    }

    /// The details of function `index`, with all that follows them.
    pub(super) fn details(&self, index: usize) -> Option<&'a [u8]> {
        let at = u32_at(
            self.functions,
            index.checked_mul(ENTRY_BYTES)?.checked_add(4)?,
        )?;
        self.functions.get(usize::try_from(at).ok()?..)
    }

    /// The last function that begins at or before an offset.
    pub(super) fn index_at(&self, offset: u32) -> Option<usize> {
        let (mut low, mut high) = (0, self.function_count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle)? <= offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// The run of values at an offset into the tables. Offset 0 means none.
    pub(super) fn pc_table(&self, offset: u32) -> Option<&'a [u8]> {
        (offset != 0).then(|| self.pc_tables.get(usize::try_from(offset).ok()?..))?
    }
}
