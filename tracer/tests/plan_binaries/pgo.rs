//! Builds whose profile makes the compiler inline the allocator.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tracer::golang::{DataSource, GoBinary, RuntimeData};
use tracer::plan::leaves::Leaf;
use tracer::plan::{Plan, Probe, ProbeSet, Program, Scheme};
use tracer_ebpf::filter::takes;
use xtask::command;
use xtask::go::Toolchain;

use super::programs::{Build, build, folder, minor, toolchains_of};

/// A CPU profile of the program that allocates in one way. Made once: with the
/// same profile the second build is cheap.
fn profile(go: &Toolchain, way: &str) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let profile = folder(go).join(format!("{way}.pprof"));
    let _one_at_a_time = MAKING.lock();
    if !profile.exists() {
        let how = Build {
            name: "plain",
            ..Build::default()
        };
        let load = build(go, "load", &how);
        let new = profile.with_extension(format!("{}.new", std::process::id()));
        command::output(Command::new(load).arg(way).arg(&new), "see what it says")
            .expect("the load runs");
        std::fs::rename(&new, &profile).expect("the profile can be kept");
    }
    profile
}

/// The small program, built with the profile of a program that allocates in
/// one way.
fn guided(go: &Toolchain, way: &str) -> GoBinary {
    guided_by(go, way, &profile(go, way))
}

/// The small program, built so that the calls among `functions` that a program
/// makes which allocates arrays are inlined, and no others.
fn narrowly_guided(go: &Toolchain, name: &str, functions: &str) -> GoBinary {
    let narrowed = folder(go).join(format!("{name}.narrowed.pprof"));
    if !narrowed.exists() {
        let new = narrowed.with_extension(format!("{}.new", std::process::id()));
        go.narrow_profile(&profile(go, "arrays"), functions, &new)
            .expect("pprof reads its own profiles");
        std::fs::rename(&new, &narrowed).expect("the profile can be kept");
    }
    guided_by(go, name, &narrowed)
}

fn guided_by(go: &Toolchain, name: &str, profile: &Path) -> GoBinary {
    let name = format!("pgo-{name}");
    let how = Build {
        name: &name,
        flags: vec![format!("-pgo={}", profile.display())],
        ..Build::default()
    };
    GoBinary::open(&build(go, "small", &how)).unwrap()
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
    let plan = Plan::new(binary, ProbeSet::ALLOC, Scheme::All).unwrap();
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
/// left.
fn assert_finds_variables(binary: &GoBinary, what: &str) {
    let known = binary.runtime_data().expect("in the symbol table");
    let source = DataSource::Instructions;
    let expected = RuntimeData { source, ..known };
    assert_eq!(binary.runtime_data_in_code(), Some(expected), "{what}");
}

/// What a whole profile makes the compiler inline is near its limits and differs
/// from run to run: whatever it is has to be covered.
#[test]
fn what_is_inlined_is_covered_at_its_host() {
    for go in &toolchains_of(&[24, 26, 27]) {
        for way in ["arrays", "slices", "nodes"] {
            let binary = guided(go, way);
            let what = format!("Go {} {way}", go.version());
            assert_covers(&binary, minor(go), &what);
            assert_finds_variables(&binary, &what);
        }
    }
}

#[test]
fn leaves_are_covered_in_mallocgc() {
    for go in &toolchains_of(&[24, 26, 27]) {
        let binary = narrowly_guided(go, "leaves", r"^runtime\.mallocgc");
        let what = format!("Go {}", go.version());
        let leaves = assert_covers(&binary, minor(go), &what);
        assert!(
            leaves.contains("runtime.mallocgcSmallNoscan"),
            "{what}: {leaves:?}"
        );
        assert_finds_variables(&binary, &what);
    }
}

#[test]
fn mallocgc_is_covered_in_newobject() {
    for go in &toolchains_of(&[24, 26, 27]) {
        let calls = r"^(main\..*|runtime\.(newobject|mallocgc))$";
        let binary = narrowly_guided(go, "mallocgc", calls);
        let what = format!("Go {}", go.version());
        let pair = (
            "runtime.newobject".to_owned(),
            "runtime.mallocgc".to_owned(),
        );
        assert!(inlined(&binary).contains(&pair), "{what}");
        assert_covers(&binary, minor(go), &what);
        assert_finds_variables(&binary, &what);
    }
}

#[test]
fn variables_are_found_without_refill() {
    for go in &toolchains_of(&[24, 26, 27]) {
        let binary = narrowly_guided(go, "refill", r"^runtime\.\(\*mcache\)\.");
        let what = format!("Go {}", go.version());
        let refill = binary.functions_named(&["runtime.(*mcache).refill"]);
        assert!(refill.is_empty(), "{what}: refill is a function of its own");
        assert_finds_variables(&binary, &what);
        assert_covers(&binary, minor(go), &what);
    }
}
