//! Builds guided by a profile, in which the compiler inlines the allocator
//! into its callers and its parts into the allocator.

use std::path::Path;

use xtask::go::Toolchain;

use crate::{
    common::{
        self,
        build::{self, Go, Variant},
        goalloc::output,
    },
    exact::check,
};

/// Parts of the allocator are inlined into it.
pub const LEAVES_INLINED: Variant = Variant {
    name: "pgo-small",
    pgo: Some("small"),
    ..Variant::PLAIN
};

/// The allocator is inlined into its callers.
pub const MALLOCGC_INLINED: Variant = Variant {
    name: "pgo-large",
    pgo: Some("large"),
    ..Variant::PLAIN
};

/// The rules of who allocates matter here, not the rest of the fixtures.
const PROGRAMS: [&str; 5] = ["new", "slices", "maps", "strings", "gc"];

/// Checks the programs, and before that that `caller` does not call `callee`
/// any more: without it this would be a build like any other.
fn guided(minor: u32, variant: Variant, caller: &str, callee: &str) {
    let Some(go) = common::go(minor) else {
        return;
    };
    for program in PROGRAMS {
        // What was built elsewhere was looked at there.
        if let Go::Toolchain(toolchain) = &go {
            let executable = build::fixture(&go, variant, program);
            let code = disassembly(toolchain, &executable, caller);
            assert!(
                !code.contains(&format!("CALL {callee}(SB)")),
                "{callee} is not inlined into {caller}:\n{code}"
            );
        }
        check(minor, variant, program);
    }
}

fn leaves(minor: u32) {
    guided(
        minor,
        LEAVES_INLINED,
        "runtime.mallocgc",
        "runtime.mallocgcSmallNoscan",
    );
}

fn mallocgc(minor: u32) {
    guided(
        minor,
        MALLOCGC_INLINED,
        "runtime.newobject",
        "runtime.mallocgc",
    );
}

fn disassembly(toolchain: &Toolchain, executable: &Path, function: &str) -> String {
    let mut objdump = toolchain.command();
    let pattern = format!("^{}$", function.replace('.', r"\."));
    objdump
        .args(["tool", "objdump", "-s", &pattern])
        .arg(executable);
    let text = output(&mut objdump, &[0]);
    assert!(text.contains("TEXT"), "there is no {function}");
    text
}

#[test]
fn leaves_inlined_go1_24() {
    leaves(24);
}

#[test]
fn leaves_inlined_go1_26() {
    leaves(26);
}

#[test]
fn leaves_inlined_go1_27() {
    leaves(27);
}

#[test]
fn mallocgc_inlined_go1_24() {
    mallocgc(24);
}

#[test]
fn mallocgc_inlined_go1_26() {
    mallocgc(26);
}

#[test]
fn mallocgc_inlined_go1_27() {
    mallocgc(27);
}
