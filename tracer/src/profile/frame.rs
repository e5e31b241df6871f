//! Call frames, and which of them an allocation is attributed to.

use std::borrow::Cow;

use super::{LocationId, Profile, Sample};
use crate::addr::ElfAddr;

/// One frame of a call chain, inlined ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Function name; the address in hexadecimal when nothing is known of it.
    pub function: Cow<'a, str>,
    /// Source file, empty when unknown.
    pub file: &'a str,
    /// Line in that file, 0 when unknown.
    pub line: u32,
    /// Whether it belongs to the Go runtime.
    pub runtime: bool,
    /// Whether the compiler inlined it into the next frame out.
    pub inlined: bool,
    /// The program counter; inlined frames share the one of their host.
    pub address: ElfAddr,
}

/// A frame of a profile: a location and which of its lines, the first where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FrameId {
    location: LocationId,
    line: u32,
}

/// Where goroutines and threads begin, and where stacks are switched: a frame
/// of these says nothing about who allocated. All but the last three have the
/// TopFrame flag, which ends a traceback (go1.24 src/runtime/symtab.go:376).
const STACK_ENDS: &[&str] = &[
    "runtime.goexit",
    "runtime.mstart",
    "runtime.mstart0",
    "runtime.mstart1",
    "runtime.rt0_go",
    "runtime.sigtramp",
    "runtime.systemstack",
    "runtime.mcall",
    "runtime.morestack",
];

impl Frame<'_> {
    /// `file:line` as far as they are known; `None` without a file.
    #[must_use]
    pub fn position(&self) -> Option<String> {
        position(self.file, self.line)
    }

    fn is_stack_end(&self) -> bool {
        let name = self
            .function
            .strip_suffix(".abi0")
            .unwrap_or(&self.function);
        STACK_ENDS.contains(&name)
    }
}

/// `file:line` as far as they are known; `None` without a file.
#[must_use]
pub fn position(file: &str, line: u32) -> Option<String> {
    match (file, line) {
        ("", _) => None,
        (file, 0) => Some(file.to_owned()),
        (file, line) => Some(format!("{file}:{line}")),
    }
}

impl Profile {
    /// The frames of a call chain, innermost first. Ids that are not of this
    /// profile are passed over.
    pub fn frames<'a>(&'a self, stack: &'a [LocationId]) -> impl Iterator<Item = Frame<'a>> + 'a {
        self.frame_ids(stack).filter_map(|id| self.frame(id))
    }

    fn frame_ids(&self, stack: &[LocationId]) -> impl Iterator<Item = FrameId> {
        stack.iter().flat_map(|id| {
            let location = self.location(*id);
            let frames = location.map_or(0, |location| location.lines.len().max(1));
            (0..frames as u32).map(|line| FrameId {
                location: *id,
                line,
            })
        })
    }

    #[inline]
    fn frame(&self, id: FrameId) -> Option<Frame<'_>> {
        let location = self.location(id.location)?;
        if location.lines.is_empty() {
            return Some(Frame {
                function: Cow::Owned(location.address.to_string()),
                file: "",
                line: 0,
                runtime: false,
                inlined: false,
                address: location.address,
            });
        }
        let line = location.lines.get(id.line as usize)?;
        let function = self.function(line.function)?;
        Some(Frame {
            function: Cow::Borrowed(function.name.as_str()),
            file: &function.file,
            line: line.line,
            runtime: function.runtime,
            inlined: (id.line as usize) < location.lines.len() - 1,
            address: location.address,
        })
    }

    /// The frame a sample is attributed to: the innermost one that is not the
    /// runtime's. When all are the runtime's, the outermost that is not just
    /// the beginning of a stack. `None` when the call chain was lost.
    #[must_use]
    pub fn site(&self, sample: &Sample) -> Option<Frame<'_>> {
        self.frame(self.site_id(sample)?)
    }

    /// Which frame that is: samples with the same one have the same site.
    pub(crate) fn site_id(&self, sample: &Sample) -> Option<FrameId> {
        let frames = || {
            let ids = self.frame_ids(&sample.stack);
            ids.filter_map(|id| Some((id, self.frame(id)?)))
        };
        let (id, _) = frames()
            .find(|(_, frame)| !frame.runtime)
            .or_else(|| frames().filter(|(_, frame)| !frame.is_stack_end()).last())
            .or_else(|| frames().last())?;
        Some(id)
    }
}

/// Import path of the package a Go function belongs to, as in
/// `net/http` for `net/http.(*conn).serve`; `None` when the name has none, as
/// C functions and bare addresses.
///
/// The linker escapes dots in the last path element as `%2e`
/// (go1.24 src/cmd/internal/objabi/path.go:15); they are put back.
#[must_use]
pub fn package_of(function: &str) -> Option<Cow<'_, str>> {
    // Type arguments hold paths of other packages.
    let plain = function.split('[').next().unwrap_or(function);
    let last_element = plain.rfind('/').map_or(0, |slash| slash + 1);
    let dot = plain.get(last_element..)?.find('.')? + last_element;
    // C++ and Rust names have parameters and `::` before any dot.
    let is_path =
        |path: &&str| !path.is_empty() && !path.contains(['(', '<']) && !path.contains("::");
    let path = plain.get(..dot).filter(is_path)?;
    Some(if path.contains("%2e") {
        Cow::Owned(path.replace("%2e", "."))
    } else {
        Cow::Borrowed(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    #[test]
    fn package_is_what_precedes_the_first_dot_of_the_last_element() {
        for (function, package) in [
            ("main.work", Some("main")),
            ("net/http.(*conn).serve", Some("net/http")),
            ("slices.Grow[go.shape.struct { a/b.X }]", Some("slices")),
            ("gopkg.in/yaml%2ev3.Unmarshal", Some("gopkg.in/yaml.v3")),
            ("example.com/a.b/c.F.func1", Some("example.com/a.b/c")),
            ("malloc", None),
            ("logs::print(char const*, ...)", None),
            ("print(char const*, ...)", None),
            ("0x4a1b2c", None),
            ("", None),
            (".hidden", None),
        ] {
            assert_eq!(package_of(function).as_deref(), package, "{function}");
        }
    }

    #[test]
    fn site_is_the_first_frame_outside_the_runtime_inlined_or_not() {
        let mut b = fixture::Builder::default();
        let sample = b.stack(&[
            &[("runtime.mallocgc", "runtime/malloc.go", 1010)],
            &[("main.inner", "main.go", 7), ("main.outer", "main.go", 20)],
            &[("runtime.main", "runtime/proc.go", 283)],
        ]);
        let profile = b.finish();
        let sample = Sample {
            stack: sample,
            ..Sample::default()
        };
        let site = profile.site(&sample).unwrap();
        assert_eq!(
            (&*site.function, site.line, site.inlined),
            ("main.inner", 7, true)
        );
    }

    #[test]
    fn site_of_a_runtime_only_stack_is_its_outermost_telling_frame() {
        let mut b = fixture::Builder::default();
        let telling = b.stack(&[
            &[("runtime.mallocgc", "runtime/malloc.go", 1010)],
            &[("runtime.bgsweep", "runtime/mgcsweep.go", 300)],
            &[("runtime.goexit", "runtime/asm_amd64.s", 1700)],
        ]);
        let bare = b.stack(&[
            &[("runtime.mstart1", "runtime/proc.go", 1)],
            &[("runtime.mstart", "runtime/asm_amd64.s", 2)],
        ]);
        let profile = b.finish();
        let site = |stack| {
            let sample = Sample {
                stack,
                ..Sample::default()
            };
            profile
                .site(&sample)
                .map(|frame| frame.function.into_owned())
        };
        assert_eq!(site(telling).as_deref(), Some("runtime.bgsweep"));
        assert_eq!(site(bare).as_deref(), Some("runtime.mstart"));
        assert_eq!(site(Vec::new()), None);
    }
}
