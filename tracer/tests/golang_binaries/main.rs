//! Go executables of every installed release, in every shape that `go build`
//! gives them, through [`tracer::golang`] and [`tracer::symbolize`].

mod agreement;
mod build;
mod c_code;
mod damaged;
mod reading;
mod runtime_data;
mod types;

use std::path::Path;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};
use tracer::addr::ElfAddr;
use tracer::golang::{Function, GoBinary};

fn open(path: &Path) -> GoBinary {
    GoBinary::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The function of this name.
fn function<'a>(binary: &'a GoBinary, name: &str) -> Function<'a> {
    let found = binary.functions_named(&[name]);
    assert_eq!(found.len(), 1, "{name} in {binary:?}");
    found[0]
}

fn instructions<'a>(
    binary: &'a GoBinary,
    function: &Function<'_>,
) -> impl Iterator<Item = Instruction> + use<'a> {
    let start = function.entry();
    let length = usize::try_from(function.end().0 - start.0).expect("small");
    let code = binary.code(start, length).unwrap_or_default();
    Decoder::with_ip(64, code, start.0, DecoderOptions::NONE).into_iter()
}

/// For each call in a function, the address that stands for it in a stack: the
/// return address less one.
fn call_sites<'a>(
    binary: &'a GoBinary,
    function: &Function<'_>,
) -> impl Iterator<Item = ElfAddr> + use<'a> {
    instructions(binary, function)
        .filter(|instruction| instruction.mnemonic() == Mnemonic::Call)
        .map(|instruction| ElfAddr(instruction.next_ip() - 1))
}
