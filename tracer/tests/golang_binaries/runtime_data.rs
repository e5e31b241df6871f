//! Where the runtime's counters are, in every shape of binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tracer::golang::{CollectorData, DataSource, GoBinary, HeapProfileData, RuntimeData};
use xtask::command;

use crate::build::{go_toolchains, shapes, with_c};
use crate::open;

const PIE: &str = "-buildmode=pie";
const EXTERNAL: &str = "-ldflags=-linkmode=external";

fn data(binary: &GoBinary, source: DataSource) -> RuntimeData {
    let data = binary.runtime_data();
    let data = data.unwrap_or_else(|| panic!("no addresses in {binary:?}"));
    assert_eq!(data.source, source, "{binary:?}");
    data
}

/// Where the garbage collector's variables are, as all sources tell.
fn collector_data(binary: &GoBinary, source: DataSource) -> CollectorData {
    let data = binary.collector_data();
    let data = data.unwrap_or_else(|| panic!("no addresses in {binary:?}"));
    assert_eq!(data.source, source, "{binary:?}");
    data
}

/// The same of the heap profile's.
fn heap_profile_data(binary: &GoBinary, source: DataSource) -> HeapProfileData {
    let data = binary.heap_profile_data();
    let data = data.unwrap_or_else(|| panic!("no addresses in {binary:?}"));
    assert_eq!(data.source, source, "{binary:?}");
    data
}

/// The same program without symbols and debug information.
fn strip(program: &Path) -> PathBuf {
    let stripped = program.with_extension("binutils");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&stripped).arg(program);
    command::output(&mut strip, "install binutils").expect("it can be stripped");
    stripped
}

/// The same program with its symbol table under another name.
fn hide_symtab(program: &Path) -> GoBinary {
    let mut bytes = fs::read(program).expect("built");
    let at = memchr::memmem::rfind(&bytes, b"\0.symtab\0").expect("among the section names");
    bytes[at + 1] = b'_';
    GoBinary::from_bytes(bytes).expect("valid")
}

#[test]
fn every_source_tells_the_same_addresses() {
    let toolchains = go_toolchains();
    for (index, toolchain) in toolchains.iter().enumerate() {
        let mut programs = vec![
            shapes(toolchain, "exe", &[]),
            shapes(toolchain, "pie", &[PIE]),
            with_c(toolchain, "withc", &[]),
            with_c(toolchain, "external", &[EXTERNAL]),
            with_c(toolchain, "external-pie", &[PIE, EXTERNAL]),
        ];
        // These build the whole standard library anew.
        if index == 0 || index + 1 == toolchains.len() {
            programs.push(shapes(toolchain, "no-inlining", &["-gcflags=all=-l"]));
            programs.push(with_c(toolchain, "race", &["-race"]));
        }
        for program in programs {
            let binary = open(&program);
            let known = data(&binary, DataSource::Symtab);
            let known_profile = heap_profile_data(&binary, DataSource::Symtab);
            let known_collector = collector_data(&binary, DataSource::Symtab);
            let others = [
                (hide_symtab(&program), DataSource::Dwarf),
                (open(&strip(&program)), DataSource::Instructions),
            ];
            for (other, source) in others {
                let expected = RuntimeData { source, ..known };
                assert_eq!(data(&other, source), expected, "{}", program.display());
                let expected = CollectorData {
                    source,
                    ..known_collector
                };
                let found = collector_data(&other, source);
                assert_eq!(found, expected, "{}", program.display());
                let expected = HeapProfileData {
                    source,
                    ..known_profile
                };
                let found = heap_profile_data(&other, source);
                assert_eq!(found, expected, "{}", program.display());
            }
        }
    }
}

#[test]
fn without_section_headers() {
    for toolchain in go_toolchains() {
        let program = shapes(&toolchain, "pie", &[PIE]);
        let known = data(&open(&program), DataSource::Symtab);
        let mut bytes = fs::read(program).expect("built");
        // e_shoff, and e_shentsize to e_shstrndx.
        bytes[40..48].fill(0);
        bytes[58..64].fill(0);
        let binary = GoBinary::from_bytes(bytes).expect("valid");
        let found = data(&binary, DataSource::Instructions);
        assert_eq!(found.memstats, known.memstats);
        assert_eq!(found.allp, known.allp);
        assert_eq!(found.emptymspan, known.emptymspan);
    }
}
