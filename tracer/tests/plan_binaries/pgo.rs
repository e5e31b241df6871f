//! Builds whose profile makes the compiler inline the allocator.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use tracer::golang::GoBinary;
use tracer::plan::leaves::Leaf;
use tracer::plan::{Plan, Probe, ProbeSet, Program};
use tracer_ebpf::filter::takes;
use tracer_ebpf::wire::tiny_rule;
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

fn pair(host: &str, name: &str) -> (String, String) {
    (format!("runtime.{host}"), format!("runtime.{name}"))
}

fn probe<'a>(plan: &'a Plan, function: &str) -> Option<&'a Probe> {
    plan.probes.iter().find(|probe| probe.function == function)
}

/// Every leaf that the binary inlines in `mallocgc` is in its probe's filter,
/// every leaf it still has carries a probe of its own, and nothing is amiss.
fn assert_covers(binary: &GoBinary, what: &str) -> Plan {
    let plan = Plan::new(binary, ProbeSet::Alloc).unwrap();
    assert!(plan.warnings.is_empty(), "{what}: {:?}", plan.warnings);
    let leaves = binary
        .functions()
        .map(|function| function.name().to_owned());
    let leaves = leaves.filter(|name| Leaf::from_name(name).is_some_and(|it| it != Leaf::Mallocgc));
    for leaf in leaves {
        assert_eq!(
            probe(&plan, &leaf).unwrap().program,
            Program::Alloc,
            "{what}: {leaf}"
        );
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
        assert_eq!(
            host.leaves.iter().cloned().collect::<BTreeSet<_>>(),
            in_mallocgc,
            "{what}"
        );
    }
    plan
}

#[test]
fn mallocgc_and_a_leaf_are_inlined() {
    for go in toolchains_of(&[24, 26, 27]) {
        let what = format!("Go {} arrays", go.version());
        let binary = guided(&go, "arrays");
        let inlined = inlined(&binary);
        // The profile did its work, or this test tests nothing.
        assert!(
            inlined.contains(&pair("newobject", "mallocgc")),
            "{what}: {inlined:?}"
        );
        let leaf = pair("mallocgc", "mallocgcSmallNoscan");
        assert!(inlined.contains(&leaf), "{what}: {inlined:?}");

        let plan = assert_covers(&binary, &what);
        // newobject's copy of mallocgc calls the leaf, so it needs no probe.
        assert!(probe(&plan, "runtime.newobject").is_none(), "{what}");
        let host = probe(&plan, "runtime.mallocgc").unwrap();
        assert_eq!(host.spec.tiny_rule, tiny_rule::NEVER, "{what}");
        let limit = if minor(&go) == 27 { 80 } else { 0 };
        for size in 1..40_000 {
            let noscan = size > limit.max(15) && size <= 32_760;
            assert_eq!(
                takes(&host.spec.filter, size, true),
                noscan,
                "{what}: {size}"
            );
            assert!(!takes(&host.spec.filter, size, false), "{what}: {size}");
        }
    }
}

#[test]
fn other_profiles_are_covered_too() {
    for go in toolchains_of(&[24, 26, 27]) {
        for way in ["slices", "nodes"] {
            let binary = guided(&go, way);
            assert_covers(&binary, &format!("Go {} {way}", go.version()));
        }
    }
}
