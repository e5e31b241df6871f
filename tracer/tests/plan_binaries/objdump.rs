//! The same instruction as Go's own disassembler shows.

use std::collections::HashMap;

use tracer::addr::ElfAddr;
use tracer::golang::GoBinary;
use tracer::plan::{Plan, ProbeSet, Scheme};
use xtask::command;

use super::programs::{Build, build, toolchains};

/// Functions and their instructions, in code order, by address.
type Listing = HashMap<String, Vec<(ElfAddr, String)>>;

/// Reads `TEXT runtime.mallocgc(SB) ...` and lines of file, address, bytes,
/// instruction.
fn parse(text: &str) -> Listing {
    let mut listing = Listing::new();
    let mut function = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("TEXT ") {
            function = rest.split("(SB)").next().unwrap_or_default().to_owned();
            continue;
        }
        let mut words = line.split_whitespace().skip(1);
        let address = words.next().and_then(|word| word.strip_prefix("0x"));
        let Some(address) = address.and_then(|hex| u64::from_str_radix(hex, 16).ok()) else {
            continue;
        };
        let instruction = words.nth(1).unwrap_or_default().to_owned();
        listing
            .entry(function.clone())
            .or_default()
            .push((ElfAddr(address), instruction));
    }
    listing
}

#[test]
fn probes_are_where_objdump_shows_a_jbe() {
    for go in toolchains() {
        let exe = build(
            &go,
            "small",
            &Build {
                name: "plain",
                ..Build::default()
            },
        );
        let mut objdump = go.command();
        objdump
            .args([
                "tool",
                "objdump",
                "-s",
                r"^runtime\.(mallocgc|makemap|mapassign)",
            ])
            .arg(&exe);
        let text = command::output(&mut objdump, "see what go says").expect("objdump runs");
        let listing = parse(&text);

        let plan = Plan::new(
            &GoBinary::open(&exe).unwrap(),
            ProbeSet::ALLOC_MAP_ALL,
            Scheme::All,
        )
        .unwrap();
        for probe in &plan.probes {
            let what = format!("Go {}: {}", go.version(), probe.function);
            let code = listing
                .get(&probe.function)
                .unwrap_or_else(|| panic!("{what}"));
            assert_eq!(code[0].0, probe.entry, "{what}");
            let first_jbe = code.iter().find(|(_, instruction)| instruction == "JBE");
            assert_eq!(first_jbe.map(|(at, _)| *at), Some(probe.at()), "{what}");
        }
    }
}
