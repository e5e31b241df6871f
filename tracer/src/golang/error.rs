//! Why a file cannot be read as a Go executable.

use std::path::PathBuf;

use crate::addr::ElfAddr;

/// Why a file cannot be read as a Go executable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or mapped.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It does not begin like an ELF file.
    #[error("not an ELF executable")]
    NotElf,
    /// It is ELF, but for another machine.
    #[error(
        "not a 64-bit little-endian x86-64 ELF executable ({found}); goalloc traces linux/amd64 programs only"
    )]
    WrongMachine {
        /// Class, byte order and machine number of the file.
        found: String,
    },
    /// Its own headers speak of bytes that are not there.
    #[error(
        "the file is truncated: its {what} ends at byte {end}, the file at {file_bytes}; copy or build it again"
    )]
    Truncated {
        /// Which part of the file.
        what: &'static str,
        /// First byte behind that part.
        end: u64,
        /// Length of the file.
        file_bytes: u64,
    },
    /// Its headers contradict themselves.
    #[error("malformed ELF file: {reason}")]
    Malformed {
        /// What does not hold.
        reason: &'static str,
    },
    /// Neither build info nor a function table.
    #[error("not a Go program: it holds neither Go build info nor a Go function table")]
    NotGo,
    /// A Go program whose release is not stated.
    #[error(
        "a Go program without build info, so its Go release is unknown; link it with an unmodified Go toolchain (1.19 or newer)"
    )]
    NoBuildInfo,
    /// A release whose layouts are not known here.
    #[error(
        "built by {version}; goalloc needs Go 1.19 or newer, so build the program with a newer Go"
    )]
    TooOld {
        /// The release, as the file states it.
        version: String,
    },
    /// A Go program without a function table of a known format.
    #[error(
        "built by {version}, but its function table (pclntab) was not found or has an unknown format; is the file packed or newer than this goalloc knows?"
    )]
    NoFunctionTable {
        /// The release, as the file states it.
        version: String,
    },
    /// The function table is there, what the runtime knows of it is not.
    #[error(
        "built by {version}, but no runtime module data points at its function table at {pclntab}; is the file packed or damaged?"
    )]
    NoModuleData {
        /// The release, as the file states it.
        version: String,
        /// Where the function table is.
        pclntab: ElfAddr,
    },
}
