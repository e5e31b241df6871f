//! Plans for executables that exist only here: what compilers inline where is
//! up to their profiles, and not all of it can be provoked.

use tracer_ebpf::filter::takes;
use tracer_ebpf::wire::tiny_rule;

use super::*;

const TEXT: u64 = 0x40_0000;
const FUNCTION_BYTES: u64 = 64;

/// Functions in a row, each with a stack check unless said otherwise.
#[derive(Default)]
struct Fake {
    names: Vec<String>,
    code: Vec<u8>,
    inlined: Vec<(usize, Vec<String>)>,
    settings: Vec<(&'static str, &'static str)>,
}

impl Fake {
    /// cmp rsp,[r14+10h]; jbe; push rbp; `body`; pop rbp; ret; ...; jmp entry
    fn function(mut self, name: &str, body: &[u8]) -> Self {
        let mut code = vec![0x49, 0x3b, 0x66, 0x10, 0x76, 52, 0x55];
        code.extend(body);
        code.extend([0x5d, 0xc3]);
        code.resize(58, 0xcc);
        code.extend([0xe9, 0xc1, 0xff, 0xff, 0xff, 0xcc]);
        self.push(name, &code)
    }

    fn push(&mut self, name: &str, code: &[u8]) -> Self {
        let mut code = code.to_vec();
        code.resize(FUNCTION_BYTES as usize, 0xcc);
        self.names.push(name.to_owned());
        self.code.extend(code);
        std::mem::take(self)
    }

    fn with(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |fake, name| fake.function(name, &[]))
    }

    /// The latest function has these inlined.
    fn inlining(mut self, names: &[&str]) -> Self {
        let host = self.names.len() - 1;
        self.inlined
            .push((host, names.iter().map(|&name| name.to_owned()).collect()));
        self
    }

    /// A call of function `callee`, as the first instruction after the frame
    /// of the function added next.
    fn call(&self, callee: usize) -> Vec<u8> {
        let from = self.names.len() as i32 * FUNCTION_BYTES as i32 + 12;
        let to = callee as i32 * FUNCTION_BYTES as i32;
        let mut call = vec![0xe8];
        call.extend((to - from).to_le_bytes());
        call
    }

    fn span(&self, index: usize) -> FunctionSpan {
        let entry = TEXT + index as u64 * FUNCTION_BYTES;
        FunctionSpan {
            name: self.names[index].clone(),
            entry: ElfAddr(entry),
            end: ElfAddr(entry + FUNCTION_BYTES),
        }
    }
}

impl Executable for Fake {
    fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<FunctionSpan> {
        let all = (0..self.names.len()).map(|index| self.span(index));
        all.filter(|function| wanted(&function.name)).collect()
    }

    fn hosts_of(&self, names: &[&str]) -> Vec<(FunctionSpan, Vec<String>)> {
        let asked = |inlined: &Vec<String>| -> Vec<String> {
            inlined
                .iter()
                .filter(|name| names.contains(&name.as_str()))
                .cloned()
                .collect()
        };
        let all = self
            .inlined
            .iter()
            .map(|(host, inlined)| (self.span(*host), asked(inlined)));
        all.filter(|(_, inlined)| !inlined.is_empty()).collect()
    }

    fn code(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
        self.code.get((at.0 - TEXT) as usize..)?.get(..len)
    }

    fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
        Some(FileOffset(at.0 - TEXT + 0x1000))
    }

    fn build_setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    }

    fn largest_small_bytes(&self) -> u16 {
        32_760
    }

    fn grows_slices_by_parts(&self) -> bool {
        false
    }

    fn config(&self) -> wire::Config {
        wire::Config {
            mcache_tinyoffset: 0x20,
            ..wire::Config::default()
        }
    }
}

const GO_1_24: [&str; 6] = [
    "runtime.mallocgc",
    "runtime.mallocgcTiny",
    "runtime.mallocgcSmallNoscan",
    "runtime.mallocgcSmallScanNoHeader",
    "runtime.mallocgcSmallScanHeader",
    "runtime.mallocgcLarge",
];

fn plan(fake: &Fake) -> Plan {
    Plan::new(fake, ProbeSet::ALLOC, Scheme::All).unwrap()
}

fn probed(plan: &Plan) -> Vec<&str> {
    plan.probes
        .iter()
        .map(|probe| probe.function.as_str())
        .collect()
}

#[test]
fn leaves_and_not_mallocgc() {
    let plan = plan(&Fake::default().with(&GO_1_24));
    assert_eq!(probed(&plan), GO_1_24[1..]);
    assert!(
        plan.probes
            .iter()
            .all(|probe| probe.program == Program::Alloc)
    );
    assert!(plan.warnings.is_empty() && plan.missing.is_empty());
    let tiny = &plan.probes[0];
    assert_eq!(tiny.spec.tiny_rule, tiny_rule::ALWAYS);
    assert_eq!(tiny.spec.tests_flags, 1);
    assert_eq!(tiny.at(), ElfAddr(TEXT + 64 + 4));
    assert_eq!(tiny.file_offset, FileOffset(0x1000 + 64 + 4));
}

#[test]
fn mallocgc_alone_leaves_out_empty_objects() {
    let plan = plan(&Fake::default().with(&["runtime.newobject", "runtime.mallocgc"]));
    assert_eq!(probed(&plan), ["runtime.mallocgc"]);
    let probe = &plan.probes[0];
    assert_eq!(probe.program, Program::AllocDispatch);
    assert_eq!(probe.spec.tiny_rule, tiny_rule::BY_TYPE);
    assert!(!takes(&probe.spec.filter, 0, true));
    assert!(takes(&probe.spec.filter, 1 << 40, false));
}

#[test]
fn mallocgc_inlined_up_to_go_1_23() {
    let fake = Fake::default()
        .with(&["runtime.mallocgc", "runtime.newobject"])
        .inlining(&["runtime.mallocgc"]);
    let plan = plan(&fake);
    assert_eq!(probed(&plan), ["runtime.mallocgc", "runtime.newobject"]);
    assert_eq!(plan.probes[1].program, Program::AllocNew);
    assert!(takes(&plan.probes[1].spec.filter, 24, false));
}

#[test]
fn leaf_inlined_in_mallocgc() {
    // The leaf's own function is gone.
    let fake = Fake::default()
        .with(&GO_1_24[3..])
        .function("runtime.mallocgcTiny", &[])
        .function("runtime.mallocgc", &[])
        .inlining(&["runtime.mallocgcSmallNoscan", "runtime.nextFreeFast"]);
    let plan = plan(&fake);
    let host = plan
        .probes
        .iter()
        .find(|probe| probe.function == "runtime.mallocgc")
        .unwrap();
    assert_eq!(host.leaves, ["runtime.mallocgcSmallNoscan"]);
    assert!(takes(&host.spec.filter, 16, true));
    assert!(!takes(&host.spec.filter, 15, true));
    assert_eq!(plan.probes.len(), 5);
    assert!(plan.warnings.is_empty());
    let hosts = vec!["runtime.mallocgc".to_owned()];
    assert_eq!(plan.missing[0].reason, MissingReason::InlinedOnly { hosts });
    assert!(plan.missing[0].reason.is_harmless());
}

#[test]
fn leaf_inlined_in_a_mallocgc_that_is_inlined_too() {
    let fake = Fake::default()
        .with(&GO_1_24[1..])
        .function("runtime.mallocgc", &[])
        .inlining(&["runtime.mallocgcSmallNoscan"])
        .function("runtime.newobject", &[])
        .inlining(&["runtime.mallocgc", "runtime.mallocgcSmallNoscan"])
        .function("runtime.makeslice", &[])
        .inlining(&["runtime.mallocgc"]);
    let plan = plan(&fake);
    // makeslice's inlined mallocgc still calls the leaves.
    let functions = probed(&plan);
    assert_eq!(functions[5..], ["runtime.mallocgc", "runtime.newobject"]);
    assert!(plan.warnings.is_empty());
}

#[test]
fn every_leaf_inlined_and_none_left() {
    let fake = Fake::default()
        .function("runtime.mallocgc", &[])
        .inlining(&GO_1_24[1..]);
    let plan = plan(&fake);
    assert_eq!(probed(&plan), ["runtime.mallocgc"]);
    let filter = &plan.probes[0].spec.filter;
    for size in [1, 8, 16, 512, 513, 32_760, 32_761] {
        assert!(
            takes(filter, size, true) && takes(filter, size, false),
            "{size}"
        );
    }
    assert!(!takes(filter, 0, true));
    assert_eq!(plan.probes[0].spec.tiny_rule, tiny_rule::BY_TYPE);
}

#[test]
fn host_without_simple_arguments_is_said() {
    let fake = Fake::default()
        .with(&GO_1_24)
        .function("runtime.growslice", &[])
        .inlining(&["runtime.mallocgc", "runtime.mallocgcSmallNoscan"]);
    let plan = plan(&fake);
    assert_eq!(plan.probes.len(), 5);
    assert!(!plan.warnings.is_empty());
    assert_eq!(
        plan.warnings,
        [
            "counts incomplete: runtime.mallocgcSmallNoscan inlined in runtime.growslice: the size \
          it allocates does not follow from its arguments alone"
        ]
    );
    assert_eq!(plan.missing[0].function, "runtime.growslice");
}

#[test]
fn host_that_inlines_one_of_two_ways_is_said() {
    let fake = Fake::default().with(&GO_1_24);
    let call = fake.call(0);
    let fake = fake
        .function("runtime.newarray", &call)
        .inlining(&["runtime.mallocgc", "runtime.mallocgcSmallNoscan"]);
    let plan = plan(&fake);
    assert_eq!(probed(&plan), GO_1_24[1..]);
    assert!(
        plan.warnings[0].contains("it also calls runtime.mallocgc"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn host_may_call_other_leaves() {
    let fake = Fake::default().with(&GO_1_24[1..]);
    let call = fake.call(0);
    let fake = fake
        .function("runtime.mallocgc", &call)
        .inlining(&["runtime.mallocgcSmallNoscan"]);
    assert!(plan(&fake).warnings.is_empty());
}

#[test]
fn slow_path_is_no_host() {
    let fake = Fake::default()
        .with(&["runtime.mallocgcTinySC2", "runtime.mallocgcSmallNoScanSC2"])
        .function("runtime.mallocgcTinySlowPath", &[])
        .inlining(&["runtime.mallocgcSmallNoScanSC2"]);
    let plan = plan(&fake);
    assert_eq!(plan.probes.len(), 2);
    assert!(plan.warnings.is_empty());
}

#[test]
fn function_that_cannot_be_probed_is_missing() {
    let mut fake = Fake::default().with(&GO_1_24[1..5]);
    let fake = fake.push("runtime.mallocgcLarge", &[0xcc]);
    let plan = plan(&fake);
    assert_eq!(plan.probes.len(), 4);
    assert_eq!(plan.missing[0].function, "runtime.mallocgcLarge");
    assert!(!plan.missing[0].reason.is_harmless());
    assert!(plan.warnings[0].starts_with("counts incomplete: runtime.mallocgcLarge"));
}

#[test]
fn nothing_to_probe_is_an_error() {
    let fake = Fake::default().with(&["main.main"]);
    assert_eq!(
        Plan::new(&fake, ProbeSet::ALLOC, Scheme::All),
        Err(PlanError::NoAllocator)
    );
    let fake = Fake::default().push("runtime.mallocgc", &[0xcc]);
    let error = Plan::new(&fake, ProbeSet::default(), Scheme::All).unwrap_err();
    assert!(matches!(error, PlanError::NoProbe { .. }), "{error}");
}

#[test]
fn two_probes_at_one_instruction_are_refused() {
    struct Folded(Fake);
    impl Executable for Folded {
        fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<FunctionSpan> {
            let mut functions = Executable::functions(&self.0, wanted);
            for function in &mut functions {
                function.entry = ElfAddr(TEXT);
                function.end = ElfAddr(TEXT + FUNCTION_BYTES);
            }
            functions
        }
        fn hosts_of(&self, names: &[&str]) -> Vec<(FunctionSpan, Vec<String>)> {
            self.0.hosts_of(names)
        }
        fn code(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
            self.0.code(at, len)
        }
        fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
            self.0.file_offset(at)
        }
        fn build_setting(&self, _: &str) -> Option<&str> {
            None
        }
        fn largest_small_bytes(&self) -> u16 {
            32_760
        }
        fn grows_slices_by_parts(&self) -> bool {
            false
        }
        fn config(&self) -> wire::Config {
            self.0.config()
        }
    }
    let fake = Folded(Fake::default().with(&GO_1_24));
    let error = Plan::new(&fake, ProbeSet::ALLOC, Scheme::All).unwrap_err();
    assert!(
        matches!(error, PlanError::SharedInstruction { .. }),
        "{error}"
    );
}

#[test]
fn map_functions_count_calls() {
    let fake = Fake::default().with(&["runtime.mallocgc", "runtime.mapassign_fast64"]);
    let plan = Plan::new(&fake, ProbeSet::ALLOC_MAP, Scheme::All).unwrap();
    let map = &plan.probes[1];
    assert_eq!(
        (map.program, map.counts),
        (Program::CallTyped, Counts::Calls)
    );
    assert_eq!(map.spec.tests_flags, 1);
    assert_eq!(plan.missing[0].function, "runtime.makemap_small");
    assert_eq!(plan.missing[0].reason, MissingReason::NotInBinary);
    assert!(plan.warnings.is_empty());
}

#[test]
fn inlined_map_function_is_said() {
    let fake = Fake::default()
        .with(&["runtime.mallocgc", "reflect.mapassign0"])
        .inlining(&["runtime.mapassign"]);
    let plan = Plan::new(&fake, ProbeSet::ALLOC_MAP_ALL, Scheme::All).unwrap();
    let expected = "calls incomplete: runtime.mapassign inlined in reflect.mapassign0";
    assert_eq!(plan.warnings, [expected]);
}

#[test]
fn what_grows_counts_calls_and_what_is_inlined_is_said() {
    let fake = Fake::default()
        .with(&[
            "runtime.mallocgc",
            "runtime.growslice",
            "internal/runtime/maps.(*table).rehash",
        ])
        .inlining(&["internal/runtime/maps.(*table).grow"]);
    let plan = Plan::new(&fake, ProbeSet::ALLOC.with_growth(), Scheme::All).unwrap();
    let slice = &plan.probes[1];
    assert_eq!(slice.program, Program::Growth(Grower::Slice));
    assert_eq!((slice.counts, slice.spec.grower), (Counts::Calls, 1));
    assert_eq!(
        plan.warnings,
        [
            "calls incomplete: internal/runtime/maps.(*table).grow inlined in \
          internal/runtime/maps.(*table).rehash"
        ]
    );
    // The map has tables, so nothing of buckets is missed.
    assert_eq!(plan.missing.len(), 4);
    assert!(plan.missing.iter().all(|it| it.reason.is_harmless()));
}

#[test]
fn build_settings_that_change_counts_are_said() {
    let mut fake = Fake::default().with(&["runtime.mallocgcTinySC2"]);
    fake.settings = vec![("-asan", "true"), ("GOEXPERIMENT", "arenas,runtimesecret")];
    let warnings = plan(&fake).warnings;
    assert!(warnings[0].starts_with("sizes inexact"), "{warnings:?}");
    assert!(warnings[1].contains("runtimesecret"), "{warnings:?}");
}
