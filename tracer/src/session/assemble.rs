//! From what a tracing has to the profile of its target.

use std::collections::HashMap;

use tracer_ebpf::wire::{MAX_FRAMES, StackId};

use super::by_site::BySites;
use super::engine::Finished;
use super::prepare::Prepared;
use crate::addr::ProcAddr;
use crate::collect::{RuntimeTypeBytes, Stack};
use crate::gc::Cycles;
use crate::golang::BuildInfo;
use crate::plan::Counts;
use crate::profile::summary::seconds;
use crate::profile::{Coverage, Method, Module, Profile, Target};
use crate::symbolize::{Resolved, Resolver};

/// What a profile says that was to have a timeline.
const NO_TIMELINE: &str = "no timeline: what was allocated between windows is not known, because \
                           the runtime's counters could not be read";

/// Part of the recording at whose end the runtime's counters may have gone unread without
/// that being said: one in so many.
const MOST_UNREAD_PART: u64 = 100;

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
    let unread_ns = nanoseconds(finished.unread);
    if raw.sampled && raw.runtime.is_some() && unread_ns > recorded_ns / MOST_UNREAD_PART {
        warnings.push(format!(
            "the runtime's counters were last read {} before the end: what was allocated since \
             is missing from totals",
            seconds(unread_ns)
        ));
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
    let mut profile = Profile {
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
    if raw.pieces.cuts.is_empty() {
        return (profile, None);
    }
    let by_site = BySites::of(&profile, raw, &resolved.objects);
    match raw.pieces.interval {
        None => {
            let cycles = by_site.cycles();
            (profile, cycles)
        }
        Some(interval) => {
            let timeline = by_site.timeline(interval);
            if timeline.is_none() {
                profile.warnings.push(NO_TIMELINE.to_owned());
            }
            profile.timeline = timeline;
            (profile, None)
        }
    }
}

fn modules(build_info: &BuildInfo) -> Vec<Module> {
    let modules = build_info.modules.iter().map(|built| Module {
        path: built.path.clone(),
        version: built.version.clone(),
    });
    modules.collect()
}

pub(super) fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
