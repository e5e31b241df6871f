//! Items that are kept once and known by their index.

use std::collections::{HashMap, hash_map::Entry};

/// Items in the order they came up, each once.
pub(crate) struct Interner<T> {
    /// The items.
    pub items: Vec<T>,
    indexes: HashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            indexes: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    /// Where `item` is; it is added if it is new.
    pub fn index(&mut self, item: T) -> u32 {
        match self.indexes.entry(item) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let index = self.items.len() as u32;
                self.items.push(entry.key().clone());
                *entry.insert(index)
            }
        }
    }
}

impl Interner<String> {
    /// Where a string of this text is; it is added if it is new.
    pub fn index_of(&mut self, text: &str) -> u32 {
        match self.indexes.get(text) {
            Some(index) => *index,
            None => self.index(text.to_owned()),
        }
    }
}
