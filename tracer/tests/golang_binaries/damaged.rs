//! Files that are no Go programs, or no whole ones.

use std::fs;
use std::sync::OnceLock;

use proptest::prelude::*;
use tracer::addr::ElfAddr;
use tracer::golang::{Error, GoBinary};
use tracer::symbolize::{DwarfFrames, Symbolizer, all_frames_at};

use crate::build::{go_toolchains, shapes};
use crate::open;
use xtask::go::Toolchain;

fn newest() -> Toolchain {
    go_toolchains().pop().expect("not empty")
}

#[test]
fn each_failure_has_its_own_words() {
    let message = |bytes: Vec<u8>| {
        GoBinary::from_bytes(bytes)
            .expect_err("damaged")
            .to_string()
    };
    let good = fs::read(shapes(&newest(), "exe", &[])).expect("built");

    assert_eq!(message(Vec::new()), "not an ELF executable");
    assert_eq!(message(b"#!/bin/sh\n".to_vec()), "not an ELF executable");
    assert!(message(good[..40].to_vec()).contains("truncated"));
    assert!(message(good[..good.len() / 2].to_vec()).contains("truncated"));
    assert!(message(good[..good.len() - 1].to_vec()).contains("truncated"));

    let mut arm = good.clone();
    arm[18] = 183;
    assert!(message(arm).contains("x86-64"));
    let mut narrow = good.clone();
    narrow[4] = 1;
    assert!(message(narrow).contains("64-bit"));

    let c = fs::read("/bin/true").expect("there");
    assert!(matches!(GoBinary::from_bytes(c), Err(Error::NotGo)));

    let old = replaced(&good, newest().version().to_string().as_bytes(), b"1.18.1");
    assert!(message(old).contains("built by go1.18.1; goalloc needs Go 1.19"));

    // Another magic in front of the function table.
    let packed = replaced(&good, &[0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8], &[0; 8]);
    assert!(message(packed).contains("pclntab"));

    let missing = GoBinary::open("/nowhere/at/all".as_ref()).expect_err("not there");
    assert!(
        missing
            .to_string()
            .starts_with("cannot read /nowhere/at/all: ")
    );
    assert!(GoBinary::open("/".as_ref()).is_err());
}

#[test]
fn newer_than_known_is_read_as_the_newest() {
    let good = fs::read(shapes(&newest(), "exe", &[])).expect("built");
    let newer = replaced(&good, newest().version().to_string().as_bytes(), b"1.99.9");
    let binary = GoBinary::from_bytes(newer).expect("read");
    assert!(binary.version().is_newer_than_known());
    assert_eq!(binary.functions_named(&["main.build"]).len(), 1);
    // From the debug information, then; without it there is no telling.
    assert!(binary.runtime_layout().is_some());
    assert!(binary.counter_layout().is_some());
    let bare = fs::read(shapes(&newest(), "bare", &["-ldflags=-s -w"])).expect("built");
    let newer = replaced(&bare, newest().version().to_string().as_bytes(), b"1.99.9");
    let binary = GoBinary::from_bytes(newer).expect("read");
    assert_eq!(binary.runtime_layout(), None);
    assert_eq!(binary.counter_layout(), None);
    assert_eq!(binary.runtime_data(), None);
    assert_eq!(binary.collector_layout(), None);
    assert_eq!(binary.collector_data(), None);
}

/// The file with every occurrence of some bytes replaced.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// A real program, and where in the file the parts are that this crate reads.
fn victim() -> &'static (Vec<u8>, Vec<std::ops::Range<usize>>) {
    static VICTIM: OnceLock<(Vec<u8>, Vec<std::ops::Range<usize>>)> = OnceLock::new();
    VICTIM.get_or_init(|| {
        let path = shapes(&newest(), "exe", &[]);
        let binary = open(&path);
        let bytes = fs::read(&path).expect("built");
        let find = |needle: &[u8]| memchr::memmem::find(&bytes, needle).expect("there");
        let table = find(&[0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]);
        let types = binary
            .file_offset(binary.types_range().start)
            .expect("in the file");
        let types = usize::try_from(types.0).expect("small");
        let info = find(b"\xff Go buildinf:");
        let functions = u64::from_le_bytes(bytes[table + 64..][..8].try_into().expect("8"));
        let functions = table + usize::try_from(functions).expect("small");
        let parts = vec![
            0..1024,
            info..info + 256,
            table..table + 128,
            functions..functions + 4096,
            functions..functions + 400_000,
            types..types + 4096,
            bytes.len() - 4096..bytes.len(),
            0..bytes.len(),
        ];
        (bytes, parts)
    })
}

/// Everything that can be asked of a binary, of a part of its functions.
fn ask_everything(binary: &GoBinary) {
    let symbolizer = Symbolizer::new(binary);
    for function in binary.functions().take(200) {
        let _ = (function.name(), function.start_line(), function.file());
        let _ = (function.is_wrapper(), function.is_top_frame());
        let _ = function.inlined().take(1000).count();
        let _ = all_frames_at(binary, function.entry());
        let middle = function.entry().0 / 2 + function.end().0 / 2;
        let _ = symbolizer.resolve(ElfAddr(middle));
    }
    let _ = binary.hosts_of(&["runtime.mallocgc", "runtime.add"]);
    let types = binary.types_range();
    for word in 0..512 {
        if let Some(at) = types.start.checked_add(word * 32) {
            let _ = binary.type_at(at);
        }
    }
    let _ = (binary.build_id(), binary.runtime_layout());
    let _ = (binary.counter_layout(), binary.dwarf_counter_layout().ok());
    let _ = (binary.runtime_data(), binary.runtime_data_in_code());
    let _ = (binary.collector_data(), binary.collector_data_in_code());
    let _ = binary.heap_profile_data_in_code();
    let _ = binary.function_at(ElfAddr(u64::MAX));
    if let Ok(Some(dwarf)) = DwarfFrames::load(binary) {
        let _ = dwarf.frames_at(binary.text().start);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_survived(
        edits in prop::collection::vec((0usize..8, any::<prop::sample::Index>(), any::<[u8; 4]>()), 1..40),
    ) {
        let (bytes, parts) = victim();
        let mut bytes = bytes.clone();
        for (part, index, value) in edits {
            let part = parts[part].clone();
            let at = part.start + index.index(part.len() - 4);
            bytes[at..at + 4].copy_from_slice(&value);
        }
        if let Ok(binary) = GoBinary::from_bytes(bytes) {
            ask_everything(&binary);
        }
    }

    #[test]
    fn a_cut_is_an_error(index: prop::sample::Index) {
        let (bytes, _) = victim();
        let cut = bytes[..index.index(bytes.len())].to_vec();
        prop_assert!(GoBinary::from_bytes(cut).is_err());
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(GoBinary::from_bytes(bytes.clone()).is_err());
        let mut elf = victim().0[..64].to_vec();
        elf.extend(bytes);
        prop_assert!(GoBinary::from_bytes(elf).is_err());
    }
}
