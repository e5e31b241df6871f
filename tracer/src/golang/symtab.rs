//! The ELF symbol tables, walked in place.

use super::binary::GoBinary;
use super::bytes::{text_at, u16_at, u32_at, u64_at};
use crate::addr::ElfAddr;

/// `Elf64_Sym`: name, info, other, section, value, size.
const SYMBOL_BYTES: usize = 24;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const SHN_UNDEF: u16 = 0;
/// Longest symbol name that is read.
const MAX_NAME_BYTES: usize = 1 << 14;

/// A function or a variable of a symbol table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElfSymbol {
    pub(crate) start: ElfAddr,
    /// 0 where the assembler was not told.
    pub(crate) size_bytes: u64,
    name: u32,
    table: SymbolTable,
}

#[derive(Clone, Copy, Debug)]
enum SymbolTable {
    Static,
    Dynamic,
}

impl SymbolTable {
    /// Sections with the symbols and with their names.
    fn sections(self) -> (&'static str, &'static str) {
        match self {
            Self::Static => (".symtab", ".strtab"),
            Self::Dynamic => (".dynsym", ".dynstr"),
        }
    }
}

impl GoBinary {
    /// Every function symbol, those of `.symtab` first.
    pub(crate) fn function_symbols(&self) -> impl Iterator<Item = ElfSymbol> {
        [SymbolTable::Static, SymbolTable::Dynamic]
            .into_iter()
            .flat_map(|table| {
                self.named_section(table.sections().0)
                    .chunks_exact(SYMBOL_BYTES)
                    .filter_map(move |entry| defined_symbol(entry, STT_FUNC, table))
            })
    }

    /// Addresses of the variables of these names, as far as `.symtab` has them.
    pub(super) fn symtab_variables<const N: usize>(
        &self,
        names: [&str; N],
    ) -> [Option<ElfAddr>; N] {
        let mut found = [None; N];
        let (symbols, texts) = SymbolTable::Static.sections();
        let texts = self.named_section(texts);
        for entry in self.named_section(symbols).chunks_exact(SYMBOL_BYTES) {
            let Some(symbol) = defined_symbol(entry, STT_OBJECT, SymbolTable::Static) else {
                continue;
            };
            let name = text_at(texts, symbol.name as usize, MAX_NAME_BYTES);
            let index = names.iter().position(|wanted| name == Some(*wanted));
            if let Some(place) = index.and_then(|index| found.get_mut(index)) {
                *place = Some(symbol.start);
            }
        }
        found
    }

    /// The name of a symbol of this file.
    pub(crate) fn symbol_name(&self, symbol: &ElfSymbol) -> Option<&str> {
        let names = self.named_section(symbol.table.sections().1);
        let name = text_at(names, usize::try_from(symbol.name).ok()?, MAX_NAME_BYTES)?;
        (!name.is_empty()).then_some(name)
    }

    fn named_section(&self, name: &str) -> &[u8] {
        let image = self.image();
        image
            .section(name)
            .map(|section| image.section_bytes(section))
            .unwrap_or_default()
    }
}

/// The symbol in one entry, if it is of that kind and has an address.
fn defined_symbol(entry: &[u8], kind: u8, table: SymbolTable) -> Option<ElfSymbol> {
    let is_wanted = entry.get(4)? & 0xf == kind;
    let is_defined = u16_at(entry, 6)? != SHN_UNDEF;
    if !is_wanted || !is_defined {
        return None;
    }
    Some(ElfSymbol {
        start: ElfAddr(u64_at(entry, 8)?),
        size_bytes: u64_at(entry, 16)?,
        name: u32_at(entry, 0)?,
        table,
    })
}
