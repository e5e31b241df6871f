//! The lines that advice is about.

use std::collections::BTreeMap;

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
    /// does not itself.
    pub through: Option<String>,
}

/// What was allocated from one place for one cause.
pub(super) struct Site<'a> {
    pub place: Place,
    pub cause: &'a str,
    pub samples: Vec<&'a Sample>,
}

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

/// All sites that have a place in the program, in order.
pub(super) fn sites(profile: &Profile) -> Vec<Site<'_>> {
    let mut sites: BTreeMap<(Place, &str), Vec<&Sample>> = BTreeMap::new();
    for sample in profile.samples.iter().filter(|it| it.values.objects > 0) {
        let Some(cause) = sample.labels.cause.as_deref() else {
            continue;
        };
        if let Some(place) = place_of(profile, sample) {
            sites.entry((place, cause)).or_default().push(sample);
        }
    }
    sites
        .into_iter()
        .map(|((place, cause), samples)| Site {
            place,
            cause,
            samples,
        })
        .collect()
}

/// The innermost line outside the runtime and the standard library.
fn place_of(profile: &Profile, sample: &Sample) -> Option<Place> {
    let mut through = None;
    for frame in profile.frames(&sample.stack).filter(|it| !it.runtime) {
        if is_of_program(&frame) {
            return Some(Place {
                file: frame.file.to_owned(),
                line: frame.line,
                function: frame.function.into_owned(),
                through,
            });
        }
        through.get_or_insert_with(|| frame.function.into_owned());
    }
    None
}

/// Whether a frame is Go code that is not the standard library's.
fn is_of_program(frame: &Frame<'_>) -> bool {
    package_of(&frame.function).is_some_and(|package| {
        let first = package.split('/').next().unwrap_or(&package);
        !STANDARD.contains(&first)
    })
}
