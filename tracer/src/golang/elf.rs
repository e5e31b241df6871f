//! The ELF file under a Go program: segments, sections and bytes by address.

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;
use object::LittleEndian;
use object::elf::{
    EM_X86_64, ET_DYN, FileHeader64, PF_W, PF_X, PT_DYNAMIC, PT_LOAD, PT_NOTE, SHF_COMPRESSED,
    SHT_NOBITS,
};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};

use super::bytes::{text_at, u16_at};
use super::error::Error;
use crate::addr::{ElfAddr, FileOffset, LoadBias, ProcAddr};

const LE: LittleEndian = LittleEndian;

/// Page size of linux/amd64, the unit of `mmap` offsets.
const PAGE_BYTES: u64 = 4096;

/// Most loadable segments and most sections that are taken. Real executables
/// have ten and fifty; each segment may be searched as a whole.
const MAX_SEGMENTS: usize = 64;
const MAX_SECTIONS: usize = 1 << 12;
/// Longest section name that is read.
const MAX_NAME_BYTES: usize = 64;

/// A part of the file that the loader maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it goes, before load bias.
    pub start: ElfAddr,
    /// Where its bytes begin in the file.
    pub offset: FileOffset,
    /// How many bytes the file has of it. What memory has beyond is zero.
    pub file_bytes: u64,
    /// How many bytes it has in memory.
    pub memory_bytes: u64,
    /// Mapped executable.
    pub executable: bool,
    /// Mapped writable (before RELRO protects it).
    pub writable: bool,
}

impl Segment {
    /// Addresses that have bytes in the file.
    #[must_use]
    pub fn range(&self) -> Range<ElfAddr> {
        self.start..ElfAddr(self.start.0.saturating_add(self.file_bytes))
    }

    /// Addresses behind those, which are zero when the program starts.
    #[must_use]
    pub fn zeroed_range(&self) -> Range<ElfAddr> {
        self.range().end..ElfAddr(self.start.0.saturating_add(self.memory_bytes))
    }
}

/// A section header, as far as it is of use here.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) start: ElfAddr,
    /// Its bytes, within the file. Empty for `.bss` and its kin.
    pub(crate) bytes: Range<usize>,
    /// Whether its bytes begin with a compression header (`SHF_COMPRESSED`).
    pub(crate) compressed: bool,
}

/// Where the file's bytes are kept.
enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// An x86-64 ELF file, its headers checked.
pub(crate) struct ElfImage {
    bytes: Bytes,
    is_pie: bool,
    segments: Vec<Segment>,
    sections: Vec<Section>,
    dynamic: Option<Range<usize>>,
    notes: Vec<Range<usize>>,
}

impl ElfImage {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        // A directory opens well and cannot be mapped; an empty file cannot either.
        if file.metadata().map_err(io)?.len() == 0 {
            return Err(Error::NotElf);
        }
        // SAFETY: The map is read-only and private. The kernel refuses writes to a
        // file while it runs (ETXTBSY), and a program on disk is replaced by
        // rename, not rewritten in place, so the bytes stay as they are.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Self::parse(Bytes::Mapped(map))
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::parse(Bytes::Owned(bytes))
    }

    fn parse(bytes: Bytes) -> Result<Self, Error> {
        let data: &[u8] = &bytes;
        let header = header(data)?;
        let file_bytes = data.len() as u64;
        let within = |what, offset: u64, size: u64| {
            let end = offset.saturating_add(size);
            if end > file_bytes {
                return Err(Error::Truncated {
                    what,
                    end,
                    file_bytes,
                });
            }
            Ok(offset as usize..end as usize)
        };
        within(
            "program header table",
            header.e_phoff(LE),
            u64::from(header.e_phnum(LE)) * u64::from(header.e_phentsize(LE)),
        )?;
        within(
            "section header table",
            header.e_shoff(LE),
            u64::from(header.e_shnum(LE)) * u64::from(header.e_shentsize(LE)),
        )?;

        let mut segments = Vec::new();
        let mut dynamic = None;
        let mut notes = Vec::new();
        let malformed = |reason| move |_| Error::Malformed { reason };
        for program in header
            .program_headers(LE, data)
            .map_err(malformed("unreadable program headers"))?
        {
            let (offset, size) = program.file_range(LE);
            match program.p_type(LE) {
                PT_LOAD if segments.len() == MAX_SEGMENTS => {
                    return Err(Error::Malformed {
                        reason: "too many loadable segments",
                    });
                }
                PT_LOAD => {
                    within("loadable segment", offset, size)?;
                    segments.push(Segment {
                        start: ElfAddr(program.p_vaddr(LE)),
                        offset: FileOffset(offset),
                        file_bytes: size,
                        memory_bytes: program.p_memsz(LE),
                        executable: program.p_flags(LE).0 & PF_X.0 != 0,
                        writable: program.p_flags(LE).0 & PF_W.0 != 0,
                    });
                }
                PT_DYNAMIC => dynamic = within("dynamic segment", offset, size).ok(),
                PT_NOTE if notes.len() < MAX_SEGMENTS => {
                    notes.extend(within("note segment", offset, size));
                }
                _ => {}
            }
        }

        let mut sections = Vec::new();
        let table = header
            .sections(LE, data)
            .map_err(malformed("unreadable section headers"))?;
        let names = header
            .shstrndx(LE, data)
            .ok()
            .and_then(|index| {
                table
                    .section(object::SectionIndex(index as usize))
                    .ok()?
                    .data(LE, data)
                    .ok()
            })
            .unwrap_or_default();
        for section in table.iter().take(MAX_SECTIONS) {
            let name = text_at(names, section.sh_name(LE) as usize, MAX_NAME_BYTES);
            let range = if section.sh_type(LE) == SHT_NOBITS {
                0..0
            } else {
                within("section", section.sh_offset(LE), section.sh_size(LE))?
            };
            sections.push(Section {
                name: name.unwrap_or_default().to_owned(),
                start: ElfAddr(section.sh_addr(LE)),
                bytes: range,
                compressed: section.sh_flags(LE).0 & SHF_COMPRESSED.0 != 0,
            });
        }
        let is_pie = header.e_type(LE) == ET_DYN;
        Ok(Self {
            bytes,
            is_pie,
            segments,
            sections,
            dynamic,
            notes,
        })
    }

    /// Whether it can be loaded at any address (`ET_DYN`).
    pub(crate) fn is_pie(&self) -> bool {
        self.is_pie
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The bytes of a section as they lie in the file.
    pub(crate) fn section_bytes(&self, section: &Section) -> &[u8] {
        self.bytes.get(section.bytes.clone()).unwrap_or_default()
    }

    /// The dynamic section, when there is one.
    pub(crate) fn dynamic(&self) -> &[u8] {
        let range = self.dynamic.clone().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }

    /// Every note segment.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &[u8]> {
        self.notes
            .iter()
            .filter_map(|range| self.bytes.get(range.clone()))
    }

    fn segment_at(&self, at: ElfAddr) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| segment.range().contains(&at))
    }

    pub(crate) fn is_executable(&self, at: ElfAddr) -> bool {
        self.segment_at(at)
            .is_some_and(|segment| segment.executable)
    }

    pub(crate) fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
        let segment = self.segment_at(at)?;
        let inside = at.0.checked_sub(segment.start.0)?;
        segment.offset.0.checked_add(inside).map(FileOffset)
    }

    /// All file bytes of the segment of `at`, from `at` on.
    pub(crate) fn bytes_from(&self, at: ElfAddr) -> Option<&[u8]> {
        let segment = self.segment_at(at)?;
        let begin = self.file_offset(at)?.0;
        let end = segment.offset.0.checked_add(segment.file_bytes)?;
        self.bytes
            .get(usize::try_from(begin).ok()?..usize::try_from(end).ok()?)
    }

    pub(crate) fn read(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
        self.bytes_from(at)?.get(..len)
    }

    /// The bytes of one segment.
    pub(crate) fn segment_bytes(&self, segment: &Segment) -> &[u8] {
        self.bytes_from(segment.start).unwrap_or_default()
    }

    /// The bias of a process that has the file's page at `mapping_offset`
    /// mapped executable at `mapping_start`.
    pub(crate) fn load_bias(
        &self,
        mapping_offset: FileOffset,
        mapping_start: ProcAddr,
    ) -> Option<LoadBias> {
        let segment = self.segments.iter().find(|segment| {
            let first_page = segment.offset.0 / PAGE_BYTES * PAGE_BYTES;
            let end = segment.offset.0.saturating_add(segment.file_bytes);
            segment.executable && (first_page..end).contains(&mapping_offset.0)
        })?;
        // Wrapping: the page may begin before the segment's first byte.
        let inside = mapping_offset.0.wrapping_sub(segment.offset.0);
        let elf = ElfAddr(segment.start.0.wrapping_add(inside));
        Some(LoadBias::between(elf, mapping_start))
    }
}

fn header(data: &[u8]) -> Result<&FileHeader64<LittleEndian>, Error> {
    if !data.starts_with(b"\x7fELF") {
        return Err(Error::NotElf);
    }
    let class = data.get(4).copied().unwrap_or_default();
    let order = data.get(5).copied().unwrap_or_default();
    let machine = u16_at(data, 18).unwrap_or_default();
    if data.len() < size_of::<FileHeader64<LittleEndian>>() {
        return Err(Error::Truncated {
            what: "ELF header",
            end: size_of::<FileHeader64<LittleEndian>>() as u64,
            file_bytes: data.len() as u64,
        });
    }
    if class != 2 || order != 1 || machine != EM_X86_64.0 {
        return Err(Error::WrongMachine {
            found: format!("class {class}, byte order {order}, machine {machine}"),
        });
    }
    FileHeader64::<LittleEndian>::parse(data).map_err(|_| Error::Malformed {
        reason: "unreadable ELF header",
    })
}
