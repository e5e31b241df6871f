//! The same instructions as Go's own disassembler shows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tracer::addr::ElfAddr;
use tracer::golang::GoBinary;
use tracer::plan::{Plan, ProbeSet, Scheme};
use tracer::trace::Selection;
use xtask::command;
use xtask::go::Toolchain;

use super::programs::{Build, build, toolchains, toolchains_of};

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

/// What the disassembler shows of the functions whose names match.
fn listing(go: &Toolchain, exe: &Path, names: &str) -> Listing {
    let mut objdump = go.command();
    objdump.args(["tool", "objdump", "-s", names]).arg(exe);
    let text = command::output(&mut objdump, "see what go says").expect("objdump runs");
    parse(&text)
}

fn plain(go: &Toolchain) -> PathBuf {
    let how = Build {
        name: "plain",
        ..Build::default()
    };
    build(go, "small", &how)
}

#[test]
fn probes_are_where_objdump_shows_a_jbe() {
    for go in toolchains() {
        let exe = plain(&go);
        let listing = listing(&go, &exe, r"^runtime\.(mallocgc|makemap|mapassign)");
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

/// Of every function whose results can be traced.
#[test]
fn returns_are_where_objdump_shows_a_ret() {
    for go in toolchains_of(&[19, 24, 27]) {
        let exe = plain(&go);
        let listing = listing(&go, &exe, r"^runtime\.(malloc|make|new|grow|map)");
        let binary = GoBinary::open(&exe).unwrap();
        let selection = Selection::new(&binary, binary.version(), &["*".to_owned()]).unwrap();
        let selection = selection.with_returns(&binary).unwrap();
        let what = format!("Go {}", go.version());
        let not_returned = |warning: &&String| warning.contains(" returns");
        assert_eq!(selection.warnings.iter().find(not_returned), None, "{what}");
        let mut watched = 0;
        for (index, function) in selection.functions.iter().enumerate() {
            let points = selection.returns.iter().filter(|it| it.function == index);
            let found: Vec<_> = points.map(|it| Some(it.file_offset)).collect();
            if function.signature.results.is_empty() {
                assert_eq!(found, []);
                continue;
            }
            let code = listing.get(&function.name).expect("it is listed");
            let returns = code.iter().filter(|(_, instruction)| instruction == "RET");
            let expected: Vec<_> = returns.map(|(at, _)| binary.file_offset(*at)).collect();
            assert_eq!(found, expected, "{what}: {}", function.name);
            watched += 1;
        }
        assert!(watched > 10, "{what}: {watched} functions");
    }
}
