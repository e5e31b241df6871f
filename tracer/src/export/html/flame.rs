//! Call chains as a tree, and what was allocated at the end of each.

use std::collections::HashMap;

use serde::Serialize;

use super::strings::Strings;
use crate::export::Root;
use crate::profile::frame::package_of;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{LocationId, Profile, Sample, Values};

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
                type_name: strings.number(Root::Type.of(sample)),
                cause: strings.number(Root::Cause.of(sample)),
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
    numbers: HashMap<String, FunctionNumber>,
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
                    Kind::of(&frame.function, profile.target.main_path.as_deref())
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
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.functions.name.len() as FunctionNumber;
        self.functions.name.push(strings.number(name));
        self.functions.file.push(strings.number(file));
        self.functions.kind.push(kind as u8);
        self.numbers.insert(name.to_owned(), number);
        number
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

impl Kind {
    /// Of a function that is not the runtime's. Import paths whose first element has no
    /// dot are the standard library's, but for the program's own module.
    fn of(function: &str, main_path: Option<&str>) -> Self {
        let Some(package) = package_of(function) else {
            return Self::None;
        };
        let is_inside = |module: &str| {
            package
                .strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // The main package is often a folder or two below its module.
        let module = main_path.map(|path| path.split("/cmd/").next().unwrap_or(path));
        if package == "main" || module.is_some_and(is_inside) {
            Self::Own
        } else if package.split('/').next().is_some_and(|it| it.contains('.')) {
            Self::Other
        } else {
            Self::Standard
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn chains_share_their_outer_frames() {
        let profile = fixture::service();
        let mut strings = Strings::default();
        let flame = Flame::of(&profile, &mut strings);
        let strings = strings.into_list();
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
        let kind = |function| Kind::of(function, Some("example.com/shop/cmd/shop"));
        assert_eq!(kind("main.main"), Kind::Own);
        assert_eq!(kind("example.com/shop/order.New"), Kind::Own);
        assert_eq!(kind("example.com/shopping.New"), Kind::Other);
        assert_eq!(kind("net/http.(*conn).serve"), Kind::Standard);
        assert_eq!(kind("malloc"), Kind::None);
    }
}
