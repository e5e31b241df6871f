//! Call chains as a tree, without what is too narrow to be shown.
//!
//! It grows from the root: the samples of a node are told apart by what it calls next.
//! That takes a cursor for each sample and no frame that is too narrow.

use std::ops::Range;

use serde::Serialize;

use super::functions::{Catalog, FunctionNumber};
use super::narrow::Bound;
use crate::profile::{LocationId, Profile, Values};

/// Nodes of the tree but for its root, which is number 0. A node is followed by all that
/// is below it.
#[derive(Default, Serialize)]
pub(super) struct Nodes {
    up: Vec<u32>,
    pub(super) function: Vec<FunctionNumber>,
}

impl Nodes {
    /// How many there are, the root included.
    pub(super) fn len(&self) -> usize {
        self.up.len() + 1
    }

    /// The caller of a node; `None` of the root.
    pub(super) fn parent(&self, node: u32) -> Option<u32> {
        let up = self.up.get(node.checked_sub(1)? as usize)?;
        Some(node - up)
    }

    fn add(&mut self, parent: u32, function: FunctionNumber) -> u32 {
        let node = self.len() as u32;
        self.up.push(node - parent);
        self.function.push(function);
        node
    }
}

/// Where a sample is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) node: u32,
    /// Whether its call chain ends in a frame below the node that is too narrow.
    pub(super) is_narrow: bool,
}

/// A tree and where the samples are in it.
pub(super) struct Tree {
    pub(super) nodes: Nodes,
    /// Of each sample of the profile; `None` for those without objects or bytes.
    pub(super) places: Vec<Option<Place>>,
    /// Call chains, by program counters, that end in a frame that is too narrow.
    pub(super) narrow_chains: u64,
}

impl Tree {
    /// That of `profile`; `None` when it has more frames than `bound` takes.
    pub(super) fn of(profile: &Profile, catalog: &Catalog<'_>, bound: &Bound) -> Option<Self> {
        let samples = (0..).zip(&profile.samples);
        let with_memory = samples.filter(|(_, sample)| has_memory(sample.values));
        let mut cursors: Vec<_> = with_memory
            .map(|(number, sample)| Cursor::new(number, &sample.stack, catalog))
            .collect();
        let mut tree = Self {
            nodes: Nodes::default(),
            places: vec![None; profile.samples.len()],
            narrow_chains: 0,
        };
        let mut pending = Vec::new();
        tree.expand(profile, bound, 0, (0, &mut cursors), &mut pending);
        while let Some(Call {
            parent,
            function,
            samples,
        }) = pending.pop()
        {
            let node = tree.nodes.add(parent, function);
            if !bound.takes(tree.nodes.len()) {
                return None;
            }
            let first = samples.start;
            let cursors = &mut cursors[samples];
            for cursor in &mut *cursors {
                cursor.advance(catalog);
            }
            tree.expand(profile, bound, node, (first, cursors), &mut pending);
        }
        Some(tree)
    }

    /// Finds what the samples of `node` call next: those of `cursors`, of which the first
    /// has this number.
    fn expand(
        &mut self,
        profile: &Profile,
        bound: &Bound,
        node: u32,
        (first, cursors): (usize, &mut [Cursor<'_>]),
        pending: &mut Vec<Call>,
    ) {
        cursors.sort_unstable_by_key(|cursor| cursor.next.map_or(0, |next| u64::from(next) + 1));
        let known = pending.len();
        let mut start = first;
        for same in cursors.chunk_by_mut(|a, b| a.next == b.next) {
            let samples = start..start + same.len();
            start = samples.end;
            let Some(function) = same.first().and_then(|cursor| cursor.next) else {
                self.place(same, node, false);
                continue;
            };
            if bound.is_narrow(sum(profile, same)) {
                self.place(same, node, true);
                self.narrow_chains += chains(profile, same);
            } else {
                pending.push(Call {
                    parent: node,
                    function,
                    samples,
                });
            }
        }
        // The first is the next.
        pending[known..].reverse();
    }

    fn place(&mut self, cursors: &[Cursor<'_>], node: u32, is_narrow: bool) {
        for cursor in cursors {
            self.places[cursor.sample as usize] = Some(Place { node, is_narrow });
        }
    }
}

fn has_memory(values: Values) -> bool {
    values.objects > 0 || values.bytes > 0 || values.heap_bytes > 0
}

fn sum(profile: &Profile, cursors: &[Cursor<'_>]) -> Values {
    let mut sum = Values::default();
    for cursor in cursors {
        sum += profile.samples[cursor.sample as usize].values;
    }
    sum
}

/// How many different call chains they are of.
fn chains(profile: &Profile, cursors: &mut [Cursor<'_>]) -> u64 {
    let stack = |cursor: &Cursor<'_>| &profile.samples[cursor.sample as usize].stack;
    cursors.sort_unstable_by(|a, b| stack(a).cmp(stack(b)));
    cursors.chunk_by(|a, b| stack(a) == stack(b)).count() as u64
}

/// Samples below a node that is still to be made.
struct Call {
    parent: u32,
    function: FunctionNumber,
    samples: Range<usize>,
}

/// How far a sample's call chain has been followed.
struct Cursor<'a> {
    sample: u32,
    /// The next function; `None` at the end.
    next: Option<FunctionNumber>,
    /// Locations that have functions left, innermost first.
    left: &'a [LocationId],
    /// Functions of the outermost of them that have been passed.
    passed: u32,
}

impl<'a> Cursor<'a> {
    fn new(sample: u32, stack: &'a [LocationId], catalog: &Catalog<'_>) -> Self {
        let mut cursor = Self {
            sample,
            next: None,
            left: stack,
            passed: 0,
        };
        cursor.advance(catalog);
        cursor.next.get_or_insert(catalog.lost);
        cursor
    }

    fn advance(&mut self, catalog: &Catalog<'_>) {
        self.next = None;
        while let Some((outermost, inner)) = self.left.split_last() {
            if let Some(function) = catalog.at(*outermost).get(self.passed as usize) {
                self.next = Some(*function);
                self.passed += 1;
                return;
            }
            self.left = inner;
            self.passed = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::html::Strings;
    use crate::profile::fixture;
    use crate::profile::pprof::LOST_STACK;

    /// Names of the frames of a node, innermost first.
    fn path(tree: &Tree, catalog: &Catalog<'_>, mut node: u32) -> Vec<String> {
        let mut functions = tree.nodes.function.clone();
        let mut strings = Strings::default();
        let names = catalog.used(&mut functions, &mut strings).name;
        let mut path = Vec::new();
        while let Some(parent) = tree.nodes.parent(node) {
            let name = names[functions[node as usize - 1] as usize];
            path.push(strings.items[name as usize].clone());
            node = parent;
        }
        path
    }

    #[test]
    fn chains_share_their_outer_frames() {
        let profile = fixture::service();
        let catalog = Catalog::of(&profile);
        let bound = Bound::none(&profile, usize::MAX);
        let tree = Tree::of(&profile, &catalog, &bound).unwrap();
        let path = |sample: usize| path(&tree, &catalog, tree.places[sample].unwrap().node);
        assert_eq!(
            path(0)[..3],
            ["runtime.newobject", "main.newOrder", "main.(*Shop).Place"]
        );
        assert_eq!(path(8), [LOST_STACK]);
        assert_eq!(tree.places[1], tree.places[2], "sizes are not told apart");
        assert_eq!(tree.places[9], None, "calls have no memory");
        assert_eq!(tree.narrow_chains, 0);
        for node in 1..tree.nodes.len() as u32 {
            assert!(tree.nodes.parent(node).unwrap() < node);
        }
    }

    #[test]
    fn chains_that_are_too_narrow_end_where_they_are_wide_enough() {
        let mut b = fixture::Builder::default();
        let main = ("main.main", "main.go", 1);
        let often = b.stack(&[&[("main.often", "main.go", 2)], &[main]]);
        b.objects(often, ("T", "new"), 8, 1_000_000);
        for line in 0..2 {
            // Of one name, called from two places.
            let rare = b.stack(&[
                &[("main.rare", "main.go", 3)],
                &[("main.main", "main.go", line)],
            ]);
            b.objects(rare.clone(), ("T", "new"), 8, 4);
            b.objects(rare, ("U", "new"), 8, 3);
        }
        let profile = b.finish();
        let catalog = Catalog::of(&profile);
        let full = Bound::none(&profile, 3);
        assert!(Tree::of(&profile, &catalog, &full).is_none());
        let bound = Bound::none(&profile, usize::MAX).coarser();
        let tree = Tree::of(&profile, &catalog, &bound).unwrap();
        // 14 of 1,000,014 are more than 0.001 %, however many samples they are in.
        assert_eq!(tree.narrow_chains, 0);
        let tree = Tree::of(&profile, &catalog, &bound.coarser()).unwrap();
        assert_eq!(tree.narrow_chains, 2, "by program counters");
        assert_eq!(tree.nodes.len(), 3);
        let main = tree.nodes.parent(tree.places[0].unwrap().node);
        for place in &tree.places[1..] {
            let narrow = Place {
                node: main.unwrap(),
                is_narrow: true,
            };
            assert_eq!(*place, Some(narrow));
        }
    }
}
