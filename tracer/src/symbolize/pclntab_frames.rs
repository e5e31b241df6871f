//! Frames from the function table, which every Go binary has and which the
//! runtime's own tracebacks use.

use super::demangle::demangle;
use super::frame::Frame;
use crate::addr::ElfAddr;
use crate::golang::{Function, GoBinary};

/// Deepest chain of inlined calls that is followed. Real ones stay below 50.
const MAX_INLINE_DEPTH: usize = 128;

/// The frames at an address, innermost first, without the wrappers that
/// tracebacks hide. Empty where only wrappers are, and outside the Go text.
///
/// Of a return address the call is meant: pass the address minus one.
#[must_use]
pub fn frames_at(binary: &GoBinary, pc: ElfAddr) -> Vec<Frame<'_>> {
    let mut frames = all_frames_at(binary, pc);
    frames.retain(|frame| !frame.wrapper);
    frames
}

/// The same, wrappers included.
#[must_use]
pub fn all_frames_at(binary: &GoBinary, pc: ElfAddr) -> Vec<Frame<'_>> {
    let Some(function) = binary.function_at(pc) else {
        return Vec::new();
    };
    let mut frames = Vec::new();
    let mut at = pc;
    while frames.len() < MAX_INLINE_DEPTH
        && let Some(call) = function.inlined_at(at)
    {
        frames.push(Frame {
            start_line: call.start_line.unwrap_or(0),
            inlined: true,
            wrapper: call.is_wrapper,
            ..positioned(binary, &function, at, call.name)
        });
        at = call.parent_pc;
    }
    frames.push(Frame {
        start_line: function.start_line().unwrap_or(0),
        wrapper: function.is_wrapper(),
        top: function.is_top_frame(),
        ..positioned(binary, &function, at, function.name())
    });
    frames
}

/// A frame of the function called `name`, with file, line and whose code it is. C++ and
/// Rust code that Go's own linker took in is here too, by the linker's names and without
/// files.
fn positioned<'a>(
    binary: &'a GoBinary,
    function: &Function<'a>,
    at: ElfAddr,
    name: &'a str,
) -> Frame<'a> {
    let file = function.file_at(at).unwrap_or_default();
    let named = match file {
        "" => Frame {
            name: demangle(name),
            ..Frame::default()
        },
        _ => Frame::named(name),
    };
    Frame {
        file: file.into(),
        line: function.line_at(at).unwrap_or(0),
        runtime: binary.is_runtime_file(file),
        ..named
    }
}
