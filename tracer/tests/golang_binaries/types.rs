//! Types as the code of `main.build` hands them to the runtime.

use std::collections::BTreeMap;

use tracer::addr::ElfAddr;
use tracer::golang::{GoBinary, Kind, RuntimeType, TYPE_HEADER_BYTES};

use crate::build::{go_toolchains, shapes};
use crate::{function, instructions, open};

const VARIANTS: &[(&str, &[&str])] = &[
    ("exe", &[]),
    ("stripped", &["-trimpath", "-ldflags=-s -w"]),
    ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"]),
    (
        "pie-external",
        &["-buildmode=pie", "-ldflags=-linkmode=external -s -w"],
    ),
];

#[test]
fn types_have_the_names_the_runtime_prints() {
    for toolchain in go_toolchains() {
        for (variant, arguments) in VARIANTS {
            let binary = open(&shapes(&toolchain, variant, arguments));
            let types = types_in(&binary, "main.build");
            let expected = [
                ("main.Node", Kind::Struct, 104, 8),
                ("struct { F uintptr; X *int }", Kind::Struct, 16, 16),
                ("int", Kind::Int, 8, 0),
                ("func(int) string", Kind::Func, 8, 8),
                ("main.Pair[string,[]main.Node]", Kind::Struct, 40, 24),
                ("chan map[int]*main.Node", Kind::Chan, 8, 8),
            ];
            // Before Go 1.21 the package of a type argument is its whole path, which
            // for the main package is the same.
            for (name, kind, size_bytes, ptr_bytes) in expected {
                let found = types
                    .get(name)
                    .unwrap_or_else(|| panic!("{name} not in {:?} of {binary:?}", types.keys()));
                assert_eq!(
                    (found.kind, found.size_bytes, found.ptr_bytes),
                    (kind, size_bytes, ptr_bytes),
                    "{name} in {binary:?}"
                );
                assert_eq!(found.is_noscan(), ptr_bytes == 0);
                let header: &[u8; TYPE_HEADER_BYTES] = binary
                    .read(found.addr, TYPE_HEADER_BYTES)
                    .and_then(|header| header.try_into().ok())
                    .expect("in the file");
                assert_eq!(binary.parse_type(header, found.addr).as_ref(), Some(found));
            }
            assert_eq!(binary.type_at(binary.text().start), None);
        }
    }
}

/// The types whose addresses a function loads, by name.
fn types_in(binary: &GoBinary, name: &str) -> BTreeMap<String, RuntimeType> {
    instructions(binary, &function(binary, name))
        .filter(|instruction| instruction.is_ip_rel_memory_operand())
        .filter_map(|instruction| binary.type_at(ElfAddr(instruction.ip_rel_memory_address())))
        .map(|found| (found.name.clone(), found))
        .collect()
}
