//! Builds whose profile makes the compiler inline the allocator.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use tracer::golang::{DataSource, GoBinary, RuntimeData};
use tracer::plan::leaves::Leaf;
use tracer::plan::{Plan, Probe, ProbeSet, Program, Scheme};
use tracer_ebpf::filter::takes;
use xtask::command;
use xtask::go::Toolchain;

use super::programs::{Build, build, folder, minor, toolchains_of};

/// The small program, built with the profile of a program that allocates in
/// one way. A profile is made once: with the same profile the second build is
/// cheap.
fn guided(go: &Toolchain, way: &str) -> GoBinary {
    let profile = folder(go).join(format!("{way}.pprof"));
    if !profile.exists() {
        let load = build(
            go,
            "load",
            &Build {
                name: "plain",
                ..Build::default()
            },
        );
        let new = profile.with_extension(format!("{}.new", std::process::id()));
        command::output(Command::new(load).arg(way).arg(&new), "see what it says")
            .expect("the load runs");
        std::fs::rename(&new, &profile).expect("the profile can be kept");
    }
    let name = format!("pgo-{way}");
    let flags = vec![format!("-pgo={}", profile.display())];
    let exe: PathBuf = build(
        go,
        "small",
        &Build {
            name: &name,
            flags,
            ..Build::default()
        },
    );
    GoBinary::open(&exe).unwrap()
}

/// What is inlined where: (host, name).
fn inlined(binary: &GoBinary) -> BTreeSet<(String, String)> {
    let names = Leaf::known_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hosts = binary.hosts_of(&names).into_iter();
    hosts
        .flat_map(|(host, names)| {
            let host = host.name().to_owned();
            names.into_iter().map(move |name| (host.clone(), name))
        })
        .collect()
}

/// The leaf that `mallocgc` of Go 1.`minor` calls for an object (go1.24
/// src/runtime/malloc.go:1050, go1.27 src/runtime/malloc.go:1079).
fn dispatch(minor: u32, size: u64, noscan: bool) -> String {
    let specialized = minor >= 27 && size <= 80;
    let class = [8, 16, 24, 32, 48, 64, 80].partition_point(|&limit| limit < size) + 1;
    let leaf = match (noscan, specialized) {
        (true, true) if size < 16 => "TinySC2".to_owned(),
        (true, true) => format!("SmallNoScanSC{class}"),
        (false, true) => format!("SmallScanNoHeaderSC{class}"),
        (..) if size > 32_760 => "Large".to_owned(),
        (true, _) if size < 16 => "Tiny".to_owned(),
        (true, _) => "SmallNoscan".to_owned(),
        (false, _) if size <= 512 => "SmallScanNoHeader".to_owned(),
        (false, _) => "SmallScanHeader".to_owned(),
    };
    format!("runtime.mallocgc{leaf}")
}

fn probe<'a>(plan: &'a Plan, function: &str) -> Option<&'a Probe> {
    plan.probes.iter().find(|probe| probe.function == function)
}

/// Asserts that every leaf the binary still has carries a probe of its own, and
/// that `mallocgc`'s takes exactly the objects of the leaves inlined in it.
/// Returns those.
fn assert_covers(binary: &GoBinary, minor: u32, what: &str) -> BTreeSet<String> {
    let plan = Plan::new(binary, ProbeSet::Alloc, Scheme::All).unwrap();
    assert!(plan.warnings.is_empty(), "{what}: {:?}", plan.warnings);
    let names = binary.functions().map(|function| function.name());
    let is_leaf = |name: &&str| Leaf::from_name(name).is_some_and(|it| it != Leaf::Mallocgc);
    for leaf in names.filter(is_leaf) {
        let program = probe(&plan, leaf).map(|probe| probe.program);
        assert_eq!(program, Some(Program::Alloc), "{what}: {leaf}");
    }

    let in_mallocgc: BTreeSet<String> = inlined(binary)
        .into_iter()
        .filter(|(host, _)| host == "runtime.mallocgc")
        .map(|(_, leaf)| leaf)
        .collect();
    let host = probe(&plan, "runtime.mallocgc");
    assert_eq!(host.is_some(), !in_mallocgc.is_empty(), "{what}");
    if let Some(host) = host {
        assert_eq!(host.program, Program::AllocDispatch, "{what}");
        for size in 1..40_000 {
            for noscan in [false, true] {
                let expected = in_mallocgc.contains(&dispatch(minor, size, noscan));
                let taken = takes(&host.spec.filter, size, noscan);
                assert_eq!(taken, expected, "{what}: {size} bytes, noscan {noscan}");
            }
        }
    }
    in_mallocgc
}

/// Asserts that the runtime's variables are found in what machine code the profile
/// left. Says whether a function that uses them is gone.
fn assert_finds_variables(binary: &GoBinary, what: &str) -> bool {
    let known = binary.runtime_data().expect("in the symbol table");
    let source = DataSource::Instructions;
    let expected = RuntimeData { source, ..known };
    assert_eq!(binary.runtime_data_in_code(), Some(expected), "{what}");
    let refill = binary.functions_named(&["runtime.(*mcache).refill"]);
    refill.is_empty()
}

/// What a profile makes the compiler inline is near its limits and differs from
/// run to run. That it inlines a leaf in `mallocgc` under one of these profiles,
/// and `mallocgc` in its callers somewhere, does not; or this tests nothing.
#[test]
fn what_is_inlined_is_covered_at_its_host() {
    let mut callers = BTreeSet::new();
    let mut lacks_refill = false;
    let toolchains = toolchains_of(&[24, 26, 27]);
    for go in &toolchains {
        let mut leaves = BTreeSet::new();
        for way in ["arrays", "slices", "nodes"] {
            let binary = guided(go, way);
            let what = format!("Go {} {way}", go.version());
            leaves.extend(assert_covers(&binary, minor(go), &what));
            lacks_refill |= assert_finds_variables(&binary, &what);
            let pairs = inlined(&binary).into_iter();
            let of_mallocgc = pairs.filter(|(_, name)| name == "runtime.mallocgc");
            callers.extend(of_mallocgc.map(|(host, _)| (go.version().to_string(), host)));
        }
        assert!(
            !leaves.is_empty(),
            "Go {}: no leaf was inlined",
            go.version()
        );
    }
    assert!(
        toolchains.is_empty() || !callers.is_empty(),
        "mallocgc was inlined nowhere"
    );
    assert!(
        toolchains.is_empty() || lacks_refill,
        "refill is a function of its own in all"
    );
}
