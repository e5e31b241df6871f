//! What is known of one key at the end of a recording.

/// The count of one key, and what it stands for beyond that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Objects (or calls) traced.
    pub counted: u64,
    /// Objects that were not traced and that fall to this key by its share of
    /// the windows around them: by group of windows, ascending. Empty when
    /// everything was traced.
    pub drawn: Vec<(u8, f64)>,
}

impl Tally {
    /// A count that stands for itself alone.
    #[must_use]
    pub fn exact(counted: u64) -> Self {
        Self {
            counted,
            drawn: Vec::new(),
        }
    }

    /// Adds untraced objects that a window of `group` stands for.
    pub fn draw(&mut self, group: u8, objects: f64) {
        match self.drawn.binary_search_by_key(&group, |draw| draw.0) {
            Ok(at) => self.drawn[at].1 += objects,
            Err(at) => self.drawn.insert(at, (group, objects)),
        }
    }

    /// Untraced objects that fall to it, over all groups.
    #[must_use]
    pub fn drawn_objects(&self) -> f64 {
        self.drawn.iter().map(|(_, objects)| objects).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_order_and_add_up() {
        let mut tally = Tally::exact(3);
        tally.draw(9, 1.5);
        tally.draw(2, 1.0);
        tally.draw(9, 0.5);
        assert_eq!(tally.drawn, [(2, 1.0), (9, 2.0)]);
        assert!((tally.drawn_objects() - 3.0).abs() < 1e-12);
        assert_eq!(tally.counted, 3);
    }
}
