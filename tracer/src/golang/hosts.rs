//! Which functions have a given function inlined in them.

use memchr::memmem;

use super::binary::GoBinary;
use super::function::Function;
use super::inline::EntryLayout;

/// Furthest that an entry is looked for behind the start of its inline tree.
const MAX_TREE_BYTES: u32 = 1 << 20;

impl GoBinary {
    /// Every function that has a call of one of `names` inlined, with those of
    /// the names that are, in the order of `names`.
    ///
    /// A name that occurs nowhere costs one search of the function names. The
    /// rest is found backwards, from the places that mention a name to the
    /// inline trees around them, so that few trees are decoded.
    #[must_use]
    pub fn hosts_of<'a>(&'a self, names: &[&str]) -> Vec<(Function<'a>, Vec<String>)> {
        let offsets: Vec<u32> = names
            .iter()
            .filter_map(|name| self.name_offset(name))
            .collect();
        let mut trees = self.trees_with(&offsets);
        trees.sort_unstable();
        trees.dedup();
        if trees.is_empty() {
            return Vec::new();
        }
        self.functions()
            .filter(|function| {
                function
                    .inline_tree_offset()
                    .is_some_and(|tree| trees.binary_search(&tree).is_ok())
            })
            .filter_map(|function| {
                let mut inlined: Vec<&str> = function.inlined().map(|call| call.name).collect();
                inlined.sort_unstable();
                let found: Vec<String> = names
                    .iter()
                    .filter(|name| inlined.binary_search(name).is_ok())
                    .map(|&name| name.to_owned())
                    .collect();
                (!found.is_empty()).then_some((function, found))
            })
            .collect()
    }

    /// Offsets of the inline trees that may have an entry with one of these name
    /// offsets: for every mention, the last tree that begins before it.
    fn trees_with(&self, names: &[u32]) -> Vec<u32> {
        if names.is_empty() {
            return Vec::new();
        }
        let tree_offsets = || self.functions().filter_map(|f| f.inline_tree_offset());
        let Some((first, last)) = tree_offsets().fold(None, |range, offset| {
            let (first, last) = range.unwrap_or((offset, offset));
            Some((offset.min(first), offset.max(last)))
        }) else {
            return Vec::new();
        };
        let mut mentions = self.mentions(names, first, last.saturating_add(MAX_TREE_BYTES));
        mentions.sort_unstable();
        let mut best: Vec<Option<u32>> = vec![None; mentions.len()];
        for tree in tree_offsets() {
            let behind = mentions.partition_point(|&mention| mention < tree);
            // Only the first mention behind a tree needs it here: any later one
            // takes over below what its predecessor has.
            if let Some(slot) = best.get_mut(behind) {
                *slot = (*slot).max(Some(tree));
            }
        }
        let mut nearest = None;
        best.into_iter()
            .filter_map(|tree| {
                nearest = nearest.max(tree);
                nearest
            })
            .collect()
    }

    /// Offsets among the function data, within `first..end`, that hold one of
    /// these numbers where a tree's entry could have its name.
    fn mentions(&self, names: &[u32], first: u32, end: u32) -> Vec<u32> {
        let name_place = EntryLayout::of(self.tables().layout).name as u32;
        let data = self.function_data();
        let end = (end as usize).min(data.len());
        let window = data.get(first as usize..end).unwrap_or_default();
        names
            .iter()
            .flat_map(|name| {
                memmem::find_iter(window, &name.to_le_bytes())
                    .filter_map(|at| u32::try_from(at).ok()?.checked_add(first))
                    .filter_map(|at| at.checked_sub(name_place))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}
