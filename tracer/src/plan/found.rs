//! What an executable holds of what a plan is about.

use std::collections::HashMap;

use super::binary::{Executable, FunctionSpan};
use super::hosts;
use super::leaves::{self, Leaf};
use super::program::Program;
use super::{ProbeSet, growth, maps, prologue, spans};

/// The function that takes a span for a large object: up to Go 1.23 the first
/// that sees large objects alone (go1.19 src/runtime/mcache.go:222).
pub(super) const ALLOC_LARGE: &str = "runtime.(*mcache).allocLarge";

/// Functions a plan may probe beside leaves, their hosts and counted calls.
const OTHERS: [&str; 3] = [ALLOC_LARGE, spans::REFILL, spans::NEXT_FREE];

/// What the executable holds of what a plan is about.
pub(super) struct Found {
    /// Leaves and functions whose calls count, with code of their own.
    pub(super) functions: Vec<FunctionSpan>,
    /// The leaves that count in this executable.
    pub(super) counted: Vec<Leaf>,
    /// Functions with counted leaves inlined that have to be counted there.
    pub(super) hosts: Vec<(FunctionSpan, Vec<Leaf>)>,
    /// Whether [`ALLOC_LARGE`] is inlined anywhere.
    pub(super) large_is_inlined: bool,
    /// The functions that [`spans::REFILL`] is inlined in.
    pub(super) refill_hosts: Vec<FunctionSpan>,
    /// Functions whose calls count and what they are inlined in.
    pub(super) inlined_calls: HashMap<String, Vec<String>>,
    pub(super) size_class_limit: Option<u16>,
}

impl Found {
    pub(super) fn in_executable(exe: &dyn Executable, set: ProbeSet) -> Self {
        let calls: Vec<&str> = set
            .maps
            .functions()
            .iter()
            .copied()
            .chain(growth::all_functions().filter(|_| set.growth))
            .collect();
        let functions = exe.functions(&|name| {
            Leaf::from_name(name).is_some() || calls.contains(&name) || OTHERS.contains(&name)
        });
        let leaf_names = Leaf::known_names();
        let names: Vec<&str> = leaf_names
            .iter()
            .map(String::as_str)
            .chain(calls.iter().copied())
            .chain(OTHERS)
            .collect();

        let mut mentioned: Vec<Leaf> = functions
            .iter()
            .filter_map(|function| Leaf::from_name(&function.name))
            .collect();
        let mut hosts = Vec::new();
        let mut inlined_calls: HashMap<String, Vec<String>> = HashMap::new();
        let mut large_is_inlined = false;
        let mut refill_hosts = Vec::new();
        for (host, inlined) in exe.hosts_of(&names) {
            let leaves: Vec<Leaf> = inlined
                .iter()
                .filter_map(|name| Leaf::from_name(name))
                .collect();
            mentioned.extend(&leaves);
            large_is_inlined |= inlined.iter().any(|name| name == ALLOC_LARGE);
            if inlined.iter().any(|name| name == spans::REFILL) {
                refill_hosts.push(host.clone());
            }
            for name in inlined
                .into_iter()
                .filter(|name| calls.contains(&name.as_str()))
            {
                inlined_calls
                    .entry(name)
                    .or_default()
                    .push(host.name.clone());
            }
            hosts.push((host, leaves));
        }
        let counted = leaves::counted(&mentioned);
        hosts.retain_mut(|(host, leaves)| {
            leaves.retain(|leaf| counted.contains(leaf));
            leaves.sort_unstable();
            leaves.dedup();
            !leaves.is_empty() && !hosts::is_counted_itself(&host.name, &counted)
        });
        let size_class_limit = leaves::size_class_limit(counted.iter().copied());
        Self {
            functions,
            counted,
            hosts,
            large_is_inlined,
            refill_hosts,
            inlined_calls,
            size_class_limit,
        }
    }

    pub(super) fn function(&self, name: &str) -> Option<&FunctionSpan> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The functions whose calls are to count, and the program for each.
    pub(super) fn calls(&self, set: ProbeSet, by_parts: bool) -> Vec<(&'static str, Program)> {
        let maps = set.maps.functions().iter();
        let mut calls: Vec<_> = maps.map(|&name| (name, maps::program_of(name))).collect();
        if set.growth {
            let has =
                |name: &str| self.function(name).is_some() || self.inlined_calls.contains_key(name);
            let growth = growth::functions(by_parts, has).into_iter();
            calls.extend(growth.map(|(name, grower)| (name, Program::Growth(grower))));
        }
        calls
    }

    /// A way to allocate that a host calls beside the leaves inlined in it, and
    /// by which the same objects would pass another probe.
    pub(super) fn other_way<'a>(
        &'a self,
        host: &FunctionSpan,
        inlined: &[Leaf],
        code: &[u8],
    ) -> Option<&'a str> {
        let leads_to_leaf = |function: &&FunctionSpan| match Leaf::from_name(&function.name) {
            Some(leaf) => leaf == Leaf::Mallocgc || inlined.contains(&leaf),
            None => false,
        };
        let ways: Vec<&FunctionSpan> = self
            .functions
            .iter()
            .filter(leads_to_leaf)
            .chain(self.hosts.iter().map(|(host, _)| host))
            .filter(|function| function.entry != host.entry)
            .collect();
        prologue::call_targets(code, host.entry)
            .find_map(|target| ways.iter().find(|way| way.entry == target))
            .map(|way| way.name.as_str())
    }
}
