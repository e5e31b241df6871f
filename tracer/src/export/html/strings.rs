//! Strings by number.

use std::collections::HashMap;

/// Strings that occur, each once, in the order they were first asked for.
#[derive(Default)]
pub(super) struct Strings {
    list: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Strings {
    /// The number of `text`.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}
