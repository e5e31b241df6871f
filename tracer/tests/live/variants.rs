//! Ways to build and link a program: the recording must be the same.

use crate::{common::build::Variant, exact::check};

pub const STRIPPED: Variant = Variant {
    name: "stripped",
    flags: &["-ldflags=-s -w"],
    ..Variant::PLAIN
};

const NO_DWARF: Variant = Variant {
    name: "no-dwarf",
    flags: &["-ldflags=-w"],
    ..Variant::PLAIN
};

const BINUTILS_STRIPPED: Variant = Variant {
    name: "binutils-stripped",
    strip: true,
    ..Variant::PLAIN
};

const TRIMMED: Variant = Variant {
    name: "trimpath",
    flags: &["-trimpath"],
    ..Variant::PLAIN
};

const PIE: Variant = Variant {
    name: "pie",
    flags: &["-buildmode=pie"],
    ..Variant::PLAIN
};

const PIE_STRIPPED: Variant = Variant {
    name: "pie-stripped",
    flags: &["-buildmode=pie", "-ldflags=-s -w"],
    ..Variant::PLAIN
};

const EXTERNAL: Variant = Variant {
    name: "external",
    flags: &["-ldflags=-linkmode=external"],
    ..Variant::PLAIN
};

const EXTERNAL_PIE_STRIPPED: Variant = Variant {
    name: "external-pie-stripped",
    flags: &["-buildmode=pie", "-ldflags=-linkmode=external -s -w"],
    ..Variant::PLAIN
};

// A pure Go program is static anyway, and Go 1.19 cannot link one this way.
const STATIC: Variant = Variant {
    name: "static",
    flags: &["-ldflags=-linkmode=external -extldflags=-static"],
    ..Variant::PLAIN
};

/// Programs that need symbols, types, inline trees and C code.
const PROGRAMS: [&str; 4] = ["new", "generics", "inline", "cgo"];

macro_rules! every_variant {
    ($($release:ident: $minor:literal,)+) => {
        $(mod $release {
            every_variant!(@of $minor:
                stripped: STRIPPED,
                no_dwarf: NO_DWARF,
                binutils_stripped: BINUTILS_STRIPPED,
                trimpath: TRIMMED,
                pie: PIE,
                pie_stripped: PIE_STRIPPED,
                external: EXTERNAL,
                external_pie_stripped: EXTERNAL_PIE_STRIPPED,
            );

            #[test]
            fn statically_linked() {
                super::check($minor, super::STATIC, "cgo");
            }
        })+
    };
    (@of $minor:literal: $($test:ident: $variant:ident,)+) => {
        $(#[test]
        fn $test() {
            for program in super::PROGRAMS {
                super::check($minor, super::$variant, program);
            }
        })+
    };
}

every_variant! {
    go1_19: 19,
    go1_21: 21,
    go1_25: 25,
    go1_27: 27,
}
