//! Which function called which, and what was allocated on the way.

use std::collections::HashMap;

use super::Value;
use super::table::FrameTable;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Profile, Sample};

/// A call graph of the functions that matter.
pub(super) struct CallGraph {
    /// Functions, most flat weight first.
    pub nodes: Vec<Node>,
    /// Calls between them, most weight first.
    pub edges: Vec<Edge>,
    /// Sum over all samples.
    pub total: u64,
    /// Functions and calls that weigh too little to be in it.
    pub dropped: (usize, usize),
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name.
    pub name: String,
    /// Weight of samples whose innermost frame it is.
    pub flat: u64,
    /// Weight of samples that have it anywhere, each once.
    pub cumulative: u64,
}

/// Calls of a function by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Index of the caller.
    pub caller: usize,
    /// Index of the called function.
    pub callee: usize,
    /// Weight of samples that have the call anywhere, each once.
    pub weight: u64,
    /// Whether there are functions in between, which weigh too little to be shown, in
    /// any of them.
    pub indirect: bool,
}

/// What is shown at least, as shares of the total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of a function's cumulative weight.
    pub node_share: f64,
    /// Of a call's weight.
    pub edge_share: f64,
}

impl CallGraph {
    pub fn of(profile: &Profile, value: Value, limits: Limits) -> Self {
        let mut names = Names::default();
        let lost = names.id(LOST_STACK.to_owned());
        let table = FrameTable::new(profile, |id| {
            let frames = profile.frames(std::slice::from_ref(id));
            let ids: Vec<u32> = frames
                .map(|frame| names.id(frame.function.into_owned()))
                .collect();
            ids
        });
        let walk = Walk {
            profile,
            value,
            table,
            lost,
        };
        let mut nodes = walk.nodes(names.names);
        let total = walk.samples().fold(0_u64, |sum, sample| {
            sum.saturating_add(value.of(sample.values))
        });
        let least = |share: f64| ((total as f64 * share).ceil() as u64).max(1);
        let functions = nodes.iter().filter(|node| node.cumulative > 0).count();
        let shown: Vec<bool> = nodes
            .iter()
            .map(|node| node.cumulative >= least(limits.node_share))
            .collect();
        let mut edges = walk.edges(&shown);
        let calls = edges.len();
        edges.retain(|edge| edge.weight >= least(limits.edge_share));
        let dropped_calls = calls - edges.len();
        let order = in_order(&nodes, &shown);
        let mut rank = vec![0; nodes.len()];
        for (at, id) in order.iter().enumerate() {
            rank[*id] = at;
        }
        for edge in &mut edges {
            edge.caller = rank[edge.caller];
            edge.callee = rank[edge.callee];
        }
        edges.sort_by_key(|edge| (std::cmp::Reverse(edge.weight), edge.caller, edge.callee));
        let nodes: Vec<Node> = order
            .iter()
            .map(|id| std::mem::take(&mut nodes[*id]))
            .collect();
        Self {
            dropped: (functions - nodes.len(), dropped_calls),
            nodes,
            edges,
            total,
        }
    }
}

/// The nodes that are shown: most flat weight first, then most cumulative, then by name.
fn in_order(nodes: &[Node], shown: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).filter(|id| shown[*id]).collect();
    order.sort_by(|a, b| {
        let key = |id: usize| {
            let node = &nodes[id];
            (
                std::cmp::Reverse((node.flat, node.cumulative)),
                node.name.as_str(),
            )
        };
        key(*a).cmp(&key(*b))
    });
    order
}

/// Goes through the samples, function by function.
struct Walk<'a> {
    profile: &'a Profile,
    value: Value,
    /// Functions of each location, innermost first.
    table: FrameTable<u32>,
    lost: u32,
}

impl Walk<'_> {
    fn samples(&self) -> impl Iterator<Item = &Sample> {
        let samples = self.profile.samples.iter();
        samples.filter(|sample| self.value.of(sample.values) > 0)
    }

    /// Puts the functions of a sample into `stack`, innermost first.
    fn stack(&self, sample: &Sample, stack: &mut Vec<u32>) {
        stack.clear();
        for id in &sample.stack {
            stack.extend_from_slice(self.table.of(*id));
        }
        if stack.is_empty() {
            stack.push(self.lost);
        }
    }

    fn nodes(&self, names: Vec<String>) -> Vec<Node> {
        let mut nodes: Vec<Node> = names
            .into_iter()
            .map(|name| Node {
                name,
                ..Node::default()
            })
            .collect();
        // The last sample that each function was seen in.
        let mut seen = vec![usize::MAX; nodes.len()];
        let mut stack = Vec::new();
        for (index, sample) in self.samples().enumerate() {
            let weight = self.value.of(sample.values);
            self.stack(sample, &mut stack);
            for (depth, id) in stack.iter().enumerate() {
                let id = *id as usize;
                let node = &mut nodes[id];
                if depth == 0 {
                    node.flat = node.flat.saturating_add(weight);
                }
                if seen[id] != index {
                    seen[id] = index;
                    node.cumulative = node.cumulative.saturating_add(weight);
                }
            }
        }
        nodes
    }

    fn edges(&self, shown: &[bool]) -> Vec<Edge> {
        let mut edges: HashMap<(u32, u32), (Edge, usize)> = HashMap::new();
        let mut stack = Vec::new();
        for (index, sample) in self.samples().enumerate() {
            let weight = self.value.of(sample.values);
            self.stack(sample, &mut stack);
            let mut callee = None;
            let mut indirect = false;
            for id in &stack {
                if !shown[*id as usize] {
                    indirect |= callee.is_some();
                    continue;
                }
                if let Some(callee) = callee.filter(|callee| callee != id || !indirect) {
                    let (edge, last) = edges.entry((*id, callee)).or_insert_with(|| {
                        let edge = Edge {
                            caller: *id as usize,
                            callee: callee as usize,
                            weight: 0,
                            indirect: false,
                        };
                        (edge, usize::MAX)
                    });
                    edge.indirect |= indirect;
                    if *last != index {
                        *last = index;
                        edge.weight = edge.weight.saturating_add(weight);
                    }
                }
                callee = Some(*id);
                indirect = false;
            }
        }
        edges.into_values().map(|(edge, _)| edge).collect()
    }
}

/// Names with a number each.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Names {
    fn id(&mut self, name: String) -> u32 {
        if let Some(id) = self.ids.get(&name) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.clone());
        self.ids.insert(name, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture::{self, TestFrame};

    const ALL: Limits = Limits {
        node_share: 0.0,
        edge_share: 0.0,
    };

    fn graph(stacks: &[(&[&str], u64)], limits: Limits) -> CallGraph {
        let mut b = fixture::Builder::default();
        for (names, objects) in stacks {
            let frames: Vec<[TestFrame<'_>; 1]> =
                names.iter().map(|name| [(*name, "f.go", 1)]).collect();
            let frames: Vec<&[TestFrame<'_>]> = frames.iter().map(|it| it.as_slice()).collect();
            let stack = b.stack(&frames);
            b.objects(stack, ("T", "new"), 1, *objects);
        }
        CallGraph::of(&b.finish(), Value::Objects, limits)
    }

    fn edges(graph: &CallGraph) -> Vec<(&str, &str, u64, bool)> {
        let name = |id: usize| graph.nodes[id].name.as_str();
        let edge = |it: &Edge| (name(it.caller), name(it.callee), it.weight, it.indirect);
        graph.edges.iter().map(edge).collect()
    }

    #[test]
    fn recursion_counts_once() {
        let graph = graph(&[(&["m.f", "m.f", "m.g", "m.f", "m.main"], 5)], ALL);
        let weights: Vec<_> = graph
            .nodes
            .iter()
            .map(|it| (it.flat, it.cumulative))
            .collect();
        assert_eq!(weights, [(5, 5), (0, 5), (0, 5)]);
        let mut edges = edges(&graph);
        edges.sort_unstable();
        assert_eq!(
            edges,
            [
                ("m.f", "m.f", 5, false),
                ("m.f", "m.g", 5, false),
                ("m.g", "m.f", 5, false),
                ("m.main", "m.f", 5, false),
            ]
        );
    }

    #[test]
    fn what_weighs_little_is_dropped_and_bridged() {
        let limits = Limits {
            node_share: 0.5,
            edge_share: 0.5,
        };
        let graph = graph(
            &[
                (&["m.leaf", "m.rare", "m.main"], 3),
                (&["m.leaf", "m.other", "m.main"], 3),
                (&["m.small", "m.main"], 1),
            ],
            limits,
        );
        assert_eq!(edges(&graph), [("m.main", "m.leaf", 6, true)]);
        assert_eq!((graph.total, graph.dropped), (7, (3, 0)));
    }
}
