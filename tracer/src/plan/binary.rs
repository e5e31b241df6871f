//! What a plan asks of an executable.

use tracer_ebpf::wire;

use crate::addr::{ElfAddr, FileOffset};

/// A function: where it is and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpan {
    /// Its symbol name.
    pub name: String,
    /// Its first instruction.
    pub entry: ElfAddr,
    /// The end of its code, padding included.
    pub end: ElfAddr,
}

/// An executable, as far as a plan is concerned.
pub trait Executable {
    /// The functions that have code of their own and a name that is wanted.
    fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<FunctionSpan>;

    /// The functions that any of these names is inlined in, with those names.
    fn hosts_of(&self, names: &[&str]) -> Vec<(FunctionSpan, Vec<String>)>;

    /// `len` bytes of code.
    fn code(&self, at: ElfAddr, len: usize) -> Option<&[u8]>;

    /// Where in the file an instruction is.
    fn file_offset(&self, at: ElfAddr) -> Option<FileOffset>;

    /// The value of a build setting, such as `-pgo` or `GOEXPERIMENT`.
    fn build_setting(&self, key: &str) -> Option<&str>;

    /// Size of the largest object that is of a size class, bytes.
    fn largest_small_bytes(&self) -> u16;

    /// Whether `growslice` is told of the old slice part by part, as before Go 1.20.
    fn grows_slices_by_parts(&self) -> bool;

    /// What the BPF programs must know of its runtime; `pid` is 0.
    fn config(&self) -> wire::Config;
}

/// All bytes of a function, where the file has them.
pub(crate) fn code_of<'a>(exe: &'a dyn Executable, function: &FunctionSpan) -> Option<&'a [u8]> {
    let bytes = function.end.0.checked_sub(function.entry.0)?;
    exe.code(function.entry, usize::try_from(bytes).ok()?)
}
