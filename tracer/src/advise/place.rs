//! The lines that advice is about.

use std::collections::BTreeMap;

use crate::cause::Cause;
use crate::plan::{self, growth::BUFFER};
use crate::profile::frame::package_of;
use crate::profile::{Frame, Profile, Sample};

/// A line of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Source file, empty when unknown.
    pub file: String,
    /// Line in it, 0 when unknown.
    pub line: u32,
    /// The function.
    pub function: String,
    /// The function of the standard library that it calls and that allocates, if it
    /// does not itself; behind functions that do no more than pass data on.
    pub through: Option<String>,
}

/// What was allocated from one place for one cause.
pub(super) struct Site<'a> {
    pub place: Place,
    pub cause: &'a str,
    /// The objects.
    pub samples: Vec<&'a Sample>,
    /// The steps by which something grew there, where probes counted them.
    pub steps: Vec<&'a Sample>,
}

/// Functions of the standard library that do no more than hand their caller's data on to
/// what it gave them to write to.
const PASSING_ON: &[&str] = &[
    "fmt.Fprint",
    "io.Copy",
    "io.WriteString",
    "io.copyBuffer",
    "io.(*multiWriter).",
];

/// First elements of the import paths of the standard library. A path whose first
/// element has no dot is reserved for it, but modules that are published nowhere do as
/// they please (go1.27 src/cmd/go/internal/search/search.go:529).
const STANDARD: &[&str] = &[
    "archive",
    "arena",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "simd",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "uuid",
    "vendor",
    "weak",
];

impl Place {
    /// Whether the line allocates itself, or by a function whose name begins with one of
    /// these. What other functions allocate for their own ends is not for their caller
    /// to mend.
    pub(super) fn allocates_by(&self, functions: &[&str]) -> bool {
        self.through
            .as_deref()
            .is_none_or(|through| functions.iter().any(|name| through.starts_with(name)))
    }
}

/// All sites that have a place in the program and objects, in order.
pub(super) fn sites(profile: &Profile) -> Vec<Site<'_>> {
    let mut objects: BTreeMap<(Place, &str), Vec<&Sample>> = BTreeMap::new();
    let mut steps: BTreeMap<(Place, &str), Vec<&Sample>> = BTreeMap::new();
    for sample in &profile.samples {
        let Some(cause) = cause_of(profile, sample) else {
            continue;
        };
        let Some(place) = place_of(profile, sample) else {
            continue;
        };
        let of_kind = match sample.labels.growth {
            Some(_) => &mut steps,
            None => &mut objects,
        };
        of_kind.entry((place, cause)).or_default().push(sample);
    }
    objects
        .into_iter()
        .map(|(site, samples)| Site {
            steps: steps.remove(&site).unwrap_or_default(),
            place: site.0,
            cause: site.1,
            samples,
        })
        .collect()
}

/// Why objects were allocated, or will be for what grows. `None` for what says nothing.
fn cause_of<'a>(profile: &Profile, sample: &'a Sample) -> Option<&'a str> {
    let labels = &sample.labels;
    if labels.growth.is_none() {
        return labels
            .cause
            .as_deref()
            .filter(|_| sample.values.objects > 0);
    }
    let call = labels.call.as_deref().filter(|_| sample.values.calls > 0)?;
    if !plan::growth::is_of_slices(call) {
        return Some(Cause::MapGrowth.name());
    }
    // Of a buffer that grows its own function has said how far.
    let mut frames = profile.frames(&sample.stack).skip_while(|it| it.runtime);
    let is_within_buffer = call != BUFFER
        && frames
            .next()
            .is_some_and(|caller| caller.function == BUFFER);
    (!is_within_buffer).then(|| Cause::AppendGrowth.name())
}

/// The innermost line outside the runtime and the standard library.
fn place_of(profile: &Profile, sample: &Sample) -> Option<Place> {
    let mut standard = Vec::new();
    for frame in profile.frames(&sample.stack).filter(|it| !it.runtime) {
        if is_of_program(&frame) {
            return Some(Place {
                file: frame.file.to_owned(),
                line: frame.line,
                function: frame.function.into_owned(),
                through: through(&standard),
            });
        }
        standard.push(frame.function.into_owned());
    }
    None
}

/// The one of these functions, innermost first, that the program has to do with.
fn through(standard: &[String]) -> Option<String> {
    let package = package_of(standard.first()?);
    let is_inside = |name: &&String| package_of(name) == package;
    let (inside, outside) = standard.split_at(standard.iter().take_while(is_inside).count());
    let passes_on = |name: &String| PASSING_ON.iter().any(|it| name.starts_with(it));
    if outside.iter().all(passes_on) {
        inside.last().cloned()
    } else {
        standard.last().cloned()
    }
}

/// Whether a frame is Go code that is not the standard library's.
fn is_of_program(frame: &Frame<'_>) -> bool {
    package_of(&frame.function).is_some_and(|package| {
        let first = package.split('/').next().unwrap_or(&package);
        !STANDARD.contains(&first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_mends_what_it_hands_over_itself() {
        for (standard, expected) in [
            (
                &[
                    "bytes.growSlice",
                    "bytes.(*Buffer).grow",
                    "bytes.(*Buffer).Write",
                ][..],
                Some("bytes.(*Buffer).Write"),
            ),
            (
                &["bytes.growSlice", "bytes.(*Buffer).Write", "fmt.Fprintf"],
                Some("bytes.(*Buffer).Write"),
            ),
            (
                &[
                    "bytes.growSlice",
                    "bytes.(*Buffer).Write",
                    "encoding/json.Marshal",
                ],
                Some("encoding/json.Marshal"),
            ),
            (
                &["strings.(*Builder).WriteString", "strings.Join"],
                Some("strings.Join"),
            ),
            (&[], None),
        ] {
            let standard: Vec<_> = standard.iter().map(|&it| it.to_owned()).collect();
            assert_eq!(through(&standard).as_deref(), expected);
        }
    }
}
