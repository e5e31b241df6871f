//! The runtime's module data: where text, types and function data begin.
//!
//! `runtime.firstmoduledata` has no symbol in a stripped binary. It begins with
//! a pointer to the function table (pclntab) and one to the function names in
//! it, a pair that occurs nowhere else.
//!
//! Layout: `type moduledata struct` in src/runtime/symtab.go, go1.19 line 415,
//! go1.21 line 334, go1.26 and go1.27 line 402; all words of 8 bytes.

use std::ops::Range;

use memchr::memmem;

use super::bytes::{u32_at, u64_at};
use super::elf::ElfImage;
use super::pclntab::Header;
use super::version::GoVersion;
use crate::addr::ElfAddr;

const WORD_BYTES: u64 = 8;
const RELA_BYTES: usize = 24;
const DYNAMIC_ENTRY_BYTES: usize = 16;
const R_X86_64_RELATIVE: u32 = 8;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
/// Most words of a module data that are read.
const WORDS: u64 = 48;

/// Most places that are looked at: a damaged file could repeat the pointer
/// without end.
const MAX_CANDIDATES: usize = 8;

/// Word numbers that are the same in every release.
const FUNC_NAMES_LEN: u64 = 2;
const FUNC_NAMES_CAP: u64 = 3;
const TEXT: u64 = 22;
const ETEXT: u64 = 23;

/// Word numbers that are not.
struct Layout {
    types: u64,
    etypes: u64,
    gofunc: u64,
}

impl Layout {
    fn of(version: &GoVersion) -> Self {
        match version.minor {
            _ if version.at_least(1, 27) => Self {
                types: 37,
                etypes: 39,
                gofunc: 43,
            },
            // The two words of coverage counters are new in Go 1.20.
            _ if version.at_least(1, 20) => Self {
                types: 37,
                etypes: 38,
                gofunc: 40,
            },
            _ => Self {
                types: 35,
                etypes: 36,
                gofunc: 38,
            },
        }
    }
}

/// What is needed of the module data.
#[derive(Clone, Debug)]
pub(super) struct ModuleData {
    /// Go code, and C code that Go's own linker put among it.
    pub(super) text: Range<ElfAddr>,
    /// Type data; name offsets count from its start.
    pub(super) types: Range<ElfAddr>,
    /// What the function data offsets count from.
    pub(super) gofunc: ElfAddr,
}

/// Finds the module data that belongs to a function table.
pub(super) fn find(image: &ElfImage, table: &Header, version: &GoVersion) -> Option<ModuleData> {
    let layout = Layout::of(version);
    let relocations = relative_relocations(image);
    let relocated = relocations
        .chunks_exact(RELA_BYTES)
        .filter_map(relative)
        .filter(|&(_, value)| value == table.at)
        .map(|(at, _)| at);
    let mut pair = [0; 16];
    pair[..8].copy_from_slice(&table.at.0.to_le_bytes());
    pair[8..].copy_from_slice(&table.names_at()?.0.to_le_bytes());
    // The loader or the program itself writes to it, so it is in writable memory.
    let writable = image.segments().iter().filter(|segment| segment.writable);
    let in_place = writable.flat_map(|segment| {
        memmem::find_iter(image.segment_bytes(segment), &pair)
            .filter_map(|at| segment.start.checked_add(at as u64))
            .collect::<Vec<_>>()
    });
    relocated
        .chain(in_place)
        .take(MAX_CANDIDATES)
        .find_map(|at| read(&Words::new(image, relocations, at), table, &layout))
}

fn read(words: &Words<'_>, table: &Header, layout: &Layout) -> Option<ModuleData> {
    let names = words.get(1)?;
    let sizes_match = words.get(FUNC_NAMES_LEN)? == words.get(FUNC_NAMES_CAP)?;
    if words.get(0)? != table.at.0 || Some(ElfAddr(names)) != table.names_at() || !sizes_match {
        return None;
    }
    let text = ElfAddr(words.get(TEXT)?)..ElfAddr(words.get(ETEXT)?);
    let types = ElfAddr(words.get(layout.types)?)..ElfAddr(words.get(layout.etypes)?);
    let gofunc = ElfAddr(words.get(layout.gofunc)?);
    let plausible = text.start < text.end
        && words.image.is_executable(text.start)
        && types.start <= types.end
        && words.image.bytes_from(types.start).is_some()
        && words.image.bytes_from(gofunc).is_some();
    plausible.then_some(ModuleData {
        text,
        types,
        gofunc,
    })
}

/// The words of a module data. In a position-independent executable pointers
/// are in the relocations, and the file may hold zeros in their place.
struct Words<'a> {
    image: &'a ElfImage,
    at: ElfAddr,
    relocated: Vec<(u64, u64)>,
}

impl<'a> Words<'a> {
    fn new(image: &'a ElfImage, relocations: &[u8], at: ElfAddr) -> Self {
        let relocated = relocations
            .chunks_exact(RELA_BYTES)
            .filter_map(relative)
            .filter_map(|(place, value)| {
                let inside = place.0.checked_sub(at.0)?;
                let aligned = inside % WORD_BYTES == 0 && inside / WORD_BYTES < WORDS;
                aligned.then_some((inside / WORD_BYTES, value.0))
            })
            .collect();
        Self {
            image,
            at,
            relocated,
        }
    }

    fn get(&self, word: u64) -> Option<u64> {
        if let Some((_, value)) = self.relocated.iter().find(|(at, _)| *at == word) {
            return Some(*value);
        }
        u64_at(
            self.image
                .read(self.at.checked_add(word * WORD_BYTES)?, 8)?,
            0,
        )
    }
}

/// The `R_X86_64_RELATIVE` relocation in one table entry: place and value.
fn relative(entry: &[u8]) -> Option<(ElfAddr, ElfAddr)> {
    (u32_at(entry, 8)? == R_X86_64_RELATIVE)
        .then(|| Some((ElfAddr(u64_at(entry, 0)?), ElfAddr(u64_at(entry, 16)?))))?
}

/// The relocation table with addends, found by the dynamic segment, so that
/// section headers are not needed. Empty in a static executable.
fn relative_relocations(image: &ElfImage) -> &[u8] {
    let entry = |tag| {
        image
            .dynamic()
            .chunks_exact(DYNAMIC_ENTRY_BYTES)
            .find(|entry| u64_at(entry, 0) == Some(tag))
            .and_then(|entry| u64_at(entry, 8))
    };
    let table = || {
        let size = usize::try_from(entry(DT_RELASZ)?).ok()?;
        image.read(ElfAddr(entry(DT_RELA)?), size)
    };
    table().unwrap_or_default()
}
