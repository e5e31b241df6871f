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
    pub(super) fn references_to_zeroed<'n>(&self, names: &[&'n str]) -> Code<'n> {
        self.references(names, |at| self.is_zeroed(at))
    }

    /// The same among all variables.
    pub(super) fn references_to_variables<'n>(&self, names: &[&'n str]) -> Code<'n> {
        self.references(names, |at| self.is_writable(at))
    }

    fn references<'n>(&self, names: &[&'n str], is_wanted: impl Fn(ElfAddr) -> bool) -> Code<'n> {
        let references_of = |function: &Function<'_>| -> BTreeSet<Reference> {
            let references = self.references_of(function);
            references.filter(|it| is_wanted(it.at)).collect()
        };
        let mut found = BTreeMap::new();
        for function in self.functions_named(names) {
            if let Some(name) = names.iter().find(|name| **name == function.name()) {
                found.insert(*name, references_of(&function));
            }
        }
        let absent = |name: &&str| !found.contains_key(name);
        let absent: Vec<&str> = names.iter().copied().filter(absent).collect();
        for (host, inlined) in self.hosts_of(&absent) {
            for name in absent
                .iter()
                .filter(|name| inlined.iter().any(|it| it == *name))
            {
                found.entry(*name).or_insert_with(|| references_of(&host));
            }
        }
        Code(found)
    }

    fn references_of(&self, function: &Function<'_>) -> impl Iterator<Item = Reference> {
        let start = function.entry();
        let length = (function.end().0 - start.0).min(MAX_FUNCTION_BYTES);
        let code = self.code(start, length as usize).unwrap_or_default();
        Decoder::with_ip(64, code, start.0, DecoderOptions::NONE)
            .into_iter()
            .filter_map(|instruction| Reference::of(&instruction))
    }

    /// Whether the address is that of a variable without initial value.
    fn is_zeroed(&self, at: ElfAddr) -> bool {
        let mut writable = self.segments().iter().filter(|segment| segment.writable);
        writable.any(|segment| segment.zeroed_range().contains(&at))
    }

    /// Whether the address is that of a variable.
    fn is_writable(&self, at: ElfAddr) -> bool {
        let mut writable = self.segments().iter().filter(|segment| segment.writable);
        writable.any(|it| it.range().contains(&at) || it.zeroed_range().contains(&at))
    }
}

/// Functions that must agree on an address. The others may be missing.
const WITNESSES: usize = 2;

/// What each function refers to.
pub(super) struct Code<'a>(BTreeMap<&'a str, BTreeSet<Reference>>);

impl Code<'_> {
    /// Whether the binary has the function.
    pub(super) fn has(&self, function: &str) -> bool {
        self.0.contains_key(function)
    }

    /// Nothing for a function that the binary does not have.
    pub(super) fn of(&self, function: &str) -> &BTreeSet<Reference> {
        const NOTHING: &BTreeSet<Reference> = &BTreeSet::new();
        self.0.get(function).unwrap_or(NOTHING)
    }

    /// The one address that all of these functions have among their candidates,
    /// as far as the binary has the functions.
    pub(super) fn agreed(
        &self,
        functions: &[&str],
        candidates: impl Fn(&BTreeSet<Reference>) -> BTreeSet<ElfAddr>,
    ) -> Option<ElfAddr> {
        let present = functions.iter().filter_map(|name| self.0.get(name));
        the_one(present.map(candidates))
    }
}

/// The one address that all of these sets have; `None` when there is not exactly one,
/// or too few functions to tell.
pub(super) fn the_one(sets: impl IntoIterator<Item = BTreeSet<ElfAddr>>) -> Option<ElfAddr> {
    let mut sets = sets.into_iter();
    let first = sets.next()?;
    let (common, witnesses) = sets.fold((first, 1), |(common, witnesses), set| {
        (&common & &set, witnesses + 1)
    });
    let mut common = common.into_iter().filter(|_| witnesses >= WITNESSES);
    common.next().filter(|_| common.next().is_none())
}

/// Addresses that are taken rather than read or written.
pub(super) fn taken(references: &BTreeSet<Reference>) -> BTreeSet<ElfAddr> {
    references
        .iter()
        .filter(|reference| reference.access_bytes.is_none())
        .map(|reference| reference.at)
        .collect()
}

/// Words that are read or written.
pub(super) fn words(references: &BTreeSet<Reference>) -> BTreeSet<ElfAddr> {
    references
        .iter()
        .filter(|reference| reference.access_bytes == Some(8))
        .map(|reference| reference.at)
        .collect()
}

/// Words whose next word is used too, as are pointer and length of a slice.
pub(super) fn slices(references: &BTreeSet<Reference>) -> BTreeSet<ElfAddr> {
    let words = words(references);
    let has_next = |at: &ElfAddr| at.checked_add(8).is_some_and(|next| words.contains(&next));
    words.iter().copied().filter(has_next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<const N: usize>(functions: [(&'static str, &[Reference]); N]) -> Code<'static> {
        let set = |references: &[Reference]| references.iter().copied().collect();
        Code(functions.map(|(name, found)| (name, set(found))).into())
    }

    #[test]
    fn functions_must_agree_on_one_address() {
        let [a, b] = [0x10, 0x20].map(|at| Reference::taken(ElfAddr(at)));
        let agreed = |code: Code<'_>| code.agreed(&["f", "g"], taken);
        assert_eq!(
            agreed(code([("f", &[a, b]), ("g", &[b])])),
            Some(ElfAddr(0x20))
        );
        assert_eq!(agreed(code([("f", &[a, b]), ("g", &[a, b])])), None);
        assert_eq!(agreed(code([("f", &[a]), ("g", &[b])])), None);
        assert_eq!(agreed(code([("f", &[a])])), None);
        assert_eq!(agreed(code([])), None);
    }

    #[test]
    fn a_slice_is_two_words_in_a_row() {
        let word = |at| Reference::accessed(ElfAddr(at), 8);
        let half = Reference::accessed(ElfAddr(0x28), 4);
        let found = slices(&[word(0x10), word(0x18), word(0x20), half].into());
        assert_eq!(found, [ElfAddr(0x10), ElfAddr(0x18)].into());
        let end = slices(&[word(u64::MAX - 3)].into());
        assert_eq!(end, BTreeSet::new());
    }
}
