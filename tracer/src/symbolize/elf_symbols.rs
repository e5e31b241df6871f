//! Functions by ELF symbol: the C code of a Go program, for which Go's own
//! tables have nothing.

use crate::addr::ElfAddr;
use crate::golang::{ElfSymbol, GoBinary};

/// The function symbols outside the Go text, sorted by address: in most programs
/// none, in one with C code as many as it has C functions.
pub(super) struct ElfSymbols(Vec<ElfSymbol>);

impl ElfSymbols {
    pub(super) fn load(binary: &GoBinary) -> Self {
        let mut symbols: Vec<ElfSymbol> = binary
            .function_symbols()
            .filter(|symbol| !binary.contains_code(symbol.start))
            .collect();
        // Of several names for one address the longest function's is kept, then
        // the first in the file: a global before the aliases of `.dynsym`.
        symbols.sort_by(|a, b| (a.start, b.size_bytes).cmp(&(b.start, a.size_bytes)));
        symbols.dedup_by_key(|symbol| symbol.start);
        Self(symbols)
    }

    /// Name of the function that holds `pc`, as the symbol table has it. A symbol
    /// without a size, as assembly leaves them, reaches up to the next.
    pub(super) fn name_at<'a>(&self, binary: &'a GoBinary, pc: ElfAddr) -> Option<&'a str> {
        let behind = self.0.partition_point(|symbol| symbol.start <= pc);
        let symbol = self.0.get(behind.checked_sub(1)?)?;
        let inside = pc.0.checked_sub(symbol.start.0)?;
        let reaches = symbol.size_bytes == 0 || inside < symbol.size_bytes;
        reaches.then(|| binary.symbol_name(symbol))?
    }
}
