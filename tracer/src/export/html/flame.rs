//! Call chains as a tree, and what was allocated at the end of each.

use std::collections::HashMap;

use serde::Serialize;

use super::Strings;
use crate::export::Root;
use crate::profile::module::STANDARD_LIBRARY;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{LocationId, Profile, Sample, Values};

/// A function of every program's own module.
const MAIN: &str = "main.main";

/// A function by number.
type FunctionNumber = u32;

/// The tree and what hangs on it.
pub(super) struct Flame {
    pub(super) functions: Functions,
    pub(super) nodes: Nodes,
    pub(super) samples: Samples,
    /// The node and the labels of each sample of the profile; `None` for those
    /// without objects or bytes.
    pub(super) places: Vec<Option<Place>>,
}

/// Where a sample is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) node: u32,
    pub(super) type_name: u32,
    pub(super) cause: u32,
}

/// Functions that occur; frames of one name are one.
#[derive(Default, Serialize)]
pub(super) struct Functions {
    name: Vec<u32>,
    file: Vec<u32>,
    kind: Vec<u8>,
}

/// Nodes of the tree but for its root.
#[derive(Default, Serialize)]
pub(super) struct Nodes {
    up: Vec<u32>,
    function: Vec<FunctionNumber>,
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
}

/// What was allocated, no two with the same node and labels.
#[derive(Default, Serialize)]
pub(super) struct Samples {
    node: Vec<u32>,
    r#type: Vec<u32>,
    cause: Vec<u32>,
    objects: Vec<u64>,
    bytes: Vec<u64>,
    heap_bytes: Vec<u64>,
}

impl Flame {
    /// The tree of `profile`, whose labels go to `strings`.
    pub(super) fn of(profile: &Profile, strings: &mut Strings) -> Self {
        let mut builder = Builder {
            profile,
            functions: Functions::default(),
            numbers: HashMap::new(),
            own_module: profile.module(MAIN),
            locations: HashMap::new(),
            nodes: Nodes::default(),
            children: HashMap::new(),
        };
        let mut places = Vec::with_capacity(profile.samples.len());
        let mut sums: HashMap<Place, usize> = HashMap::new();
        let mut order: Vec<(Place, Values)> = Vec::new();
        for sample in &profile.samples {
            if !has_memory(sample.values) {
                places.push(None);
                continue;
            }
            let place = Place {
                node: builder.node(sample, strings),
                type_name: strings.index(Root::Type.of(sample).to_owned()),
                cause: strings.index(Root::Cause.of(sample).to_owned()),
            };
            places.push(Some(place));
            let index = *sums.entry(place).or_insert_with(|| {
                order.push((place, Values::default()));
                order.len() - 1
            });
            order[index].1 += sample.values;
        }
        let mut samples = Samples::default();
        for (place, values) in order {
            samples.node.push(place.node);
            samples.r#type.push(place.type_name);
            samples.cause.push(place.cause);
            samples.objects.push(values.objects);
            samples.bytes.push(values.bytes);
            samples.heap_bytes.push(values.heap_bytes);
        }
        Self {
            functions: builder.functions,
            nodes: builder.nodes,
            samples,
            places,
        }
    }
}

fn has_memory(values: Values) -> bool {
    values.objects > 0 || values.bytes > 0 || values.heap_bytes > 0
}

struct Builder<'a> {
    profile: &'a Profile,
    functions: Functions,
    /// Functions by the number of their name.
    numbers: HashMap<u32, FunctionNumber>,
    /// The module of package main.
    own_module: Option<String>,
    /// Functions of a location, outermost first.
    locations: HashMap<LocationId, Vec<FunctionNumber>>,
    nodes: Nodes,
    children: HashMap<(u32, FunctionNumber), u32>,
}

impl Builder<'_> {
    /// The node at the end of a sample's call chain.
    fn node(&mut self, sample: &Sample, strings: &mut Strings) -> u32 {
        let mut node = 0;
        for id in sample.stack.iter().rev() {
            let functions = match self.locations.remove(id) {
                Some(functions) => functions,
                None => self.functions_of(*id, strings),
            };
            for function in &functions {
                node = self.child(node, *function);
            }
            self.locations.insert(*id, functions);
        }
        if node == 0 {
            let lost = self.function(LOST_STACK, "", Kind::None, strings);
            node = self.child(0, lost);
        }
        node
    }

    fn functions_of(&mut self, id: LocationId, strings: &mut Strings) -> Vec<FunctionNumber> {
        let profile = self.profile;
        let stack = [id];
        let mut functions: Vec<FunctionNumber> = profile
            .frames(&stack)
            .map(|frame| {
                let kind = if frame.runtime {
                    Kind::Runtime
                } else {
                    self.kind(&frame.function)
                };
                self.function(&frame.function, frame.file, kind, strings)
            })
            .collect();
        functions.reverse();
        functions
    }

    fn function(
        &mut self,
        name: &str,
        file: &str,
        kind: Kind,
        strings: &mut Strings,
    ) -> FunctionNumber {
        let name = if name.trim().is_empty() {
            "[unnamed]"
        } else {
            name
        };
        let name = strings.index(name.to_owned());
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.functions.name.len() as FunctionNumber;
        self.functions.name.push(name);
        self.functions.file.push(strings.index(file.to_owned()));
        self.functions.kind.push(kind as u8);
        self.numbers.insert(name, number);
        number
    }

    /// Whose code a function is that is not the runtime's.
    fn kind(&self, function: &str) -> Kind {
        let profile = self.profile;
        let Some(package) = profile.package(function) else {
            return Kind::None;
        };
        match profile.module(function) {
            Some(module) if module == STANDARD_LIBRARY => Kind::Standard,
            module if module.is_some() && module == self.own_module => Kind::Own,
            // Not every file says what it is built of.
            None if package == "main" => Kind::Own,
            _ => Kind::Other,
        }
    }

    fn child(&mut self, parent: u32, function: FunctionNumber) -> u32 {
        let nodes = &mut self.nodes;
        *self.children.entry((parent, function)).or_insert_with(|| {
            let node = nodes.len() as u32;
            nodes.up.push(node - parent);
            nodes.function.push(function);
            node
        })
    }
}

/// Whose code a function is; the numbers are those of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Own = 0,
    Other = 1,
    Standard = 2,
    Runtime = 3,
    None = 4,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Target, fixture};

    #[test]
    fn chains_share_their_outer_frames() {
        let profile = fixture::service();
        let mut strings = Strings::default();
        let flame = Flame::of(&profile, &mut strings);
        let strings = strings.items;
        let path = |sample: usize| {
            let mut names = Vec::new();
            let mut node = flame.places[sample].unwrap().node;
            while let Some(parent) = flame.nodes.parent(node) {
                let function = flame.nodes.function[node as usize - 1];
                let name = flame.functions.name[function as usize];
                names.push(strings[name as usize].as_str());
                node = parent;
            }
            names
        };
        assert_eq!(
            path(0)[..3],
            ["runtime.newobject", "main.newOrder", "main.(*Shop).Place"]
        );
        assert_eq!(path(8), [LOST_STACK]);
        assert_eq!(flame.places[1], flame.places[2], "sizes are not told apart");
        assert_eq!(flame.places[9], None, "calls have no memory");
    }

    #[test]
    fn code_is_the_program_s_own_or_whose() {
        let mut profile = fixture::service();
        let file = "code.go";
        let names = [
            "main.main",
            "example.com/shop/order.New",
            "example.com/shopping.New",
            "net/http.(*conn).serve",
            "malloc",
            "runtime.mallocgc",
        ];
        let mut b = fixture::Builder::default();
        let stack = b.stack(
            &names
                .map(|name| [(name, file, 1)])
                .each_ref()
                .map(|it| it.as_slice()),
        );
        b.objects(stack, ("", ""), 16, 1);
        let target = std::mem::take(&mut profile.target);
        profile = b.finish();
        profile.target = target;
        let kinds = |profile: &Profile| {
            let mut kinds = Flame::of(profile, &mut Strings::default()).functions.kind;
            kinds.reverse();
            kinds
        };
        assert_eq!(kinds(&profile), [0, 0, 1, 2, 4, 3]);
        profile.target = Target::default();
        assert_eq!(
            kinds(&profile),
            [0, 1, 1, 2, 4, 3],
            "nothing is known of modules"
        );
    }
}
