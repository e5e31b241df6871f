//! Frames from debug information: what C code needs, and a second opinion on Go.

use std::borrow::Cow;

use super::demangle::demangle;
use super::frame::{Frame, fold_generics};
use crate::addr::ElfAddr;
use crate::golang::{DwarfError, GoBinary, Reader};

/// Debug information, units read as addresses in them are asked for.
pub struct DwarfFrames {
    context: addr2line::Context<Reader>,
}

impl DwarfFrames {
    /// Unpacks the debug information. `None` when the binary has none.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn load(binary: &GoBinary) -> Result<Option<Self>, DwarfError> {
        if !binary.has_dwarf() {
            return Ok(None);
        }
        let context = addr2line::Context::from_dwarf(binary.load_dwarf()?)?;
        Ok(Some(Self { context }))
    }

    /// The frames at an address, innermost first. Empty where it has nothing or
    /// nothing that makes sense.
    ///
    /// Names are as [`frames_at`](super::frames_at) gives them. Debug information
    /// knows neither wrappers nor the ends of stacks, nor whose a file is.
    #[must_use]
    pub fn frames_at(&self, pc: ElfAddr) -> Vec<Frame<'static>> {
        let mut frames = Vec::new();
        let Ok(mut found) = self.context.find_frames(pc.0).skip_all_loads() else {
            return frames;
        };
        while let Ok(Some(frame)) = found.next() {
            let name = frame
                .function
                .as_ref()
                .and_then(|function| name(function).ok())
                .unwrap_or_default();
            let location = frame.location.as_ref();
            frames.push(Frame {
                name: Cow::Owned(name),
                file: location
                    .and_then(|location| location.file)
                    .map_or(Cow::Borrowed(""), |file| Cow::Owned(file.to_owned())),
                line: location.and_then(|location| location.line).unwrap_or(0),
                inlined: true,
                ..Frame::default()
            });
        }
        if let Some(outermost) = frames.last_mut() {
            outermost.inlined = false;
        }
        frames
    }
}

fn name(function: &addr2line::FunctionName<Reader>) -> Result<String, gimli::Error> {
    let raw = function.raw_name()?;
    Ok(match function.language {
        Some(gimli::DW_LANG_Go) => fold_generics(&raw).into_owned(),
        _ => demangle(&raw).into_owned(),
    })
}
