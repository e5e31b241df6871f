//! One front to all sources of frames.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::demangle::demangle;
use super::dwarf_frames::DwarfFrames;
use super::elf_symbols::ElfSymbols;
use super::frame::Frame;
use super::pclntab_frames::frames_at;
use crate::addr::ElfAddr;
use crate::golang::GoBinary;

/// Turns addresses of one binary into frames.
///
/// Go code is resolved from the function table, stripped or not, so that a
/// binary gives the same frames in both cases; C code from debug information, and
/// from ELF symbols where that has nothing. Both are loaded at the first address
/// in C code.
pub struct Symbolizer {
    binary: Arc<GoBinary>,
    dwarf: OnceLock<Option<Mutex<DwarfFrames>>>,
    symbols: OnceLock<ElfSymbols>,
}

impl Symbolizer {
    /// A symbolizer for one binary. Reads nothing yet.
    #[must_use]
    pub fn new(binary: Arc<GoBinary>) -> Self {
        Self {
            binary,
            dwarf: OnceLock::new(),
            symbols: OnceLock::new(),
        }
    }

    /// The binary.
    #[must_use]
    pub fn binary(&self) -> &Arc<GoBinary> {
        &self.binary
    }

    /// The frames at an address, innermost first, without the wrappers that
    /// tracebacks hide. Empty where only wrappers are, and where nothing is known
    /// of the address: [`Symbolizer::knows`] tells the two apart.
    ///
    /// Of a return address the call is meant: pass the address minus one.
    #[must_use]
    pub fn resolve(&self, pc: ElfAddr) -> Vec<Frame<'_>> {
        let mut frames = self.all_frames(pc);
        frames.retain(|frame| !frame.wrapper);
        frames
    }

    /// Whether anything is known of an address.
    #[must_use]
    pub fn knows(&self, pc: ElfAddr) -> bool {
        !self.all_frames(pc).is_empty()
    }

    fn all_frames(&self, pc: ElfAddr) -> Vec<Frame<'_>> {
        let frames = frames_at(&self.binary, pc);
        // C functions that Go's own linker took in are in the function table by
        // name alone.
        let has_lines = frames.iter().any(|frame| !frame.file.is_empty());
        if has_lines {
            return frames;
        }
        let mut foreign = self.foreign_frames(pc);
        if foreign.is_empty() {
            return frames;
        }
        if let (Some(named), Some(outermost)) = (frames.last(), foreign.last_mut())
            && outermost.name.is_empty()
        {
            outermost.name = named.name.clone();
        }
        foreign
    }

    /// Frames of code that is not Go's.
    fn foreign_frames(&self, pc: ElfAddr) -> Vec<Frame<'_>> {
        let mut frames = self.dwarf_frames(pc);
        let needs_name = frames.last().is_none_or(|frame| frame.name.is_empty());
        if needs_name && let Some(name) = self.symbol_at(pc) {
            match frames.last_mut() {
                Some(outermost) => outermost.name = demangle(name),
                None => frames.push(Frame {
                    name: demangle(name),
                    ..Frame::default()
                }),
            }
        }
        frames
    }

    fn dwarf_frames(&self, pc: ElfAddr) -> Vec<Frame<'static>> {
        let dwarf = self.dwarf.get_or_init(|| {
            DwarfFrames::load(&self.binary)
                .unwrap_or_else(|error| {
                    tracing::warn!("C frames come without file and line: {error}");
                    None
                })
                .map(Mutex::new)
        });
        dwarf.as_ref().map_or_else(Vec::new, |dwarf| {
            dwarf
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .frames_at(pc)
        })
    }

    fn symbol_at(&self, pc: ElfAddr) -> Option<&str> {
        self.symbols
            .get_or_init(|| ElfSymbols::load(&self.binary))
            .name_at(&self.binary, pc)
    }
}
