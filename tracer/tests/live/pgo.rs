//! Builds guided by a profile, in which the compiler inlines the allocator
//! into its callers and its parts into the allocator.

use std::{path::Path, process::Command};

use xtask::go::Toolchain;

use crate::{
    common::{
        self,
        build::{self, Variant},
        goalloc::output,
    },
    exact::check,
};

const GUIDED: Variant = Variant {
    name: "pgo",
    pgo: true,
    ..Variant::PLAIN
};

/// The rules of who allocates matter here, not the rest of the fixtures.
const PROGRAMS: [&str; 5] = ["new", "slices", "maps", "strings", "gc"];

fn guided(minor: u32) {
    let Some(toolchain) = common::toolchain(minor) else {
        return;
    };
    for program in PROGRAMS {
        let executable = build::fixture(&toolchain, GUIDED, program);
        assert_inlined(&toolchain, &executable);
        check(minor, GUIDED, program);
    }
}

/// Without this the test would pass on a build like any other.
fn assert_inlined(toolchain: &Toolchain, executable: &Path) {
    let newobject = disassembly(toolchain, executable, "runtime.newobject");
    assert!(
        !newobject.contains("CALL runtime.mallocgc(SB)"),
        "mallocgc is not inlined into newobject:\n{newobject}"
    );
    let mallocgc = disassembly(toolchain, executable, "runtime.mallocgc");
    assert!(
        !mallocgc.contains("CALL runtime.mallocgcSmallNoscan(SB)"),
        "mallocgcSmallNoscan is not inlined into mallocgc:\n{mallocgc}"
    );
}

fn disassembly(toolchain: &Toolchain, executable: &Path, function: &str) -> String {
    let mut objdump: Command = toolchain.command();
    let pattern = format!("^{}$", function.replace('.', r"\."));
    objdump
        .args(["tool", "objdump", "-s", &pattern])
        .arg(executable);
    let text = output(&mut objdump, &[0]);
    assert!(text.contains("TEXT"), "there is no {function}");
    text
}

#[test]
fn go1_24() {
    guided(24);
}

#[test]
fn go1_26() {
    guided(26);
}

#[test]
fn go1_27() {
    guided(27);
}
