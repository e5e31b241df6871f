//! A plan as text: a table to read, JSON to process.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use tracer_ebpf::wire::{LeafFilter, tiny_rule};

use super::{Plan, Probe};

/// Version of the JSON layout.
pub const SCHEMA: u32 = 1;

/// What the plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Path of the executable.
    pub exe: String,
    /// Release that built it: `go1.26.6`.
    pub go_version: String,
    /// The profile it was built with, if any: the `-pgo` build setting.
    pub pgo: Option<String>,
    /// The set of probes that was asked for.
    pub probes: String,
}

/// The plan as a table, with what is missing and the warnings below it.
#[must_use]
pub fn table(about: &About, plan: &Plan) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "#",
        "function",
        "entry",
        "probe",
        "instruction",
        "cost",
        "counts",
        "program",
        "arguments",
    ]);
    for (index, probe) in plan.probes.iter().enumerate() {
        table.add_row([
            index.to_string(),
            function_and_leaves(probe),
            probe.entry.to_string(),
            format!("+{}", probe.point.offset_in_function),
            probe.instruction().to_string(),
            probe.instruction().cost().to_string(),
            probe.counts.to_string(),
            probe.program.to_string(),
            probe.arguments().to_string(),
        ]);
    }
    for column in [0, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    let mut text = format!("{}  {}", about.exe, about.go_version);
    if let Some(pgo) = &about.pgo {
        let _ = write!(text, "  -pgo={pgo}");
    }
    let _ = writeln!(text, "  probes: {}\n", about.probes);
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    section(&mut text, "Why there:", reasons(plan));
    let missing = plan.missing.iter();
    section(
        &mut text,
        "Without a probe:",
        missing.map(|it| format!("{}: {}", it.function, it.reason)),
    );
    section(&mut text, "Warnings:", plan.warnings.iter().cloned());
    text
}

/// The plan as one JSON document, `"schema": 1`.
///
/// # Errors
/// None that this value can cause; serde's are passed on.
pub fn json(about: &About, plan: &Plan) -> serde_json::Result<String> {
    let probes = plan.probes.iter().enumerate();
    let missing = plan.missing.iter().map(|missing| MissingRow {
        function: &missing.function,
        reason: missing.reason.to_string(),
        harmless: missing.reason.is_harmless(),
    });
    let document = Document {
        schema: SCHEMA,
        target: about,
        probes: probes
            .map(|(index, probe)| ProbeRow::new(index, probe))
            .collect(),
        missing: missing.collect(),
        warnings: &plan.warnings,
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn function_and_leaves(probe: &Probe) -> String {
    let inlined: Vec<&str> = inlined_leaves(probe).collect();
    if inlined.is_empty() {
        probe.function.clone()
    } else {
        format!(
            "{} (for {} inlined in it)",
            probe.function,
            inlined.join(", ")
        )
    }
}

/// The leaves a host is probed for.
fn inlined_leaves(probe: &Probe) -> impl Iterator<Item = &str> {
    let leaves = probe.leaves.iter().map(String::as_str);
    leaves.filter(|leaf| *leaf != probe.function)
}

/// One line for each kind of instruction that the plan uses.
fn reasons(plan: &Plan) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for probe in &plan.probes {
        let reason = format!("{}: {}", probe.instruction(), probe.point.why());
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

fn section(text: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    target: &'a About,
    probes: Vec<ProbeRow<'a>>,
    missing: Vec<MissingRow<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct ProbeRow<'a> {
    index: usize,
    function: &'a str,
    entry: String,
    at: String,
    offset_in_function: u64,
    file_offset: String,
    instruction: String,
    cost: String,
    tests_flags: bool,
    why: &'a str,
    program: &'a str,
    arguments: String,
    counts: String,
    inlined_leaves: Vec<&'a str>,
    filter: Option<FilterRow>,
    tiny: &'a str,
}

#[derive(Serialize)]
struct FilterRow {
    size_class_limit: u16,
    scan_classes: Vec<u32>,
    noscan_classes: Vec<u32>,
    tiny_sizes: Vec<u32>,
    general: u16,
}

#[derive(Serialize)]
struct MissingRow<'a> {
    function: &'a str,
    reason: String,
    harmless: bool,
}

impl<'a> ProbeRow<'a> {
    fn new(index: usize, probe: &'a Probe) -> Self {
        let is_filtered = probe.program.is_filtered();
        Self {
            index,
            function: &probe.function,
            entry: probe.entry.to_string(),
            at: probe.at().to_string(),
            offset_in_function: probe.point.offset_in_function,
            file_offset: probe.file_offset.to_string(),
            instruction: probe.instruction().to_string(),
            cost: probe.instruction().cost().to_string(),
            tests_flags: probe.point.tests_flags(),
            why: probe.point.why(),
            program: probe.program.name(),
            arguments: probe.arguments().to_string(),
            counts: probe.counts.to_string(),
            inlined_leaves: inlined_leaves(probe).collect(),
            filter: is_filtered.then(|| FilterRow::new(&probe.spec.filter)),
            tiny: match probe.spec.tiny_rule {
                tiny_rule::ALWAYS => "always",
                tiny_rule::BY_TYPE => "by-type",
                _ => "never",
            },
        }
    }
}

impl FilterRow {
    fn new(filter: &LeafFilter) -> Self {
        let bits = |mask: u32| (0..u32::BITS).filter(|bit| mask >> bit & 1 != 0).collect();
        Self {
            size_class_limit: filter.size_class_limit,
            scan_classes: bits(filter.sc_scan),
            noscan_classes: bits(filter.sc_noscan),
            tiny_sizes: bits(filter.tiny_sizes),
            general: filter.general,
        }
    }
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::wire::ProbeSpec;

    use super::*;
    use crate::addr::{ElfAddr, FileOffset};
    use crate::plan::{Counts, Missing, MissingReason, ProbeInstruction, ProbePoint, Program};

    fn about() -> About {
        About {
            exe: "/srv/app".to_owned(),
            go_version: "go1.26.6".to_owned(),
            pgo: Some("default.pgo".to_owned()),
            probes: "alloc,map".to_owned(),
        }
    }

    fn plan() -> Plan {
        let filter = LeafFilter {
            sc_noscan: 1 << 5,
            size_class_limit: 80,
            ..Default::default()
        };
        let host = Probe {
            program: Program::AllocDispatch,
            function: "runtime.mallocgc".to_owned(),
            entry: ElfAddr(0x40_1000),
            point: ProbePoint {
                instruction: ProbeInstruction::Jbe,
                at: ElfAddr(0x40_1004),
                offset_in_function: 4,
            },
            file_offset: FileOffset(0x1004),
            counts: Counts::Objects,
            leaves: vec!["runtime.mallocgcSmallNoScanSC5".to_owned()],
            spec: ProbeSpec {
                filter,
                tests_flags: 1,
                ..Default::default()
            },
        };
        let missing = Missing {
            function: "runtime.makemap_small".to_owned(),
            reason: MissingReason::NotInBinary,
        };
        Plan {
            probes: vec![host],
            missing: vec![missing],
            warnings: vec!["counts incomplete: so and so".to_owned()],
            ..Plan::default()
        }
    }

    #[test]
    fn table_says_it_all() {
        let text = table(&about(), &plan());
        let expected = "\
/srv/app  go1.26.6  -pgo=default.pgo  probes: alloc,map

 #  function                                                           entry     probe  instruction  cost      counts   program         arguments
 0  runtime.mallocgc (for runtime.mallocgcSmallNoScanSC5 inlined in it)  0x401000     +4  jbe          emulated  objects  alloc_dispatch  size=AX type=BX

Why there:
  jbe: ends the stack check; not counted when it branches to morestack

Without a probe:
  runtime.makemap_small: not in the binary: the program cannot reach it

Warnings:
  counts incomplete: so and so
";
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&text), words(expected), "{text}");
    }

    #[test]
    fn json_has_a_schema_and_every_field() {
        let text = json(&about(), &plan()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "schema": 1,
            "target": {
                "exe": "/srv/app", "go_version": "go1.26.6", "pgo": "default.pgo",
                "probes": "alloc,map",
            },
            "probes": [{
                "index": 0,
                "function": "runtime.mallocgc",
                "entry": "0x401000",
                "at": "0x401004",
                "offset_in_function": 4,
                "file_offset": "0x1004",
                "instruction": "jbe",
                "cost": "emulated",
                "tests_flags": true,
                "why": "ends the stack check; not counted when it branches to morestack",
                "program": "alloc_dispatch",
                "arguments": "size=AX type=BX",
                "counts": "objects",
                "inlined_leaves": ["runtime.mallocgcSmallNoScanSC5"],
                "filter": {
                    "size_class_limit": 80,
                    "scan_classes": [],
                    "noscan_classes": [5],
                    "tiny_sizes": [],
                    "general": 0,
                },
                "tiny": "never",
            }],
            "missing": [{
                "function": "runtime.makemap_small",
                "reason": "not in the binary: the program cannot reach it",
                "harmless": true,
            }],
            "warnings": ["counts incomplete: so and so"],
        });
        assert_eq!(value, expected);
    }
}
