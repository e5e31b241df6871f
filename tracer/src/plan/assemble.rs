//! Puts a plan together.

use std::collections::HashMap;

use tracer_ebpf::wire::{self, LeafFilter, ProbeSpec, gate, general_leaf, grower};

use super::binary::{Executable, FunctionSpan, code_of};
use super::found::{ALLOC_LARGE, Found};
use super::growth::Grower;
use super::hosts::{self, HostError, HostProbe};
use super::leaves::Leaf;
use super::program::Program;
use super::prologue::{self, ProbePoint};
use super::spans;
use super::{Counts, Missing, MissingReason, Plan, PlanError, Probe, ProbeSet, Scheme};
use crate::addr::{ElfAddr, FileOffset};

pub(super) fn assemble(
    exe: &dyn Executable,
    set: ProbeSet,
    scheme: Scheme,
) -> Result<Plan, PlanError> {
    let found = Found::in_executable(exe, set);
    if found.counted.is_empty() {
        return Err(PlanError::NoAllocator);
    }
    let mut builder = Builder {
        exe,
        plan: Plan {
            config: exe.config(),
            ..Plan::default()
        },
    };
    let large = match scheme {
        Scheme::All => None,
        Scheme::Windows | Scheme::Spans => builder.add_large(&found),
    };
    if scheme == Scheme::Spans {
        builder.add_spans(&found, set, large)?;
    } else {
        builder.add_leaves(&found, large);
        builder.add_hosts(&found);
        builder.add_calls(&found, set);
    }
    builder.add_build_warnings(&found);
    let plan = builder.plan;
    check(&plan)?;
    Ok(plan)
}

/// Where large objects are seen apart from the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LargeProbe {
    /// At their own leaf.
    Leaf,
    /// At [`ALLOC_LARGE`], which `mallocgc` calls.
    AllocLarge,
}

struct Builder<'a> {
    exe: &'a dyn Executable,
    plan: Plan,
}

impl Builder<'_> {
    fn add_leaves(&mut self, found: &Found, large: Option<LargeProbe>) {
        for &leaf in &found.counted {
            let name = leaf.to_string();
            let Some(function) = found.function(&name) else {
                let hosts = found
                    .hosts
                    .iter()
                    .filter(|(_, leaves)| leaves.contains(&leaf));
                let hosts = hosts.map(|(host, _)| host.name.clone()).collect();
                self.miss(name, MissingReason::InlinedOnly { hosts });
                continue;
            };
            if large == Some(LargeProbe::Leaf) && leaf == Leaf::Large {
                continue;
            }
            // Up to Go 1.23 mallocgc is asked for empty objects too, and has
            // to leave them out.
            let (program, filter) = match leaf {
                Leaf::Mallocgc => (Program::AllocDispatch, self.mallocgc_filter(large)),
                _ => (Program::Alloc, LeafFilter::default()),
            };
            let probe = HostProbe {
                program,
                filter,
                tiny_rule: leaf.tiny_rule(),
            };
            if let Err(reason) = self.add_objects(function, probe, vec![name.clone()]) {
                self.warn_incomplete(&name, &reason);
                self.miss(name, reason);
            }
        }
    }

    /// Probes where a P takes a new span of a class, having used one up.
    fn add_spans(
        &mut self,
        found: &Found,
        set: ProbeSet,
        large: Option<LargeProbe>,
    ) -> Result<(), PlanError> {
        if self.plan.config.mspan_alloc_count == 0 {
            return Err(PlanError::NoSpans {
                reason: "this Go release keeps its spans in an unknown layout".to_owned(),
            });
        }
        let refill = found.function(spans::REFILL);
        let places = spans::places(refill, &found.refill_hosts);
        for place in &places.probed {
            let added = self.add_span(place);
            if let Err(reason) = added {
                self.warn_incomplete(&place.function.name, &reason);
                self.miss(place.function.name.clone(), reason);
            }
        }
        if !self
            .plan
            .probes
            .iter()
            .any(|probe| probe.counts == Counts::Spans)
        {
            return Err(PlanError::NoSpans {
                reason: format!("{} has no code that can be probed", spans::REFILL),
            });
        }
        self.plan.warnings.extend(places.warnings);
        self.plan.warnings.push(spans::BIAS.to_owned());
        if large.is_none() {
            self.plan.warnings.push(spans::NO_LARGE.to_owned());
        }
        if set != ProbeSet::ALLOC {
            self.plan.warnings.push(spans::NO_CALLS.to_owned());
        }
        Ok(())
    }

    fn add_span(&mut self, place: &spans::Place<'_>) -> Result<(), MissingReason> {
        let (point, file_offset) = self.point_of(place.function)?;
        self.plan.probes.push(Probe {
            program: Program::Span,
            function: place.function.name.clone(),
            entry: place.function.entry,
            point,
            file_offset,
            counts: Counts::Spans,
            leaves: Vec::new(),
            spec: ProbeSpec {
                filter: place.filter(),
                tests_flags: point.tests_flags().into(),
                gate: gate::WINDOW,
                ..ProbeSpec::default()
            },
        });
        Ok(())
    }

    /// What `mallocgc` is counted for, up to Go 1.23.
    fn mallocgc_filter(&self, large: Option<LargeProbe>) -> LeafFilter {
        match large {
            Some(_) => LeafFilter {
                general: general_leaf::UP_TO_LIMIT,
                size_class_limit: self.exe.largest_small_bytes(),
                ..LeafFilter::default()
            },
            None => LeafFilter {
                general: general_leaf::ANY,
                ..LeafFilter::default()
            },
        }
    }

    /// Puts large objects behind a probe of their own that stays on, where one
    /// function sees them all. `None` where none does.
    fn add_large(&mut self, found: &Found) -> Option<LargeProbe> {
        let leaf = Leaf::Large.to_string();
        let (name, program, large) = if found.counted.contains(&Leaf::Large) {
            (leaf.as_str(), Program::Large, LargeProbe::Leaf)
        } else if found.counted == [Leaf::Mallocgc] {
            (ALLOC_LARGE, Program::LargeUntyped, LargeProbe::AllocLarge)
        } else {
            return None;
        };
        let inlined = found.large_is_inlined
            || found
                .hosts
                .iter()
                .any(|(_, leaves)| leaves.contains(&Leaf::Large));
        let function = found.function(name).filter(|_| !inlined)?;
        let (point, file_offset) = self.point_of(function).ok()?;
        self.plan.probes.push(Probe {
            program,
            function: function.name.clone(),
            entry: function.entry,
            point,
            file_offset,
            counts: Counts::Objects,
            leaves: vec![function.name.clone()],
            spec: ProbeSpec {
                tests_flags: point.tests_flags().into(),
                gate: gate::ALWAYS,
                ..ProbeSpec::default()
            },
        });
        Some(large)
    }

    fn add_hosts(&mut self, found: &Found) {
        for (host, inlined) in &found.hosts {
            let leaves: Vec<String> = inlined.iter().map(Leaf::to_string).collect();
            if let Err(reason) = self.add_host(found, host, inlined, &leaves) {
                let why = match &reason {
                    MissingReason::Host { source, .. } => source.to_string(),
                    other => other.to_string(),
                };
                let leaves = leaves.join(", ");
                let host = host.name.clone();
                let warning = format!("counts incomplete: {leaves} inlined in {host}: {why}");
                self.plan.warnings.push(warning);
                self.miss(host, reason);
            }
        }
    }

    fn add_host(
        &mut self,
        found: &Found,
        host: &FunctionSpan,
        inlined: &[Leaf],
        leaves: &[String],
    ) -> Result<(), MissingReason> {
        let refused = |source| MissingReason::Host {
            leaves: leaves.to_vec(),
            source,
        };
        let probe =
            hosts::probe_of(&host.name, inlined, found.size_class_limit).map_err(refused)?;
        let code = code_of(self.exe, host).ok_or(MissingReason::NoCode)?;
        if let Some(callee) = found.other_way(host, inlined, code) {
            return Err(refused(HostError::AlsoCalls {
                callee: callee.to_owned(),
            }));
        }
        self.add_objects(host, probe, leaves.to_vec())
    }

    fn add_objects(
        &mut self,
        function: &FunctionSpan,
        probe: HostProbe,
        leaves: Vec<String>,
    ) -> Result<(), MissingReason> {
        let (point, file_offset) = self.point_of(function)?;
        self.plan.probes.push(Probe {
            program: probe.program,
            function: function.name.clone(),
            entry: function.entry,
            point,
            file_offset,
            counts: Counts::Objects,
            leaves,
            spec: probe.spec(point.tests_flags()),
        });
        Ok(())
    }

    fn add_calls(&mut self, found: &Found, set: ProbeSet) {
        for (name, program) in found.calls(set, self.exe.grows_slices_by_parts()) {
            if let Some(hosts) = found.inlined_calls.get(name) {
                self.plan.warnings.push(format!(
                    "calls incomplete: {name} inlined in {}",
                    hosts.join(", ")
                ));
            }
            let Some(function) = found.function(name) else {
                let reason = match found.inlined_calls.get(name) {
                    Some(hosts) => MissingReason::InlinedOnly {
                        hosts: hosts.clone(),
                    },
                    None => MissingReason::NotInBinary,
                };
                self.miss(name.to_owned(), reason);
                continue;
            };
            match self.point_of(function) {
                Ok((point, file_offset)) => self.plan.probes.push(Probe {
                    program,
                    function: name.to_owned(),
                    entry: function.entry,
                    point,
                    file_offset,
                    counts: Counts::Calls,
                    leaves: Vec::new(),
                    spec: ProbeSpec {
                        tests_flags: point.tests_flags().into(),
                        grower: program.grower().map_or(grower::NONE, Grower::number),
                        ..ProbeSpec::default()
                    },
                }),
                Err(reason) => {
                    self.plan.warnings.push(format!(
                        "calls incomplete: {name} carries no probe: {reason}"
                    ));
                    self.miss(name.to_owned(), reason);
                }
            }
        }
    }

    fn add_build_warnings(&mut self, found: &Found) {
        if self.exe.build_setting("-asan") == Some("true") {
            // go1.24 src/runtime/malloc.go:1036: the size grows before the
            // leaf is called.
            self.plan
                .warnings
                .push("sizes inexact: built with -asan, they include its red zones".to_owned());
        }
        if self.plan.config.mcache_tinyoffset == 0 {
            self.plan.warnings.push(
                "heap bytes of objects under 16 bytes unknown: this Go release keeps its blocks \
                 in an unknown place"
                    .to_owned(),
            );
        }
        let experiments = self.exe.build_setting("GOEXPERIMENT").unwrap_or_default();
        let secret = experiments.split(',').any(|name| name == "runtimesecret");
        if secret && found.counted.contains(&Leaf::TinyClass) {
            // go1.27 src/runtime/malloc_generated.go:1785: TinySC2 hands such
            // an object to NoScanSC2, another leaf.
            self.plan.warnings.push(
                "counts inexact: built with GOEXPERIMENT=runtimesecret, objects under 16 bytes \
                 allocated inside secret.Do count twice"
                    .to_owned(),
            );
        }
    }

    fn point_of(&self, function: &FunctionSpan) -> Result<(ProbePoint, FileOffset), MissingReason> {
        let code = code_of(self.exe, function).ok_or(MissingReason::NoCode)?;
        let point = prologue::probe_point(code, function.entry)?;
        let file_offset = self
            .exe
            .file_offset(point.at)
            .ok_or(MissingReason::NoCode)?;
        Ok((point, file_offset))
    }

    fn warn_incomplete(&mut self, function: &str, reason: &MissingReason) {
        let text = format!("counts incomplete: {function} carries no probe: {reason}");
        self.plan.warnings.push(text);
    }

    fn miss(&mut self, function: String, reason: MissingReason) {
        self.plan.missing.push(Missing { function, reason });
    }
}

/// Whether the plan can be attached: something that allocates is probed, no
/// instruction twice, and the table has room.
fn check(plan: &Plan) -> Result<(), PlanError> {
    if !plan
        .probes
        .iter()
        .any(|probe| probe.counts != Counts::Calls)
    {
        let lost = plan
            .missing
            .iter()
            .find(|missing| !missing.reason.is_harmless());
        return Err(match lost {
            Some(Missing { function, reason }) => PlanError::NoProbe {
                function: function.clone(),
                reason: reason.clone(),
            },
            None => PlanError::NoAllocator,
        });
    }
    let mut seen: HashMap<ElfAddr, &str> = HashMap::new();
    for probe in &plan.probes {
        if let Some(first) = seen.insert(probe.at(), &probe.function) {
            return Err(PlanError::SharedInstruction {
                first: first.to_owned(),
                second: probe.function.clone(),
                at: probe.at(),
            });
        }
    }
    let most = usize::try_from(wire::MAX_PROBES).unwrap_or(usize::MAX);
    if plan.probes.len() > most {
        return Err(PlanError::TooMany {
            wanted: plan.probes.len(),
        });
    }
    Ok(())
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
