//! Functions, frames and build info, whatever the shape of the binary.

use std::fs;

use tracer::addr::{ElfAddr, FileOffset, LoadBias, ProcAddr};
use tracer::golang::GoBinary;
use tracer::symbolize::{Frame, Symbolizer, frames_at};

use crate::build::{go_toolchains, minor, shapes, with_c};
use crate::{call_sites, function, open};
use xtask::go::Toolchain;

/// How the test program is built; whether it keeps symbols; whether it moves.
const VARIANTS: &[(&str, &[&str], bool, bool)] = &[
    ("exe", &[], true, false),
    ("stripped", &["-trimpath", "-ldflags=-s -w"], false, false),
    ("pie", &["-buildmode=pie"], true, true),
    (
        "pie-stripped",
        &["-buildmode=pie", "-ldflags=-s -w"],
        false,
        true,
    ),
];

#[test]
fn every_release_in_every_shape() {
    for toolchain in go_toolchains() {
        for &(name, arguments, symbols, pie) in VARIANTS {
            let binary = open(&shapes(&toolchain, name, arguments));
            assert_eq!(binary.has_symtab(), symbols, "{binary:?}");
            assert_eq!(binary.has_dwarf(), symbols, "{binary:?}");
            assert_eq!(binary.is_pie(), pie, "{binary:?}");
            check(&toolchain, &binary);
        }
        let external = ["-buildmode=pie", "-ldflags=-linkmode=external -s -w"];
        let binary = open(&with_c(&toolchain, "external-pie-stripped", &external));
        assert!(binary.is_pie() && !binary.has_symtab());
        check_functions(&toolchain, &binary);
    }
}

#[test]
fn without_section_headers() {
    for toolchain in go_toolchains() {
        let program = shapes(&toolchain, "pie-stripped", VARIANTS[3].1);
        let mut bytes = fs::read(program).expect("built");
        // e_shoff, and e_shentsize to e_shstrndx.
        bytes[40..48].fill(0);
        bytes[58..64].fill(0);
        check(&toolchain, &GoBinary::from_bytes(bytes).expect("valid"));
    }
}

fn check(toolchain: &Toolchain, binary: &GoBinary) {
    check_functions(toolchain, binary);
    check_inlining(binary);
    let info = binary.build_info();
    assert_eq!(info.main_path.as_deref(), Some("example.com/shapes"));
    assert_eq!(info.modules[0].path, "example.com/shapes");
    assert_eq!(info.setting("CGO_ENABLED"), Some("0"));
    assert_eq!(info.experiments(), Vec::<String>::new());
}

/// The function table as a whole, and what the runtime marks.
fn check_functions(toolchain: &Toolchain, binary: &GoBinary) {
    assert_eq!(binary.version().minor, minor(toolchain));
    assert!(!binary.version().is_newer_than_known());
    assert!(binary.build_id().is_some());
    assert!(binary.functions().count() > 1000);
    let mut end = binary.text().start;
    for function in binary.functions() {
        assert_eq!(function.entry(), end, "{function:?} leaves a gap");
        assert!(!function.name().is_empty(), "at {}", function.entry());
        end = function.end();
        if function.entry() < end {
            let last = ElfAddr(end.0 - 1);
            let found = binary.function_at(last).expect("inside");
            assert_eq!(found.entry(), function.entry(), "at {last}");
        }
    }
    let text_end = binary.text().end;
    assert!(end <= text_end && text_end.0 - end.0 < 64, "{end}");
    assert!(binary.function_at(text_end).is_none());
    assert!(!binary.contains_code(text_end));

    let malloc = function(binary, "runtime.mallocgc");
    assert!(binary.has_function_name("runtime.mallocgc"));
    assert!(!binary.has_function_name("untime.mallocgc"));
    assert!(!malloc.is_wrapper() && !malloc.is_top_frame());
    let file = malloc.file().expect("known");
    assert!(file.ends_with("runtime/malloc.go"), "{file}");
    assert!(binary.is_runtime_file(file));
    assert_eq!(malloc.start_line().is_some(), minor(toolchain) >= 20);
    for root in [
        "runtime.goexit",
        "runtime.mstart",
        "runtime.rt0_go",
        "runtime.mcall",
    ] {
        assert!(
            binary
                .functions_named(&[root])
                .iter()
                .all(|f| f.is_top_frame()),
            "{root}"
        );
    }
    check_addresses(binary, malloc.entry());
}

/// One address in all its forms.
fn check_addresses(binary: &GoBinary, at: ElfAddr) {
    let code = binary.code(at, 16).expect("code");
    assert_eq!(Some(code), binary.read(at, 16));
    let offset = binary.file_offset(at).expect("in the file");
    let segment = binary
        .segments()
        .iter()
        .find(|segment| segment.range().contains(&at))
        .expect("in a segment");
    assert!(segment.executable);
    // As /proc/PID/maps states it: whole pages.
    let page = FileOffset(segment.offset.0 / 4096 * 4096);
    let mapped = ProcAddr(0x7f00_0000_0000);
    let bias = binary.load_bias(page, mapped).expect("executable");
    let in_process = at.in_process(bias);
    assert_eq!(in_process.0 - mapped.0, offset.0 - page.0);
    assert_eq!(in_process.in_elf(bias), at);
    let own = binary.load_bias(offset, ProcAddr(at.0));
    assert_eq!(own, Some(LoadBias(0)));
    assert!(binary.code(binary.types_range().start, 1).is_none() || !binary.is_pie());
}

/// `main.build` calls `top`, `middle` and `leaf`, all inlined.
fn check_inlining(binary: &GoBinary) {
    let build = function(binary, "main.build");
    let inlined: Vec<&str> = build.inlined().map(|call| call.name).collect();
    for name in ["main.top", "main.middle", "main.leaf"] {
        assert!(inlined.contains(&name), "{inlined:?}");
    }
    let hosts = binary.hosts_of(&["main.leaf", "main.nowhere", "main.middle"]);
    let of_build: Vec<_> = hosts
        .iter()
        .filter(|(host, _)| host.name() == "main.build")
        .collect();
    assert_eq!(of_build.len(), 1, "{hosts:?}");
    assert_eq!(of_build[0].1, ["main.leaf", "main.middle"]);
    assert!(binary.hosts_of(&["main.nowhere"]).is_empty());

    let chain = |frames: &[Frame<'_>]| -> Vec<String> {
        frames.iter().map(|frame| frame.name.to_string()).collect()
    };
    let site = call_sites(binary, &build)
        .map(|pc| frames_at(binary, pc))
        .find(|frames| frames.len() == 4)
        .expect("a call in the innermost function");
    assert_eq!(
        chain(&site),
        ["main.leaf", "main.middle", "main.top", "main.build"]
    );
    assert_eq!(
        site.iter().map(|frame| frame.inlined).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    assert!(site.iter().all(|frame| !frame.runtime && frame.line > 0));
    // Each function of the chain is written a few lines below its callee.
    assert!(site.windows(2).all(|pair| pair[0].line < pair[1].line));
    assert!(site[0].file.ends_with("main.go"), "{}", site[0].file);
    if binary.version().at_least(1, 20) {
        assert!(site.iter().all(|frame| frame.start_line <= frame.line));
        assert_eq!(site[0].start_line, site[0].line);
    }
}

#[test]
fn every_host_of_a_name_is_found() {
    for toolchain in go_toolchains() {
        let binary = open(&shapes(&toolchain, "exe", &[]));
        let names = [
            "runtime.add",
            "sync.(*Mutex).Lock",
            "main.leaf",
            "runtime.acquirem",
        ];
        let slow: Vec<_> = binary
            .functions()
            .filter(|function| function.inlined().any(|call| names.contains(&call.name)))
            .map(|function| function.entry())
            .collect();
        let fast: Vec<_> = binary
            .hosts_of(&names)
            .iter()
            .map(|(function, _)| function.entry())
            .collect();
        assert!(slow.len() > 50, "{}", slow.len());
        assert_eq!(fast, slow, "{binary:?}");
    }
}

#[test]
fn stripping_changes_no_frame() {
    for toolchain in go_toolchains() {
        let whole = open(&shapes(&toolchain, "exe", &[]));
        let bare = open(&shapes(&toolchain, "bare", &["-ldflags=-s -w"]));
        let (with, without) = (Symbolizer::new(&whole), Symbolizer::new(&bare));
        assert_eq!(whole.text(), bare.text());
        let mut sites = 0;
        for function in whole.functions() {
            for pc in call_sites(&whole, &function) {
                assert_eq!(with.resolve(pc), without.resolve(pc), "at {pc}");
                sites += 1;
            }
        }
        assert!(sites > 10_000, "{sites}");
    }
}

#[test]
fn wrappers_are_hidden_and_the_runtime_is_known() {
    for toolchain in go_toolchains() {
        let binary = open(&shapes(&toolchain, "exe", &[]));
        let symbolizer = Symbolizer::new(&binary);
        // Made by the compiler for a method promoted from an embedded struct.
        let wrapper = function(&binary, "main.(*Square).Name");
        assert!(wrapper.is_wrapper());
        assert!(symbolizer.knows(wrapper.entry()));
        assert!(
            symbolizer
                .resolve(wrapper.entry())
                .iter()
                .all(|frame| frame.name != wrapper.name())
        );
        // Bodies in package runtime under other packages' names.
        for name in ["reflect.unsafe_New", "internal/bytealg.MakeNoZero"] {
            for body in binary.functions_named(&[name]) {
                let frames = symbolizer.resolve(body.entry());
                assert!(frames[0].runtime, "{frames:?}");
            }
        }
        for name in ["main.build", "fmt.Fprintln"] {
            let frames = symbolizer.resolve(function(&binary, name).entry());
            assert!(!frames[0].runtime, "{frames:?}");
        }
        assert!(!symbolizer.knows(ElfAddr(1)));
        assert!(symbolizer.resolve(ElfAddr(u64::MAX)).is_empty());
    }
}

#[test]
fn generics_are_folded() {
    for toolchain in go_toolchains() {
        let binary = open(&shapes(&toolchain, "exe", &[]));
        let generic = binary
            .functions()
            .find(|function| function.name().starts_with("main.MapKeys["))
            .expect("instantiated");
        let frames = frames_at(&binary, generic.entry());
        assert_eq!(frames[0].name, "main.MapKeys[...]");
    }
}
