//! Raw counts become samples.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, StackId, flags};

use super::growth;
use super::stacks::{ResolvedStack, Stacks, TypeLabel};
use super::types::Types;
use crate::addr::LoadBias;
use crate::cause::{self, TypeArg};
use crate::collect::{RawRecording, Tally};
use crate::estimate::{Entry, StratumId, share_out};
use crate::golang::{GoBinary, MallocRules, RuntimeType};
use crate::plan::{Counts, Plan, Probe};
use crate::profile::timeline::NOT_SEEN;
use crate::profile::{
    Draw, Function, Labels, Location, LocationId, Losses, Part, Sample, Stratum, Values,
};

/// Bytes of the block that tiny objects share (`maxTinySize`, go1.24
/// src/runtime/malloc.go:127).
const TINY_BLOCK_BYTES: u64 = 16;

/// The part of a profile that comes from the recording itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// What was seen.
    pub samples: Vec<Sample>,
    /// What they are estimated from; empty when everything was traced.
    pub strata: Vec<Stratum>,
    /// Where.
    pub locations: Vec<Location>,
    /// In which functions.
    pub functions: Vec<Function>,
    /// What is missing.
    pub losses: Losses,
    /// Processes that contributed, ascending.
    pub pids: Vec<u32>,
    /// What an object of each key is; only where the recording is in pieces.
    pub objects: HashMap<CountKey, KeyObject>,
}

/// What an object of a key is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyObject {
    /// Where it was made, innermost first.
    pub stack: Vec<LocationId>,
    /// Heap set aside for it; none for a call.
    pub heap_bytes: u64,
    /// Whether it is too large for a size class.
    pub is_large: bool,
    /// Whether it is none but a counted call.
    pub is_call: bool,
}

/// Resolves recordings of one binary: a whole one, or one as it stands from time to
/// time. A stack is resolved once.
pub struct Resolver<'a> {
    binary: &'a GoBinary,
    plan: &'a Plan,
    stacks: Stacks<'a>,
    types: Types<'a>,
    resolved: HashMap<StackId, ResolvedStack>,
    /// What the loader added in each process.
    biases: HashMap<u32, LoadBias>,
}

impl<'a> Resolver<'a> {
    /// For recordings by this plan.
    #[must_use]
    pub fn new(binary: &'a GoBinary, plan: &'a Plan) -> Self {
        Self {
            binary,
            plan,
            stacks: Stacks::new(binary, plan),
            types: Types::new(binary),
            resolved: HashMap::new(),
            biases: HashMap::new(),
        }
    }

    /// Resolves a recording, which holds all stacks and types there are so far.
    pub fn resolve(&mut self, raw: &RawRecording) -> Resolved {
        self.resolve_stacks(raw);
        self.types.forget_unknown();

        let mut pids: Vec<u32> = raw.counts.keys().map(|key| key.pid).collect();
        pids.sort_unstable();
        pids.dedup();

        let rules = self.binary.malloc_rules();
        let mut losses = raw.losses();
        let mut rows = Vec::new();
        let mut objects = HashMap::new();
        for (key, tally) in &raw.counts {
            let Some(probe) = self.plan.probes.get(usize::from(key.probe)) else {
                losses.events += tally.counted;
                continue;
            };
            let lost = ResolvedStack {
                bias: self.biases.get(&key.pid).copied().unwrap_or_default(),
                ..ResolvedStack::default()
            };
            let stack = self.resolved.get(&key.stack).unwrap_or(&lost);
            if stack.broken && key.flags & (flags::CUT_AT_DEPTH | flags::CUT_AT_READ) == 0 {
                losses.stacks_cut += tally.counted;
            }
            let made = &raw.runtime_types;
            let of_type = self.types.get(made, key.pid, key.type_addr, stack.bias);
            let mut labels = labels(key, probe, stack, of_type);
            labels.pid = (pids.len() > 1).then_some(key.pid);
            let object = object(key, probe, of_type, rules);
            if let Some(grower) = probe.program.grower() {
                growth::label(&mut labels, grower, key.size_bytes, of_type, rules);
            }
            if !raw.pieces.cuts.is_empty() {
                let object = KeyObject {
                    stack: stack.locations.clone(),
                    heap_bytes: object.heap_bytes,
                    is_large: object.stratum == StratumId::Large,
                    is_call: object.stratum == StratumId::Calls,
                };
                objects.insert(*key, object);
            }
            rows.push(Row {
                stack: stack.locations.clone(),
                labels,
                object,
                tally,
            });
        }
        let (samples, strata) = add_up(raw, self.plan, rows, &mut self.stacks);
        Resolved {
            samples: in_order(samples),
            strata,
            locations: self.stacks.locations.clone(),
            functions: self.stacks.functions.clone(),
            losses,
            pids,
            objects,
        }
    }

    /// Those that are new.
    fn resolve_stacks(&mut self, raw: &RawRecording) {
        for (id, stack) in &raw.stacks {
            if self.resolved.contains_key(id) {
                continue;
            }
            let resolved = self.stacks.resolve(stack);
            self.biases.insert(stack.pid, resolved.bias);
            self.resolved.insert(*id, resolved);
        }
    }
}

/// What one key says, resolved.
struct Row<'a> {
    stack: Vec<LocationId>,
    labels: Labels,
    object: Object,
    tally: &'a Tally,
}

/// An object of a key, or a call.
#[derive(Clone, Copy)]
struct Object {
    stratum: StratumId,
    size_bytes: u64,
    heap_bytes: u64,
}

type Samples = HashMap<(Vec<LocationId>, Labels), (Values, Vec<Part>)>;

/// Estimates each row, adds up rows that differ in nothing a reader sees, and
/// names what no window saw.
fn add_up(
    raw: &RawRecording,
    plan: &Plan,
    rows: Vec<Row<'_>>,
    stacks: &mut Stacks<'_>,
) -> (Samples, Vec<Stratum>) {
    let mut samples = Samples::new();
    if !raw.sampled {
        for row in rows {
            let values = row.object.times(row.tally.counted);
            samples.entry((row.stack, row.labels)).or_default().0 += values;
        }
        return (samples, Vec::new());
    }
    let entries: Vec<Entry> = rows
        .iter()
        .map(|row| Entry {
            stratum: row.object.stratum,
            counted: row.tally.counted,
            drawn: row.tally.drawn_objects(),
        })
        .collect();
    let with_spans = plan
        .probes
        .iter()
        .any(|probe| probe.counts == Counts::Spans);
    let exact = raw.large_is_exact.then_some(StratumId::Large);
    let shares = share_out(&entries, raw.runtime.as_ref(), with_spans, exact);
    let index_of = |id: StratumId| {
        let index = shares.strata.iter().position(|(known, _)| *known == id);
        index.and_then(|index| u16::try_from(index).ok())
    };
    for (row, &objects) in rows.into_iter().zip(&shares.objects) {
        let (values, parts) = samples.entry((row.stack, row.labels)).or_default();
        *values += row.object.times(objects);
        if let Some(stratum) = index_of(row.object.stratum) {
            add_part(parts, stratum, row.tally);
        }
    }
    for &(id, objects) in &shares.unseen {
        let size_bytes = id.slot_bytes();
        let labels = Labels {
            size_bytes: Some(size_bytes),
            ..Labels::default()
        };
        let object = Object {
            stratum: id,
            size_bytes,
            heap_bytes: size_bytes,
        };
        let marker = stacks.marker(NOT_SEEN);
        let (values, _) = samples.entry((vec![marker], labels)).or_default();
        *values += object.times(objects);
    }
    let strata = shares
        .strata
        .into_iter()
        .map(|(_, stratum)| stratum)
        .collect();
    (samples, strata)
}

/// Adds what a key drew to the part of its sample in that stratum.
fn add_part(parts: &mut Vec<Part>, stratum: u16, tally: &Tally) {
    let at = parts.iter().position(|part| part.stratum == stratum);
    let at = at.unwrap_or_else(|| {
        parts.push(Part {
            stratum,
            ..Part::default()
        });
        parts.len() - 1
    });
    let part = &mut parts[at];
    part.counted += tally.counted;
    for &(group, objects) in &tally.drawn {
        let objects = objects as f32;
        match part.draws.binary_search_by_key(&group, |draw| draw.group) {
            Ok(at) => part.draws[at].objects += objects,
            Err(at) => part.draws.insert(at, Draw { group, objects }),
        }
    }
}

impl Object {
    fn times(&self, objects: u64) -> Values {
        if self.stratum == StratumId::Calls {
            return Values {
                calls: objects,
                ..Values::default()
            };
        }
        Values {
            objects,
            bytes: objects.saturating_mul(self.size_bytes),
            heap_bytes: objects.saturating_mul(self.heap_bytes),
            calls: 0,
        }
    }
}

/// Sorted, so that one recording gives one file.
fn in_order(samples: Samples) -> Vec<Sample> {
    let mut samples: Vec<_> = samples
        .into_iter()
        .map(|((stack, labels), (values, parts))| Sample {
            stack,
            values,
            labels,
            parts,
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
            .then_with(|| a.labels.growth.cmp(&b.labels.growth))
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
            type_name: of_type.map(|known| known.name.as_str().into()),
            call: Some(probe.function.as_str().into()),
            ..Labels::default()
        },
        Counts::Objects | Counts::Spans => {
            let size_bytes = match probe.counts {
                Counts::Spans => StratumId::of_span_class(key.size_bytes).slot_bytes(),
                _ => key.size_bytes,
            };
            // Below malloc there is nothing a cause could be read from.
            let below_malloc =
                |name: &&str| probe.is_below_malloc() && !name.starts_with("runtime.mallocgc");
            let names: Vec<&str> = stack
                .runtime_names
                .iter()
                .map(String::as_str)
                .skip_while(below_malloc)
                .collect();
            let of = type_label(key, &names, of_type, stack);
            let type_arg = TypeArg::new(key.type_addr, of_type.map(|known| known.name.as_str()));
            let cause = cause::cause_of(&names, type_arg, size_bytes);
            Labels {
                cause: (!stack.locations.is_empty()).then(|| cause.name().into()),
                element_bytes: of.as_ref().and_then(|it| it.element_bytes),
                type_name: of.map(|it| it.name.into()),
                size_bytes: Some(size_bytes),
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
) -> Option<TypeLabel> {
    match of_type {
        Some(known) if cause::is_slice_like(runtime_names) => Some(TypeLabel::many(known)),
        Some(known) if known.size_bytes > 0 && key.size_bytes > known.size_bytes => {
            Some(TypeLabel::many(known))
        }
        Some(known) => Some(TypeLabel::one(&known.name)),
        None => cause::implied_type(runtime_names)
            .map(TypeLabel::one)
            .or_else(|| stack.passed_type.clone()),
    }
}

/// What an event of this key is: in which stratum, and how many bytes.
fn object(
    key: &CountKey,
    probe: &Probe,
    of_type: Option<&RuntimeType>,
    rules: MallocRules,
) -> Object {
    match probe.counts {
        Counts::Calls => Object {
            stratum: StratumId::Calls,
            size_bytes: 0,
            heap_bytes: 0,
        },
        Counts::Spans => {
            let stratum = StratumId::of_span_class(key.size_bytes);
            Object {
                stratum,
                size_bytes: stratum.slot_bytes(),
                heap_bytes: stratum.slot_bytes(),
            }
        }
        Counts::Objects => {
            let heap_bytes = heap_bytes(key, probe, of_type, rules);
            let is_large = key.size_bytes > u64::from(rules.largest_small_bytes());
            Object {
                stratum: match is_large {
                    true => StratumId::Large,
                    false => StratumId::of_heap_bytes(heap_bytes),
                },
                size_bytes: key.size_bytes,
                heap_bytes,
            }
        }
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
