//! Which functions each release has, and where their probes go.

use tracer::golang::GoBinary;
use tracer::plan::{
    Counts, MissingReason, Plan, Probe, ProbeInstruction, ProbeSet, Program, Scheme,
};

use super::programs::{Build, build, minor, toolchains, toolchains_of};

const MALLOCGC: &str = "runtime.mallocgc";
const MAPS: [&str; 2] = ["runtime.makemap_small", "runtime.mapassign_fast64"];

fn names(prefixed: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = prefixed
        .into_iter()
        .map(|name| format!("{MALLOCGC}{name}"))
        .collect();
    names.sort();
    names
}

/// The leaves of a release built as it is by default.
fn leaves_of(minor: u32) -> Vec<String> {
    let general = [
        "SmallNoscan",
        "SmallScanNoHeader",
        "SmallScanHeader",
        "Large",
    ];
    let general = general.map(str::to_owned);
    match minor {
        ..=23 => names([String::new()]),
        24..=26 => names(general.into_iter().chain(["Tiny".to_owned()])),
        _ => names(
            general
                .into_iter()
                .chain(["TinySC2".to_owned()])
                .chain((1..=7).map(|class| format!("SmallScanNoHeaderSC{class}")))
                .chain((2..=7).map(|class| format!("SmallNoScanSC{class}"))),
        ),
    }
}

/// The functions whose hits are heap objects.
fn object_functions(plan: &Plan) -> Vec<String> {
    let probes = plan
        .probes
        .iter()
        .filter(|probe| probe.counts == Counts::Objects);
    let mut names: Vec<_> = probes.map(|probe| probe.function.clone()).collect();
    names.sort();
    names
}

/// The probe is on a `jbe` of its function, and the file has one there.
fn assert_on_jbe(exe: &std::path::Path, binary: &GoBinary, probe: &Probe) {
    let name = &probe.function;
    assert_eq!(probe.instruction(), ProbeInstruction::Jbe, "{name}");
    assert_eq!(probe.spec.tests_flags, 1, "{name}");
    let function = binary.function_at(probe.at()).expect("it is in the text");
    assert_eq!(
        (function.name(), function.entry()),
        (name.as_str(), probe.entry)
    );
    let file = std::fs::read(exe).expect("it was built");
    let bytes = &file[usize::try_from(probe.file_offset.0).unwrap()..][..2];
    assert!(
        bytes[0] == 0x76 || bytes == [0x0f, 0x86],
        "{name}: {bytes:x?}"
    );
}

/// Releases of which position-independent executables are built: up to 1.25
/// their function table is relocated, since 1.26 it is not. Such a build
/// compiles the standard library anew.
const PIE_RELEASES: [u32; 3] = [19, 25, 27];

#[test]
fn every_leaf_and_the_maps_on_their_jbe() {
    for go in toolchains() {
        for (name, flags) in [
            ("plain", &[][..]),
            ("stripped", &["-ldflags=-s -w", "-trimpath"]),
            ("pie", &["-buildmode=pie"]),
        ] {
            if name == "pie" && !PIE_RELEASES.contains(&minor(&go)) {
                continue;
            }
            let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
            let exe = build(
                &go,
                "small",
                &Build {
                    name,
                    flags,
                    ..Build::default()
                },
            );
            let binary = GoBinary::open(&exe).unwrap();
            let plan = Plan::new(&binary, ProbeSet::default(), Scheme::All).unwrap();
            let what = format!("Go {} {name}", go.version());
            assert_eq!(object_functions(&plan), leaves_of(minor(&go)), "{what}");
            assert_eq!(
                plan.probes.len(),
                leaves_of(minor(&go)).len() + MAPS.len(),
                "{what}"
            );
            assert!(
                plan.warnings.is_empty() && plan.missing.is_empty(),
                "{what}: {plan:?}"
            );
            for probe in &plan.probes {
                assert_on_jbe(&exe, &binary, probe);
            }
        }
    }
}

#[test]
fn go_1_27_has_eighteen_leaves() {
    assert_eq!(leaves_of(27).len(), 18);
}

#[test]
fn arguments_of_each_kind_of_probe() {
    for go in toolchains() {
        let exe = build(
            &go,
            "small",
            &Build {
                name: "plain",
                ..Build::default()
            },
        );
        let plan = Plan::new(
            &GoBinary::open(&exe).unwrap(),
            ProbeSet::default(),
            Scheme::All,
        )
        .unwrap();
        for probe in &plan.probes {
            let expected = match probe.function.as_str() {
                MALLOCGC => Program::AllocDispatch,
                "runtime.makemap_small" => Program::Call,
                "runtime.mapassign_fast64" => Program::CallTyped,
                _ => Program::Alloc,
            };
            assert_eq!(
                probe.program,
                expected,
                "Go {}: {}",
                go.version(),
                probe.function
            );
        }
    }
}

#[test]
fn all_map_functions() {
    for go in toolchains() {
        let exe = build(
            &go,
            "small",
            &Build {
                name: "plain",
                ..Build::default()
            },
        );
        let plan = Plan::new(
            &GoBinary::open(&exe).unwrap(),
            ProbeSet::ALLOC_MAP_ALL,
            Scheme::All,
        )
        .unwrap();
        let probed = |name: &str| plan.probes.iter().any(|probe| probe.function == name);
        for name in MAPS
            .into_iter()
            .chain(["runtime.makemap", "runtime.mapassign_faststr"])
        {
            assert!(probed(name), "Go {}: {name}", go.version());
        }
        // Nothing assigns by a 32-bit key here.
        let fast32 = plan
            .missing
            .iter()
            .find(|it| it.function == "runtime.mapassign_fast32");
        assert!(
            fast32.is_some_and(|it| it.reason == MissingReason::NotInBinary)
                || probed("runtime.mapassign_fast32"),
            "Go {}",
            go.version()
        );
        assert!(
            plan.warnings.is_empty(),
            "Go {}: {:?}",
            go.version(),
            plan.warnings
        );
    }
}

#[test]
fn leaves_are_told_by_name_and_not_by_release() {
    for go in toolchains_of(&[26, 27]) {
        let (experiment, expected) = if minor(&go) == 26 {
            // mallocgcTiny and mallocgcSmallScanNoHeader have no caller then.
            let general = ["SmallNoscan", "SmallScanHeader", "Large"].map(str::to_owned);
            let leaves = general
                .into_iter()
                .chain((1..=15).map(|size| format!("TinySize{size}")))
                .chain((1..=26).map(|class| format!("SmallScanNoHeaderSC{class}")))
                .chain((2..=26).map(|class| format!("SmallNoScanSC{class}")));
            ("sizespecializedmalloc", names(leaves))
        } else {
            ("nosizespecializedmalloc", leaves_of(26))
        };
        let how = Build {
            name: experiment,
            experiment,
            ..Build::default()
        };
        let exe = build(&go, "small", &how);
        let plan = Plan::new(&GoBinary::open(&exe).unwrap(), ProbeSet::ALLOC, Scheme::All).unwrap();
        assert_eq!(
            object_functions(&plan),
            expected,
            "Go {} {experiment}",
            go.version()
        );
        assert!(
            plan.warnings.is_empty(),
            "Go {}: {:?}",
            go.version(),
            plan.warnings
        );
    }
}
