//! From what a tracing has to the profile of its target.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, MAX_FRAMES, StackId};

use super::engine::Finished;
use super::prepare::Prepared;
use crate::addr::ProcAddr;
use crate::collect::{CycleCut, RawRecording, RuntimeTypeBytes, Stack};
use crate::gc::{self, Counted, Cycle, Cycles, SiteId};
use crate::golang::BuildInfo;
use crate::plan::Counts;
use crate::profile::{Coverage, Method, Module, Profile, Sample, Target};
use crate::report::By;
use crate::symbolize::{KeyObject, Resolved, Resolver};

/// Assembles the recording of one target, once or as it stands from time to time.
pub(super) struct Assembler<'a> {
    prepared: &'a Prepared,
    resolver: Resolver<'a>,
    /// All stacks and types so far.
    stacks: HashMap<StackId, Stack>,
    runtime_types: HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
}

impl<'a> Assembler<'a> {
    pub fn new(prepared: &'a Prepared) -> Self {
        Self {
            prepared,
            resolver: Resolver::new(&prepared.binary, &prepared.plan),
            stacks: HashMap::new(),
            runtime_types: HashMap::new(),
        }
    }

    /// Resolves the counts and says what they are of, and by which garbage collections
    /// they are, where they were cut at those.
    pub fn assemble(&mut self, mut finished: Finished) -> (Profile, Option<Cycles>) {
        let raw = &mut finished.raw;
        self.stacks.extend(raw.stacks.drain());
        self.runtime_types.extend(raw.runtime_types.drain());
        raw.stacks = std::mem::take(&mut self.stacks);
        raw.runtime_types = std::mem::take(&mut self.runtime_types);
        let resolved = self.resolver.resolve(raw);
        self.stacks = std::mem::take(&mut raw.stacks);
        self.runtime_types = std::mem::take(&mut raw.runtime_types);
        profile(self.prepared, &finished, resolved)
    }
}

/// What was resolved, and what it is of.
fn profile(
    prepared: &Prepared,
    finished: &Finished,
    resolved: Resolved,
) -> (Profile, Option<Cycles>) {
    let raw = &finished.raw;
    let recorded_ns = nanoseconds(finished.recorded);
    let build_info = prepared.binary.build_info();
    let with_spans = prepared
        .plan
        .probes
        .iter()
        .any(|probe| probe.counts == Counts::Spans);
    let method = match (raw.sampled, with_spans) {
        (_, true) => Method::Spans,
        (true, false) => Method::Windows,
        (false, false) => Method::All,
    };
    let objects_counted = raw
        .counts
        .iter()
        .filter(|(key, _)| {
            let probe = prepared.plan.probes.get(usize::from(key.probe));
            probe.is_some_and(|probe| probe.counts != Counts::Calls)
        })
        .map(|(_, tally)| tally.counted)
        .sum();
    let mut warnings = prepared.plan.warnings.clone();
    if raw.sampled && raw.runtime.is_none() {
        warnings.push(
            "totals are estimates: the runtime's own counters could not be read, windows are \
             scaled by time"
                .to_owned(),
        );
    }
    if finished.most_frames < MAX_FRAMES as u64 {
        warnings.push(format!(
            "more distinct call chains than there is room for: in the end the innermost {} \
             frames were kept of each",
            finished.most_frames
        ));
    }
    let pids = match prepared.pid() {
        Some(pid) => vec![pid],
        None => resolved.pids,
    };
    let profile = Profile {
        target: Target {
            pids,
            exe: prepared.exe_name.clone(),
            args: prepared.args.clone(),
            go_version: prepared.binary.version().to_string(),
            main_path: build_info.main_path.clone(),
            build_id: prepared.binary.build_id(),
            modules: modules(build_info),
        },
        coverage: Coverage {
            method,
            traced_ns: match method {
                Method::All => recorded_ns,
                _ => nanoseconds(finished.traced),
            },
            recorded_ns,
            windows: finished.windows,
            objects_counted,
            objects_runtime: raw.runtime.as_ref().map(|counters| counters.mallocs()),
        },
        start_unix_ns: 0,
        duration_ns: recorded_ns,
        losses: resolved.losses,
        warnings,
        functions: resolved.functions,
        locations: resolved.locations,
        samples: resolved.samples,
        left_out: None,
        strata: resolved.strata,
        timeline: None,
    };
    let cycles = (!raw.cycles.is_empty()).then(|| cycles(&profile, raw, &resolved.objects));
    (profile, cycles)
}

fn modules(build_info: &BuildInfo) -> Vec<Module> {
    let modules = build_info.modules.iter().map(|built| Module {
        path: built.path.clone(),
        version: built.version.clone(),
    });
    modules.collect()
}

/// What each cycle has of each site.
fn cycles(profile: &Profile, raw: &RawRecording, objects: &HashMap<CountKey, KeyObject>) -> Cycles {
    let traced = match (raw.sampled, raw.large_is_exact) {
        (false, _) => gc::Traced::All,
        (true, true) => gc::Traced::SmallInWindows,
        (true, false) => gc::Traced::InWindows,
    };
    let mut sites = Sites {
        profile,
        objects,
        of_key: HashMap::new(),
        ids: HashMap::new(),
        names: Vec::new(),
    };
    let cycles: Vec<Cycle> = raw
        .cycles
        .iter()
        .map(|cut| {
            let counted = sites.counted(cut);
            cycle(cut, &counted, traced)
        })
        .collect();
    Cycles {
        cycles,
        sites: sites.names,
        without_sites: raw.cycles.iter().filter(|cut| !cut.is_whole).count(),
    }
}

fn cycle(cut: &CycleCut, counted: &[Counted], traced: gc::Traced) -> Cycle {
    // Without its counts nothing of it was seen.
    let traced = match cut.is_whole {
        true => traced,
        false => gc::Traced::InWindows,
    };
    let (sites, unseen_bytes) = gc::share_out(counted, &cut.allocated, traced);
    Cycle {
        number: cut.number,
        collections: cut.collections,
        forced: cut.forced,
        ended_ns: nanoseconds(cut.at),
        late_ns: nanoseconds(cut.within),
        objects: cut.allocated.mallocs(),
        bytes: cut.allocated.total_alloc_bytes(),
        sites,
        unseen_bytes,
    }
}

/// The sites of keys, each named once.
struct Sites<'a> {
    profile: &'a Profile,
    objects: &'a HashMap<CountKey, KeyObject>,
    of_key: HashMap<CountKey, SiteId>,
    ids: HashMap<String, SiteId>,
    names: Vec<String>,
}

impl Sites<'_> {
    fn counted(&mut self, cut: &CycleCut) -> Vec<Counted> {
        let mut counted = Vec::new();
        for (key, count) in &cut.counts {
            // Only what was dropped for want of room is missing, and is told as lost.
            let Some(object) = self.objects.get(key) else {
                continue;
            };
            counted.push(Counted {
                site: self.site(key, object),
                heap_bytes: object.heap_bytes.saturating_mul(*count),
                is_large: object.is_large,
            });
        }
        counted
    }

    fn site(&mut self, key: &CountKey, object: &KeyObject) -> SiteId {
        if let Some(id) = self.of_key.get(key) {
            return *id;
        }
        let sample = Sample {
            stack: object.stack.clone(),
            ..Sample::default()
        };
        let name = By::Site.key(self.profile, &sample);
        let next = SiteId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(name.clone()).or_insert(next);
        if id == next {
            self.names.push(name);
        }
        self.of_key.insert(*key, id);
        id
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
