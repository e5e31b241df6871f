//! What a fixture says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The account of a section.
#[derive(Clone, Debug, Deserialize)]
pub struct Truth {
    /// Heap objects, by the runtime's count.
    pub mallocs: u64,
    /// Bytes set aside for them, by the runtime's count.
    pub total_alloc: u64,
    /// Garbage collections.
    pub num_gc: u64,
    /// Every function that allocates.
    pub sites: Vec<Site>,
    /// Calls of the runtime's map functions.
    pub calls: Vec<Calls>,
}

/// What one function allocates.
#[derive(Clone, Debug, Deserialize)]
pub struct Site {
    /// Its name.
    pub function: String,
    /// Heap objects.
    pub objects: u64,
    /// Bytes asked for; `None` where the program cannot know.
    pub bytes: Option<u64>,
    /// Bytes set aside, where the runtime's counters were read around it.
    pub heap_bytes: Option<u64>,
    /// Type, if all its objects come from sites that say so.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Cause, where the fixture says.
    pub cause: Option<String>,
}

/// Calls of one map function by one function.
#[derive(Clone, Debug, Deserialize)]
pub struct Calls {
    /// The map function.
    pub call: String,
    /// Its caller.
    pub function: String,
    /// The map's type; empty if the call does not carry it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How many.
    pub calls: u64,
}

impl Truth {
    /// Objects of all sites.
    pub fn objects(&self) -> u64 {
        self.sites.iter().map(|it| it.objects).sum()
    }

    /// Objects by a property of their site, of the sites that state it.
    pub fn objects_by<'a>(
        &'a self,
        property: impl Fn(&'a Site) -> Option<&'a String>,
    ) -> BTreeMap<&'a str, u64> {
        let mut sums = BTreeMap::new();
        for site in &self.sites {
            if let Some(value) = property(site) {
                *sums.entry(value.as_str()).or_default() += site.objects;
            }
        }
        sums
    }
}
