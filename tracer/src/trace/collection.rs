//! Garbage collections between calls, and who allocated since the last one.

use std::collections::HashMap;
use std::sync::Arc;

use super::event::{Event, Position, Value};
use crate::counters::{Collections, Ended, HeapSizes};

/// Sites that are named of each collection.
const MOST_SITES: usize = 3;

/// A garbage collection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// When that was noticed, by the monotonic clock.
    pub noticed_ns: u64,
    /// How much later than it happened, at most.
    pub late_ns: u64,
    /// Its number, as `GODEBUG=gctrace=1` prints it.
    pub number: u32,
    /// Collections that ended since the last that was told of: more than one where they
    /// followed each other too quickly to be told apart.
    pub collections: u32,
    /// How many of them the program called for.
    pub forced: u32,
    /// How large the heap was in the last of them, where that was read in time.
    pub heap: Option<HeapSizes>,
}

/// What is said of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// It.
    pub collection: Collection,
    /// What was traced of the allocator since the last that was told of; `None` when none
    /// of its functions is traced.
    pub allocated: Option<Allocated>,
}

/// Allocations, as far as they were traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How many.
    pub calls: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// The sites with the most bytes, most first.
    pub sites: Vec<SiteAllocated>,
}

/// What one site allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAllocated {
    /// Which; `None` where nothing is known of the caller.
    pub site: Option<Arc<Position>>,
    /// How many objects.
    pub calls: u64,
    /// Bytes asked for.
    pub bytes: u64,
}

/// Tells from each look at the target which collections have ended since the last.
#[derive(Clone, Copy, Debug)]
pub struct CollectionWatch {
    collections: Collections,
    looked_ns: u64,
}

impl CollectionWatch {
    /// From now on.
    #[must_use]
    pub fn new(ended: Ended, now_ns: u64) -> Self {
        Self {
            collections: ended.collections,
            looked_ns: now_ns,
        }
    }

    /// What a look tells that was over at `now_ns`.
    pub fn look(&mut self, ended: Ended, now_ns: u64) -> Option<Collection> {
        let now = ended.collections;
        let before = std::mem::replace(&mut self.collections, now);
        let looked_ns = std::mem::replace(&mut self.looked_ns, now_ns);
        (now.completed != before.completed).then(|| Collection {
            noticed_ns: now_ns,
            late_ns: now_ns.saturating_sub(looked_ns),
            number: now.completed,
            collections: now.completed.wrapping_sub(before.completed),
            forced: now.forced.wrapping_sub(before.forced),
            heap: ended.heap,
        })
    }
}

/// Adds up what is allocated between collections.
#[derive(Clone, Debug, Default)]
pub struct AllocationTally {
    /// Those functions of the allocator that are traced. Each object is a call of one.
    functions: Vec<String>,
    sites: HashMap<Option<Arc<Position>>, (u64, u64)>,
}

impl AllocationTally {
    /// Of calls of these functions.
    #[must_use]
    pub fn of(functions: Vec<String>) -> Self {
        Self {
            functions,
            sites: HashMap::new(),
        }
    }

    /// Whether there is nothing to add up.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        self.functions.is_empty()
    }

    /// Takes a call in, if it is one of these functions. One that asks for no bytes makes
    /// no object.
    pub fn add(&mut self, event: &Event) {
        if !self.functions.iter().any(|it| **it == *event.function) {
            return;
        }
        let size = event.arguments.iter().find(|it| it.name == "size");
        let Some(Value::Unsigned(bytes @ 1..)) = size.map(|it| &it.value) else {
            return;
        };
        let sum = self.sites.entry(event.site.clone()).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(*bytes);
    }

    /// A collection has ended: what there was until then, and from now on anew.
    pub fn collected(&mut self, collection: Collection) -> Collected {
        let sites = std::mem::take(&mut self.sites);
        let mut sites: Vec<SiteAllocated> = sites
            .into_iter()
            .map(|(site, (calls, bytes))| SiteAllocated { site, calls, bytes })
            .collect();
        sites.sort_by(|a, b| {
            let place = |it: &SiteAllocated| {
                let site = it.site.as_deref();
                site.map(|it| (it.function.clone(), it.file.clone(), it.line))
            };
            b.bytes
                .cmp(&a.bytes)
                .then_with(|| b.calls.cmp(&a.calls))
                .then_with(|| place(a).cmp(&place(b)))
        });
        let mut allocated = Allocated::default();
        for site in &sites {
            allocated.calls += site.calls;
            allocated.bytes = allocated.bytes.saturating_add(site.bytes);
        }
        sites.truncate(MOST_SITES);
        allocated.sites = sites;
        Collected {
            collection,
            allocated: (!self.is_of_nothing()).then_some(allocated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::{Argument, Outcome};
    use super::*;

    fn ended(completed: u32, forced: u32) -> Ended {
        Ended {
            collections: Collections { completed, forced },
            heap: None,
        }
    }

    fn call(function: &str, line: u32, size: u64) -> Event {
        Event {
            time_ns: 0,
            tid: 1,
            goid: None,
            function: function.into(),
            arguments: vec![Argument {
                name: "size",
                value: Value::Unsigned(size),
            }],
            outcome: Outcome::NotWatched,
            labels: None,
            site: Some(Arc::new(Position {
                line,
                ..Position::default()
            })),
            stack: Vec::new(),
        }
    }

    #[test]
    fn what_has_ended_since_the_last_look() {
        let mut watch = CollectionWatch::new(ended(u32::MAX, 3), 1000);
        assert_eq!(watch.look(ended(u32::MAX, 3), 2000), None);
        let collection = watch.look(ended(1, 4), 3500).unwrap();
        assert_eq!((collection.number, collection.collections), (1, 2));
        assert_eq!((collection.forced, collection.late_ns), (1, 1500));
        assert_eq!(watch.look(ended(1, 4), 4000), None);
    }

    #[test]
    fn sites_since_the_last_collection() {
        let mut tally = AllocationTally::of(vec!["runtime.mallocgc".to_owned()]);
        let mut watch = CollectionWatch::new(ended(0, 0), 0);
        for (line, size) in [(1, 10), (2, 50), (1, 20), (3, 5), (4, 1), (9, 0)] {
            tally.add(&call("runtime.mallocgc", line, size));
        }
        tally.add(&call("runtime.mallocgcSmallNoscan", 7, 1000));
        let collection = watch.look(ended(1, 0), 10).unwrap();
        let allocated = tally.collected(collection.clone()).allocated.unwrap();
        assert_eq!((allocated.calls, allocated.bytes), (5, 86));
        let sites = allocated.sites.iter();
        let sites: Vec<_> = sites
            .map(|it| (it.site.as_ref().unwrap().line, it.calls, it.bytes))
            .collect();
        assert_eq!(sites, [(2, 1, 50), (1, 2, 30), (3, 1, 5)]);
        let next = tally.collected(collection.clone()).allocated.unwrap();
        assert_eq!(next, Allocated::default());
        let mut nothing = AllocationTally::default();
        nothing.add(&call("runtime.mallocgc", 1, 10));
        assert_eq!(nothing.collected(collection).allocated, None);
    }
}
