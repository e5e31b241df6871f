//! Address spaces as types, so that no two of them meet by accident.

use std::fmt;

/// An address as the ELF file states it, before any load bias.
///
/// Everything that is known of a binary (functions, types, probes) speaks in
/// these; two processes running the same file share them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElfAddr(pub u64);

/// An address in a running process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcAddr(pub u64);

/// A position in a file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileOffset(pub u64);

/// What the loader added to every address of one ELF file in one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadBias(pub u64);

impl ElfAddr {
    /// The address `bytes` further on; `None` past the end of the space.
    #[must_use]
    pub fn checked_add(self, bytes: u64) -> Option<Self> {
        self.0.checked_add(bytes).map(Self)
    }

    /// Where this address is in a process with the given bias.
    #[must_use]
    pub fn in_process(self, bias: LoadBias) -> ProcAddr {
        ProcAddr(self.0.wrapping_add(bias.0))
    }
}

impl ProcAddr {
    /// The ELF address behind this one, given the bias of its file.
    #[must_use]
    pub fn in_elf(self, bias: LoadBias) -> ElfAddr {
        ElfAddr(self.0.wrapping_sub(bias.0))
    }
}

impl LoadBias {
    /// The bias that puts `elf` at `process`.
    #[must_use]
    pub fn between(elf: ElfAddr, process: ProcAddr) -> Self {
        Self(process.0.wrapping_sub(elf.0))
    }
}

macro_rules! hex_display {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    )*};
}
hex_display!(ElfAddr ProcAddr FileOffset LoadBias);
