//! C functions of a Go program.

use tracer::addr::ElfAddr;
use tracer::golang::GoBinary;
use tracer::symbolize::Symbolizer;

use crate::build::{go_toolchains, with_c};
use crate::open;

#[test]
fn c_frames_by_debug_information_else_by_symbol() {
    for toolchain in go_toolchains() {
        let whole = open(&with_c(
            &toolchain,
            "withc",
            &["-ldflags=-linkmode=external"],
        ));
        let twice = calls_in_c(&whole, "twice");
        let frames = Symbolizer::new(&whole).resolve(twice);
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!(frames[0].name, "twice");
        assert!(frames[0].file.ends_with("twice.c"), "{frames:?}");
        assert_eq!(frames[0].line, 4);
        assert!(!frames[0].runtime);

        // Inlined C code has its frames too.
        let symbolizer = Symbolizer::new(&whole);
        let inner = c_calls(&whole)
            .map(|pc| symbolizer.resolve(pc))
            .find(|frames| frames.first().is_some_and(|frame| frame.name == "inner"));
        if let Some(frames) = inner {
            assert_eq!(frames[1].name, "calls_back");
            assert_eq!((frames[0].line, frames[1].line), (8, 12));
        }

        let symbols = ["-ldflags=-linkmode=external -extldflags=-Wl,-S"];
        let bare = open(&with_c(&toolchain, "withc-nodwarf", &symbols));
        assert!(!bare.has_dwarf() && bare.has_symtab());
        let frames = Symbolizer::new(&bare).resolve(calls_in_c(&bare, "twice"));
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!((&*frames[0].name, &*frames[0].file), ("twice", ""));
    }
}

/// A call in a C function.
fn calls_in_c(binary: &GoBinary, name: &str) -> ElfAddr {
    let symbolizer = Symbolizer::new(binary);
    c_calls(binary)
        .find(|&pc| {
            let frames = symbolizer.resolve(pc);
            frames.last().is_some_and(|frame| frame.name == name)
        })
        .unwrap_or_else(|| panic!("no call in {name} of {binary:?}"))
}

/// Every call in executable memory outside the Go text.
fn c_calls(binary: &GoBinary) -> impl Iterator<Item = ElfAddr> {
    use iced_x86::{Decoder, DecoderOptions, Mnemonic};

    let segment = binary
        .segments()
        .iter()
        .find(|segment| segment.range().contains(&binary.text().start))
        .expect("the text is loaded");
    let length = usize::try_from(segment.file_bytes).expect("small");
    let code = binary.code(segment.start, length).expect("code");
    Decoder::with_ip(64, code, segment.start.0, DecoderOptions::NONE)
        .into_iter()
        .filter(|instruction| instruction.mnemonic() == Mnemonic::Call)
        .map(|instruction| ElfAddr(instruction.next_ip() - 1))
        .filter(|&pc| !binary.contains_code(pc))
}
