//! Which samples a file has, for fields that are of these samples and no others.

use flate2::Crc;

/// The samples of a file, as far as it takes to tell whether they are the same.
#[derive(Default)]
pub(super) struct Stored {
    samples: usize,
    /// Of their values, as little-endian 64-bit integers.
    values: Crc,
}

impl Stored {
    /// Takes in the values of the next sample.
    pub fn add(&mut self, values: &[i64]) {
        self.samples += 1;
        for value in values {
            self.values.update(&value.to_le_bytes());
        }
    }

    /// How many there are.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Tells samples whose values have been changed.
    pub fn values_crc32(&self) -> u32 {
        self.values.sum()
    }
}

#[cfg(test)]
impl Stored {
    /// Those of a message.
    pub fn of(messages: &[super::proto::Sample]) -> Self {
        let mut stored = Self::default();
        for message in messages {
            stored.add(&message.value);
        }
        stored
    }
}
