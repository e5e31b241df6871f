//! Frames from the function table, which every Go binary has and which the
//! runtime's own tracebacks use.

use super::frame::{Frame, fold_generics};
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
            name: fold_generics(call.name),
            start_line: call.start_line.unwrap_or(0),
            inlined: true,
            wrapper: call.is_wrapper,
            ..position(binary, &function, at)
        });
        at = call.parent_pc;
    }
    frames.push(Frame {
        name: fold_generics(function.name()),
        start_line: function.start_line().unwrap_or(0),
        wrapper: function.is_wrapper(),
        top: function.is_top_frame(),
        ..position(binary, &function, at)
    });
    frames
}

/// A frame with file, line and whose code it is.
fn position<'a>(binary: &GoBinary, function: &Function<'a>, at: ElfAddr) -> Frame<'a> {
    let file = function.file_at(at).unwrap_or_default();
    Frame {
        file: file.into(),
        line: function.line_at(at).unwrap_or(0),
        runtime: binary.is_runtime_file(file),
        ..Frame::default()
    }
}
