//! Call chains by the names of their frames, in order and each once.

use std::borrow::Cow;
use std::collections::HashMap;

use super::table::FrameTable;
use super::{Root, Value};
use crate::profile::Profile;
use crate::profile::pprof::LOST_STACK;

/// Call chains with their weights, sorted by name from the outermost frame on.
pub(super) struct Chains<'a> {
    names: Vec<Cow<'a, str>>,
    /// Frames of all chains, outermost first.
    frames: Vec<u32>,
    chains: Vec<Chain>,
}

/// One call chain.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    start: usize,
    length: u32,
    /// Sum over its samples.
    pub weight: u64,
}

impl<'a> Chains<'a> {
    /// Those of samples that weigh anything; those of counted calls do not.
    pub fn of(profile: &'a Profile, value: Value, root: Option<Root>) -> Self {
        let mut names = Names::default();
        let lost = names.id(LOST_STACK);
        let table = FrameTable::new(profile, |id| {
            let frames = profile.frames(std::slice::from_ref(id));
            let ids: Vec<_> = frames.map(|frame| names.id_of(frame.function)).collect();
            ids.into_iter().rev()
        });
        let mut frames = Vec::new();
        let mut chains = Vec::new();
        for sample in &profile.samples {
            let weight = value.of(sample.values);
            if weight == 0 {
                continue;
            }
            let start = frames.len();
            frames.extend(root.map(|root| names.id(root.of(sample))));
            let known = frames.len();
            for id in sample.stack.iter().rev() {
                frames.extend_from_slice(table.of(*id));
            }
            if frames.len() == known {
                frames.push(lost);
            }
            chains.push(Chain {
                start,
                length: (frames.len() - start) as u32,
                weight,
            });
        }
        let (names, ranks) = names.ranked();
        for frame in &mut frames {
            *frame = ranks[*frame as usize];
        }
        let mut all = Self {
            names,
            frames,
            chains: Vec::new(),
        };
        chains.sort_unstable_by(|a, b| all.frames(a).cmp(all.frames(b)));
        chains.dedup_by(|next, kept| {
            let same = all.frames(next) == all.frames(kept);
            if same {
                kept.weight = kept.weight.saturating_add(next.weight);
            }
            same
        });
        all.chains = chains;
        all
    }

    /// The chains, no two with the same frames; those that begin with the same frames
    /// follow each other.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// The frames of one, outermost first.
    pub fn frames(&self, chain: &Chain) -> &[u32] {
        let end = chain.start + chain.length as usize;
        self.frames.get(chain.start..end).unwrap_or_default()
    }

    /// What writes chains as folded stacks, one after the other.
    pub fn folding(&self) -> Folding<'_> {
        Folding {
            names: self.names.iter().map(|name| FoldedName::of(name)).collect(),
            callers: Vec::new(),
            line: String::new(),
        }
    }
}

/// Chains as folded stacks: what one has in common with the one before is not made again.
pub(super) struct Folding<'a> {
    names: Vec<FoldedName<'a>>,
    /// All frames but the last, and where each ends in the line.
    callers: Vec<(u32, usize)>,
    line: String,
}

/// A name in a folded stack.
struct FoldedName<'a> {
    within: &'a str,
    /// At the end of the stack.
    last: Cow<'a, str>,
}

impl<'a> FoldedName<'a> {
    fn of(name: &'a str) -> Self {
        let mut last = name.to_owned();
        without_final_number(&mut last);
        Self {
            within: name,
            last: if last == name {
                Cow::Borrowed(name)
            } else {
                Cow::Owned(last)
            },
        }
    }
}

impl Folding<'_> {
    /// The folded stack of `frames`.
    pub fn fold(&mut self, frames: &[u32]) -> &str {
        let Some((last, callers)) = frames.split_last() else {
            return "";
        };
        let pairs = self.callers.iter().zip(callers);
        let known = pairs.take_while(|((known, _), frame)| known == *frame);
        let known = known.count();
        self.callers.truncate(known);
        let end = self.callers.last().map_or(0, |(_, end)| *end);
        self.line.truncate(end);
        for frame in &callers[known..] {
            self.line.push_str(self.names[*frame as usize].within);
            self.line.push(';');
            self.callers.push((*frame, self.line.len()));
        }
        self.line.push_str(&self.names[*last as usize].last);
        &self.line
    }
}

/// Names with a number each, in the order they come up.
#[derive(Default)]
struct Names<'a> {
    ids: HashMap<Cow<'a, str>, u32>,
}

impl<'a> Names<'a> {
    fn id(&mut self, name: &'a str) -> u32 {
        self.id_of(Cow::Borrowed(name))
    }

    fn id_of(&mut self, name: Cow<'a, str>) -> u32 {
        let next = self.ids.len() as u32;
        if let Some(id) = self.ids.get(&name) {
            return *id;
        }
        *self.ids.entry(name).or_insert(next)
    }

    /// The names as readers take them, in alphabetical order and each once, and which
    /// of these each number stands for.
    fn ranked(self) -> (Vec<Cow<'a, str>>, Vec<u32>) {
        let mut ranks = vec![0; self.ids.len()];
        let mut named: Vec<_> = self
            .ids
            .into_iter()
            .map(|(name, id)| (frame_name(name), id))
            .collect();
        named.sort_unstable();
        let mut names: Vec<Cow<'a, str>> = Vec::new();
        for (name, id) in named {
            if names.last() != Some(&name) {
                names.push(name);
            }
            ranks[id as usize] = (names.len() - 1) as u32;
        }
        (names, ranks)
    }
}

/// A name that is one frame to every reader of folded stacks, and valid XML.
pub(super) fn frame_name(name: Cow<'_, str>) -> Cow<'_, str> {
    let odd = |c: char| c == ';' || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let name = if name.contains(odd) {
        Cow::Owned(name.replace(';', ":").replace(odd, " ").trim().to_owned())
    } else {
        match name {
            Cow::Borrowed(name) => Cow::Borrowed(name.trim()),
            Cow::Owned(name) => Cow::Owned(name.trim().to_owned()),
        }
    };
    if name.is_empty() {
        Cow::Borrowed("[unnamed]")
    } else {
        name
    }
}

/// Readers take a second number at the end of a line for that of a differential
/// profile: a name that ends in one is joined by `_`.
fn without_final_number(stack: &mut String) {
    if let Some(space) = stack.rfind(' ') {
        let last = stack.get(space + 1..).unwrap_or_default();
        if last.chars().all(|c| c.is_ascii_digit() || c == '.') {
            stack.replace_range(space..=space, "_");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn names_that_would_be_misread_are_changed() {
        let name = |name: &str| frame_name(name.into()).into_owned();
        assert_eq!(name("struct { A int; B int }"), "struct { A int: B int }");
        assert_eq!(name("a\nb"), "a b");
        assert_eq!(name(" \t"), "[unnamed]");
        for (line, changed) in [
            ("main.f 12 3.5", "main.f 12_3.5"),
            ("main.f x12", "main.f x12"),
        ] {
            let mut line = line.to_owned();
            without_final_number(&mut line);
            assert_eq!(line, changed);
        }
    }

    #[test]
    fn chains_are_folded_one_after_the_other() {
        let mut b = fixture::Builder::default();
        let outer = ("f 7", "a.go", 1);
        let leaves = [("f 7", "a.go", 2), ("g", "a.go", 3), ("h 1 2", "a.go", 4)];
        for leaf in leaves {
            for stack in [&[&[leaf][..], &[outer]][..], &[&[leaf]]] {
                let stack = b.stack(stack);
                b.objects(stack, ("T", "new"), 8, 1);
            }
        }
        let profile = b.finish();
        let chains = Chains::of(&profile, Value::Objects, None);
        let mut folding = chains.folding();
        let mut fold = |chain| folding.fold(chains.frames(chain)).to_owned();
        let lines: Vec<_> = chains.chains().iter().map(&mut fold).collect();
        let expected = ["f_7", "f 7;f_7", "f 7;g", "f 7;h 1_2", "g", "h 1_2"];
        assert_eq!(lines, expected);
        // In any order.
        let again: Vec<_> = chains.chains().iter().rev().map(fold).collect();
        assert!(again.iter().rev().eq(&lines));
    }
}
