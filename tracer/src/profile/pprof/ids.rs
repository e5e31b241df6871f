//! What the ids of a file became.

use std::collections::HashMap;

/// Values by id. Writers tend to count ids from 1: those up to the number of messages
/// are indexes, the others are looked up.
pub(super) struct Ids<T> {
    counted: Vec<Option<T>>,
    others: HashMap<u64, T>,
}

impl<T: Copy> Ids<T> {
    /// For so many messages.
    pub fn of(messages: usize) -> Self {
        Self {
            counted: vec![None; messages + 1],
            others: HashMap::new(),
        }
    }

    /// The value of an id.
    pub fn get(&self, id: u64) -> Option<T> {
        let index = usize::try_from(id).ok();
        match index.and_then(|index| self.counted.get(index)) {
            Some(value) => *value,
            None => self.others.get(&id).copied(),
        }
    }

    /// Gives an id a value; the one it had before.
    pub fn insert(&mut self, id: u64, value: T) -> Option<T> {
        let index = usize::try_from(id).ok();
        match index.and_then(|index| self.counted.get_mut(index)) {
            Some(place) => place.replace(value),
            None => self.others.insert(id, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_however_large() {
        let mut ids = Ids::of(2);
        for id in [1, 2, 3, u64::MAX] {
            assert_eq!(ids.get(id), None);
            assert_eq!(ids.insert(id, id as u32), None);
            assert_eq!(ids.insert(id, 7), Some(id as u32));
            assert_eq!(ids.get(id), Some(7));
        }
        assert_eq!(ids.get(4), None);
    }
}
