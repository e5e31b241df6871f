//! A Go executable, opened.

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use memchr::memmem;

use super::buildinfo::{self, BuildInfo};
use super::counter_layout::CounterLayout;
use super::elf::{ElfImage, Segment};
use super::error::Error;
use super::function::{FuncId, Function};
use super::layout::RuntimeLayout;
use super::moduledata::{self, ModuleData};
use super::note;
use super::pclntab::{Header, Tables};
use super::size_class::MallocRules;
use super::version::GoVersion;
use crate::addr::{ElfAddr, FileOffset, LoadBias, ProcAddr};

/// A Go executable. Nothing is parsed ahead and no table is built: every
/// question is answered from the mapped file.
pub struct GoBinary {
    image: ElfImage,
    version: GoVersion,
    build_info: BuildInfo,
    header: Header,
    module: ModuleData,
    pub(super) runtime_dir: OnceLock<Option<String>>,
}

/// The runtime's marks on functions, as far as they are of use.
///
/// Numbers: the `FuncID` list of go1.19 src/runtime/symtab.go:344, go1.21, 1.22
/// and 1.25 src/internal/abi/symtab.go (`FuncIDNormal FuncID = iota`).
pub(super) struct FuncIds {
    pub(super) wrapper: FuncId,
    pub(super) mcall: FuncId,
}

impl GoBinary {
    /// Opens a file, usually `/proc/PID/exe`.
    ///
    /// # Errors
    /// When it cannot be read, is no linux/amd64 executable, or no Go program
    /// of Go 1.19 or newer.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::new(ElfImage::open(path)?)
    }

    /// The same for a file in memory.
    ///
    /// # Errors
    /// As [`GoBinary::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::new(ElfImage::from_bytes(bytes)?)
    }

    fn new(image: ElfImage) -> Result<Self, Error> {
        let Some(build_info) = buildinfo::find(&image) else {
            return Err(match Header::candidates(&image).next() {
                Some(_) => Error::NoBuildInfo,
                None => Error::NotGo,
            });
        };
        let version = GoVersion::parse(&build_info.go_version).ok_or(Error::NoBuildInfo)?;
        if version.is_too_old() {
            return Err(Error::TooOld {
                version: version.raw,
            });
        }
        let mut first = None;
        let found = Header::candidates(&image).find_map(|header| {
            first = first.or(Some(header.at));
            let module = moduledata::find(&image, &header, &version)?;
            Some((header, module))
        });
        if let Some((header, module)) = found {
            return Ok(Self {
                image,
                version,
                build_info,
                header,
                module,
                runtime_dir: OnceLock::new(),
            });
        }
        let version = version.raw;
        Err(match first {
            Some(pclntab) => Error::NoModuleData { version, pclntab },
            None => Error::NoFunctionTable { version },
        })
    }

    /// The Go release that built it.
    #[must_use]
    pub fn version(&self) -> &GoVersion {
        &self.version
    }

    /// What the linker wrote about the build.
    #[must_use]
    pub fn build_info(&self) -> &BuildInfo {
        &self.build_info
    }

    /// How this binary's runtime rounds object sizes.
    #[must_use]
    pub fn malloc_rules(&self) -> MallocRules {
        MallocRules::new(&self.version, &self.build_info.experiments())
    }

    /// Offsets of the runtime's fields that a probe reads: what is known of the
    /// release. From the debug information where the release is newer than known
    /// or was built with experiments, some of which add fields. `None` when the
    /// release is newer and there is no debug information.
    #[must_use]
    pub fn runtime_layout(&self) -> Option<RuntimeLayout> {
        let known = RuntimeLayout::of_release(&self.version);
        if known.is_some() && self.build_info.experiments().is_empty() {
            return known;
        }
        self.dwarf_layout().ok().flatten().or(known)
    }

    /// Offsets of the runtime's allocation counters, chosen in the same way.
    #[must_use]
    pub fn counter_layout(&self) -> Option<CounterLayout> {
        let known = CounterLayout::of_release(&self.version);
        if known.is_some() && self.build_info.experiments().is_empty() {
            return known;
        }
        self.dwarf_counter_layout().ok().flatten().or(known)
    }

    /// The GNU build id in hexadecimal, else the Go build id, else `None`.
    #[must_use]
    pub fn build_id(&self) -> Option<String> {
        note::build_id(self.image.notes())
    }

    /// Whether it can be loaded at any address.
    #[must_use]
    pub fn is_pie(&self) -> bool {
        self.image.is_pie()
    }

    /// Whether it has a symbol table (`-s` and `strip` remove it).
    #[must_use]
    pub fn has_symtab(&self) -> bool {
        self.has_section(".symtab")
    }

    /// Whether it has debug information (`-w` and `strip` remove it).
    #[must_use]
    pub fn has_dwarf(&self) -> bool {
        self.has_section(".debug_info")
    }

    fn has_section(&self, name: &str) -> bool {
        self.image
            .section(name)
            .is_some_and(|section| !section.bytes.is_empty())
    }

    /// Every function, in the order of their addresses.
    pub fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        let tables = self.tables();
        (0..tables.function_count).filter_map(move |index| Function::at_index(self, tables, index))
    }

    /// The function that holds `pc`; `None` outside the Go text.
    #[must_use]
    pub fn function_at(&self, pc: ElfAddr) -> Option<Function<'_>> {
        if !self.contains_code(pc) {
            return None;
        }
        let offset = u32::try_from(pc.0.checked_sub(self.text().start.0)?).ok()?;
        let tables = self.tables();
        Function::at_index(self, tables, tables.index_at(offset)?)
    }

    /// The functions of these names that exist out of line, in the order of
    /// their addresses. Much cheaper than comparing every function's name.
    #[must_use]
    pub fn functions_named(&self, names: &[&str]) -> Vec<Function<'_>> {
        let offsets: Vec<u32> = names
            .iter()
            .filter_map(|name| self.name_offset(name))
            .collect();
        if offsets.is_empty() {
            return Vec::new();
        }
        self.functions()
            .filter(|function| {
                function
                    .name_offset()
                    .is_some_and(|offset| offsets.contains(&offset))
            })
            .collect()
    }

    /// Whether any function, inlined ones included, has this name.
    #[must_use]
    pub fn has_function_name(&self, name: &str) -> bool {
        self.name_offset(name).is_some()
    }

    /// Where a name is among the function names, each of which is there once.
    pub(super) fn name_offset(&self, name: &str) -> Option<u32> {
        let names = self.tables().names;
        let terminated = [name.as_bytes(), &[0]].concat();
        memmem::find_iter(names, &terminated)
            .find(|&at| at == 0 || names.get(at - 1) == Some(&0))
            .and_then(|at| u32::try_from(at).ok())
    }

    /// Whether `pc` lies in the Go text. C code that an external linker put
    /// around it does not; C code that Go's linker put into it does.
    #[must_use]
    pub fn contains_code(&self, pc: ElfAddr) -> bool {
        self.text().contains(&pc)
    }

    /// The Go text.
    #[must_use]
    pub fn text(&self) -> Range<ElfAddr> {
        self.module.text.clone()
    }

    /// The type data.
    #[must_use]
    pub fn types_range(&self) -> Range<ElfAddr> {
        self.module.types.clone()
    }

    /// Machine code: `len` bytes at `at`, all in one executable segment.
    #[must_use]
    pub fn code(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
        if !self.image.is_executable(at) {
            return None;
        }
        self.read(at, len)
    }

    /// `len` bytes that the file holds for `at`, all in one segment. What the
    /// loader or the program writes there later is not in them.
    #[must_use]
    pub fn read(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
        self.image.read(at, len)
    }

    /// Where in the file the byte at `at` is.
    #[must_use]
    pub fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
        self.image.file_offset(at)
    }

    /// The parts of the file that are loaded.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        self.image.segments()
    }

    /// The load bias of a process, given one executable mapping of this file in
    /// it (a line of `/proc/PID/maps` with `x`): its file offset and its start.
    /// `None` when no executable segment lies at that offset.
    #[must_use]
    pub fn load_bias(&self, offset: FileOffset, start: ProcAddr) -> Option<LoadBias> {
        self.image.load_bias(offset, start)
    }

    pub(crate) fn image(&self) -> &ElfImage {
        &self.image
    }

    pub(super) fn tables(&self) -> Tables<'_> {
        self.header.tables(&self.image)
    }

    /// What the functions' data offsets count from, to the end of its segment.
    pub(super) fn function_data(&self) -> &[u8] {
        self.image
            .bytes_from(self.module.gofunc)
            .unwrap_or_default()
    }

    pub(super) fn ids(&self) -> FuncIds {
        let (wrapper, mcall) = match self.version.minor {
            _ if self.version.at_least(1, 25) => (23, 12),
            _ if self.version.at_least(1, 22) => (22, 12),
            _ => (21, 11),
        };
        FuncIds { wrapper, mcall }
    }
}

impl std::fmt::Debug for GoBinary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoBinary")
            .field("version", &self.version.raw)
            .field("functions", &self.header.function_count)
            .field("text", &self.module.text)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_can_be_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<GoBinary>();
    }
}
