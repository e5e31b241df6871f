//! The keys of very many samples: each is made once.

use std::collections::HashMap;

use super::key::By;
use crate::profile::interner::Interner;
use crate::profile::{FrameId, Profile, Sample};

/// Keys with a number each, in the order they come up.
pub(crate) struct Keys<'a> {
    profile: &'a Profile,
    by: By,
    numbers: HashMap<Origin<'a>, u32>,
    texts: Interner<String>,
}

/// What a key is made of, much cheaper to tell apart than to name.
#[derive(PartialEq, Eq, Hash)]
enum Origin<'a> {
    Label(Option<&'a str>),
    Site(Option<FrameId>),
}

impl<'a> Keys<'a> {
    /// Those by which `by` tells the samples of `profile` apart.
    pub fn new(profile: &'a Profile, by: By) -> Self {
        Self {
            profile,
            by,
            numbers: HashMap::new(),
            texts: Interner::default(),
        }
    }

    /// The number of the key `sample` counts for.
    pub fn number(&mut self, sample: &'a Sample) -> u32 {
        let labels = &sample.labels;
        let origin = match self.by {
            By::Type => Origin::Label(labels.type_name.as_deref()),
            By::Cause => Origin::Label(labels.cause.as_deref()),
            By::Site | By::Function | By::Line | By::Package | By::Module => {
                Origin::Site(self.profile.site_id(sample))
            }
        };
        let new = || self.texts.index(self.by.key(self.profile, sample));
        *self.numbers.entry(origin).or_insert_with(new)
    }

    /// The key of a number.
    pub fn text(&self, number: u32) -> &str {
        &self.texts.items[number as usize]
    }

    /// The keys by number.
    pub fn into_texts(self) -> Vec<String> {
        self.texts.items
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::profile::fixture;

    #[test]
    fn every_sample_has_the_key_that_it_has_alone() {
        let mut profile = fixture::service();
        // A type that is called as none is.
        profile.samples[0].labels.type_name = Some(super::super::key::NO_TYPE.into());
        for by in By::value_variants() {
            let mut keys = Keys::new(&profile, *by);
            for sample in &profile.samples {
                let number = keys.number(sample);
                assert_eq!(keys.text(number), by.key(&profile, sample));
            }
            let mut texts = keys.into_texts();
            let all = texts.len();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), all, "each once");
        }
    }
}
