//! Raw counts become samples.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, StackId, flags};

use super::stacks::{ResolvedStack, Stacks};
use super::types::Types;
use crate::addr::LoadBias;
use crate::cause::{self, TypeArg};
use crate::collect::RawRecording;
use crate::golang::{GoBinary, MallocRules, RuntimeType};
use crate::plan::{Counts, Plan, Probe};
use crate::profile::{Function, Labels, Location, LocationId, Losses, Sample, Values};

/// Bytes of the block that tiny objects share (`maxTinySize`, go1.24
/// src/runtime/malloc.go:127).
const TINY_BLOCK_BYTES: u64 = 16;

/// The part of a profile that comes from the recording itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// What was seen.
    pub samples: Vec<Sample>,
    /// Where.
    pub locations: Vec<Location>,
    /// In which functions.
    pub functions: Vec<Function>,
    /// What is missing.
    pub losses: Losses,
    /// Processes that contributed, ascending.
    pub pids: Vec<u32>,
}

/// Resolves a whole recording.
#[must_use]
pub fn resolve(raw: &RawRecording, binary: &GoBinary, plan: &Plan) -> Resolved {
    let mut stacks = Stacks::new(binary, plan);
    let mut types = Types::new(binary, &raw.runtime_types);
    let mut resolved: HashMap<StackId, ResolvedStack> = HashMap::new();
    for (id, stack) in &raw.stacks {
        resolved.insert(*id, stacks.resolve(stack));
    }
    let biases: HashMap<u32, LoadBias> = raw
        .stacks
        .iter()
        .filter_map(|(id, stack)| Some((stack.pid, resolved.get(id)?.bias)))
        .collect();

    let mut pids: Vec<u32> = raw.counts.keys().map(|key| key.pid).collect();
    pids.sort_unstable();
    pids.dedup();

    let build_info = binary.build_info();
    let rules = MallocRules::new(binary.version(), &build_info.experiments());
    let mut losses = raw.losses();
    let mut samples: HashMap<(Vec<LocationId>, Labels), Values> = HashMap::new();
    for (key, &count) in &raw.counts {
        let Some(probe) = plan.probes.get(usize::from(key.probe)) else {
            losses.events += count;
            continue;
        };
        let lost = ResolvedStack {
            bias: biases.get(&key.pid).copied().unwrap_or_default(),
            ..ResolvedStack::default()
        };
        let stack = resolved.get(&key.stack).unwrap_or(&lost);
        if stack.broken && key.flags & (flags::CUT_AT_DEPTH | flags::CUT_AT_READ) == 0 {
            losses.stacks_cut += count;
        }
        let of_type = types.get(key.pid, key.type_addr, stack.bias);
        let mut labels = labels(key, probe, stack, of_type);
        labels.pid = (pids.len() > 1).then_some(key.pid);
        *samples
            .entry((stack.locations.clone(), labels))
            .or_default() += values(key, count, probe, of_type, rules);
    }
    Resolved {
        samples: in_order(samples),
        locations: stacks.locations,
        functions: stacks.functions,
        losses,
        pids,
    }
}

/// Sorted, so that one recording gives one file.
fn in_order(samples: HashMap<(Vec<LocationId>, Labels), Values>) -> Vec<Sample> {
    let mut samples: Vec<_> = samples
        .into_iter()
        .map(|((stack, labels), values)| Sample {
            stack,
            values,
            labels,
            parts: Vec::new(),
        })
        .collect();
    samples.sort_by(|a, b| {
        let key = |sample: &Sample| {
            (
                std::cmp::Reverse(sample.values.bytes),
                std::cmp::Reverse(sample.values.objects),
                sample.labels.size_bytes,
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.stack.cmp(&b.stack))
            .then_with(|| a.labels.type_name.cmp(&b.labels.type_name))
            .then_with(|| a.labels.pid.cmp(&b.labels.pid))
    });
    samples
}

fn labels(
    key: &CountKey,
    probe: &Probe,
    stack: &ResolvedStack,
    of_type: Option<&RuntimeType>,
) -> Labels {
    match probe.counts {
        Counts::Calls => Labels {
            type_name: of_type.map(|known| known.name.clone()),
            call: Some(probe.function.clone()),
            ..Labels::default()
        },
        Counts::Objects => {
            let names: Vec<&str> = stack.runtime_names.iter().map(String::as_str).collect();
            let type_name = type_label(key, &names, of_type, stack);
            let type_arg = TypeArg::new(key.type_addr, of_type.map(|known| known.name.as_str()));
            let cause = cause::cause_of(&names, type_arg, key.size_bytes);
            Labels {
                cause: (!stack.locations.is_empty()).then(|| cause.to_string()),
                type_name,
                size_bytes: Some(key.size_bytes),
                ..Labels::default()
            }
        }
    }
}

/// The type a reader of source code would name: the runtime hands over the
/// element type where it allocates many of it, and none for some of its own.
fn type_label(
    key: &CountKey,
    runtime_names: &[&str],
    of_type: Option<&RuntimeType>,
    stack: &ResolvedStack,
) -> Option<String> {
    match of_type {
        Some(known) if cause::is_slice_like(runtime_names) => Some(format!("[]{}", known.name)),
        Some(known) if known.size_bytes > 0 && key.size_bytes > known.size_bytes => {
            Some(format!("[]{}", known.name))
        }
        Some(known) => Some(known.name.clone()),
        None => cause::implied_type(runtime_names)
            .map(str::to_owned)
            .or_else(|| Some(format!("[]{}", stack.element_type.as_ref()?))),
    }
}

fn values(
    key: &CountKey,
    count: u64,
    probe: &Probe,
    of_type: Option<&RuntimeType>,
    rules: MallocRules,
) -> Values {
    match probe.counts {
        Counts::Calls => Values {
            calls: count,
            ..Values::default()
        },
        Counts::Objects => Values {
            objects: count,
            bytes: count.saturating_mul(key.size_bytes),
            heap_bytes: count.saturating_mul(heap_bytes(key, probe, of_type, rules)),
            calls: 0,
        },
    }
}

/// Heap set aside for one object: tiny ones share blocks, each charged to the
/// object that opens it.
fn heap_bytes(
    key: &CountKey,
    probe: &Probe,
    of_type: Option<&RuntimeType>,
    rules: MallocRules,
) -> u64 {
    if key.flags & flags::TINY != 0 {
        return if key.flags & flags::TINY_OPENS_BLOCK != 0 {
            TINY_BLOCK_BYTES
        } else {
            0
        };
    }
    let noscan = key.flags & flags::NOSCAN != 0
        || match of_type {
            Some(known) => known.ptr_bytes == 0,
            None => key.type_addr == 0 || is_noscan(probe),
        };
    rules.heap_bytes(key.size_bytes, noscan)
}

/// Whether all objects that a probe sees hold no pointers, by the names of the
/// leaves it stands for: `mallocgcSmallNoscan`, `mallocgcSmallNoScanSC4`.
fn is_noscan(probe: &Probe) -> bool {
    probe
        .leaves
        .iter()
        .all(|leaf| leaf.contains("Noscan") || leaf.contains("NoScan") || leaf.contains("Tiny"))
}
