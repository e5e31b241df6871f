//! Which variables the machine code of a function refers to.
//!
//! Go's compiler reaches variables relative to the instruction pointer, in
//! static and in position-independent executables alike.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};

use super::binary::GoBinary;
use super::function::Function;
use crate::addr::ElfAddr;

/// Longest function that is decoded; the runtime's reach some ten thousand bytes.
const MAX_FUNCTION_BYTES: u64 = 1 << 20;

/// One operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// What it refers to.
    pub(super) at: ElfAddr,
    /// How many bytes the instruction reads or writes there; `None` when it takes
    /// the address (`lea`).
    pub(super) access_bytes: Option<usize>,
}

impl Reference {
    /// A read or a write.
    pub(super) fn accessed(at: ElfAddr, bytes: usize) -> Self {
        Self {
            at,
            access_bytes: Some(bytes),
        }
    }

    #[cfg(test)]
    pub(super) fn taken(at: ElfAddr) -> Self {
        Self {
            at,
            access_bytes: None,
        }
    }

    fn of(instruction: &Instruction) -> Option<Self> {
        if !instruction.is_ip_rel_memory_operand() {
            return None;
        }
        let accesses = instruction.mnemonic() != Mnemonic::Lea;
        Some(Self {
            at: ElfAddr(instruction.ip_rel_memory_address()),
            access_bytes: accesses.then(|| instruction.memory_size().size()),
        })
    }
}

impl GoBinary {
    /// What the functions of these names refer to among the variables without
    /// initial value. A function that is inlined wherever it is called counts with
    /// what the function around it refers to; one that the binary lacks is left
    /// out.
    pub(super) fn references_to_zeroed<'n>(
        &self,
        names: &[&'n str],
    ) -> BTreeMap<&'n str, BTreeSet<Reference>> {
        let mut found = BTreeMap::new();
        for function in self.functions_named(names) {
            if let Some(name) = names.iter().find(|name| **name == function.name()) {
                found.insert(*name, self.references_of(&function));
            }
        }
        let absent = |name: &&str| !found.contains_key(name);
        let absent: Vec<&str> = names.iter().copied().filter(absent).collect();
        for (host, inlined) in self.hosts_of(&absent) {
            for name in absent
                .iter()
                .filter(|name| inlined.iter().any(|it| it == *name))
            {
                found
                    .entry(*name)
                    .or_insert_with(|| self.references_of(&host));
            }
        }
        found
    }

    fn references_of(&self, function: &Function<'_>) -> BTreeSet<Reference> {
        let start = function.entry();
        let length = (function.end().0 - start.0).min(MAX_FUNCTION_BYTES);
        let code = self.code(start, length as usize).unwrap_or_default();
        Decoder::with_ip(64, code, start.0, DecoderOptions::NONE)
            .into_iter()
            .filter_map(|instruction| Reference::of(&instruction))
            .filter(|reference| self.is_zeroed(reference.at))
            .collect()
    }

    /// Whether the address is that of a variable without initial value.
    fn is_zeroed(&self, at: ElfAddr) -> bool {
        let mut writable = self.segments().iter().filter(|segment| segment.writable);
        writable.any(|segment| segment.zeroed_range().contains(&at))
    }
}
