//! What the Go compiler says of its escape analysis: the output of `go build
//! -gcflags=-m` (also `-m=2`), and the files of `-gcflags=-json=0,DIR`.
//!
//! Text: go1.27 src/cmd/compile/internal/escape/escape.go:308 and solve.go:164. JSON:
//! src/cmd/compile/internal/logopt/log_opts.go.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Escape;

/// All that a build said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildLog {
    /// In order of package, file, line and column, none twice.
    pub escapes: Vec<Escape>,
    /// Packages that the compiler said anything of; the empty name stands for those
    /// it did not name.
    pub packages: BTreeSet<String>,
}

/// Why a text is no build log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildLogError {
    /// The compiler said nothing of escapes.
    #[error(
        "it says nothing of what escapes: make it with go build -gcflags=-m=2, which prints to stderr"
    )]
    Nothing,
    /// A file of `-json` does not begin as those do.
    #[error("it is no file of -gcflags=-json=0,DIR: {0}")]
    Json(serde_json::Error),
}

/// Where something is: package, file, line, column.
type Place = (String, String, u32, u32);

/// Escapes by place and what escapes, and how.
#[derive(Default)]
struct Collected {
    escapes: BTreeMap<(Place, String), Escape>,
    flows: BTreeMap<(Place, String), Vec<String>>,
    packages: BTreeSet<String>,
}

impl BuildLog {
    /// Reads what `go build` prints. Lines that are not the compiler's are passed over.
    ///
    /// # Errors
    ///
    /// Nothing in it is about escapes.
    pub fn parse(text: &str) -> Result<Self, BuildLogError> {
        let mut collected = Collected::default();
        let mut package = String::new();
        let mut detail = None;
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("# ") {
                // A test's package is followed by the binary it is built for.
                header
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut package);
            } else if let Some((place, said)) = placed(&package, line) {
                collected.packages.insert(package.clone());
                collected.take(place, said, &mut detail);
            }
        }
        collected.finish()
    }

    /// Reads the files of a folder that `-json=0,DIR` wrote, by their texts.
    ///
    /// # Errors
    ///
    /// One of them is none, or nothing in them is about escapes.
    pub fn parse_json<'a>(files: impl IntoIterator<Item = &'a str>) -> Result<Self, BuildLogError> {
        let mut collected = Collected::default();
        for text in files {
            collected.take_json(text).map_err(BuildLogError::Json)?;
        }
        collected.finish()
    }
}

/// Splits `FILE:LINE:COLUMN: WORDS`.
fn placed<'a>(package: &str, line: &'a str) -> Option<(Place, &'a str)> {
    let (place, said) = line.split_once(": ")?;
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next()?;
    let is_source = file.ends_with(".go") && !file.starts_with(char::is_whitespace);
    is_source.then(|| ((package.to_owned(), file.to_owned(), line, column), said))
}

impl Collected {
    /// One line. `detail` is what the lines that follow tell the flow of.
    fn take(&mut self, place: Place, said: &str, detail: &mut Option<(Place, String)>) {
        if let Some(step) = said.strip_prefix("  ") {
            if let Some(key) = detail.as_ref().filter(|(of, _)| *of == place) {
                let flow = self.flows.entry(key.clone()).or_default();
                flow.push(step.trim_end_matches(':').to_owned());
            }
            return;
        }
        *detail = None;
        if let Some(what) = said.strip_prefix("moved to heap: ") {
            self.add(place, what, true);
        } else if let Some(what) = said.strip_suffix(" escapes to heap") {
            self.add(place, what, false);
        } else if let Some(what) = detailed(said) {
            let key = (place, what.to_owned());
            // The same is told once for each copy of an inlined function.
            if !self.flows.contains_key(&key) {
                *detail = Some(key);
            }
        }
    }

    fn add(&mut self, place: Place, what: &str, is_variable: bool) {
        let (package, file, line, column) = place.clone();
        let escape = Escape {
            package,
            file,
            line,
            column,
            what: what.to_owned(),
            is_variable,
            flow: Vec::new(),
        };
        self.escapes.insert((place, what.to_owned()), escape);
    }

    fn take_json(&mut self, text: &str) -> Result<(), serde_json::Error> {
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next().unwrap_or_default())?;
        self.packages.insert(header.package.clone());
        for line in lines {
            let said: Diagnostic = serde_json::from_str(line)?;
            let what = said.message.strip_suffix(" escapes to heap");
            let variable = said.message.strip_prefix("moved to heap: ");
            let Some((what, is_variable)) =
                what.map(|it| (it, false)).or(variable.map(|it| (it, true)))
            else {
                continue;
            };
            let start = &said.range.start;
            let place = (
                header.package.clone(),
                header.file.clone(),
                start.line,
                start.character,
            );
            let flow = said.related.iter();
            let flow = flow.filter_map(|it| it.message.strip_prefix("escflow:"));
            let flow = flow.map(|step| step.trim().trim_end_matches(':').to_owned());
            self.flows
                .insert((place.clone(), what.to_owned()), flow.collect());
            self.add(place, what, is_variable);
        }
        Ok(())
    }

    fn finish(self) -> Result<BuildLog, BuildLogError> {
        if self.escapes.is_empty() {
            return Err(BuildLogError::Nothing);
        }
        let mut flows = self.flows;
        let escapes = self.escapes.into_iter().map(|(key, mut escape)| {
            if let Some(flow) = flows.remove(&key) {
                escape.flow = flow;
            } else if let Some((what, flow)) = take_other(&mut flows, &key.0) {
                escape.what = what;
                escape.flow = flow;
            }
            escape
        });
        Ok(BuildLog {
            escapes: escapes.collect(),
            packages: self.packages,
        })
    }
}

/// The flow that is told at a place of something that goes by a shorter name when it is
/// announced: `append(list, x)` is announced as `append` (go1.25
/// src/cmd/compile/internal/escape/escape.go:326).
fn take_other(
    flows: &mut BTreeMap<(Place, String), Vec<String>>,
    place: &Place,
) -> Option<(String, Vec<String>)> {
    let from = (place.clone(), String::new());
    let key = flows.range(from..).next().map(|(key, _)| key.clone())?;
    let flow = (key.0 == *place).then(|| flows.remove(&key))??;
    Some((key.1, flow))
}

/// What a line is about that begins to tell a flow: `X escapes to heap in f:`, up to
/// go1.24 `X escapes to heap:`.
fn detailed(said: &str) -> Option<&str> {
    let said = said.strip_suffix(':')?;
    match said.rsplit_once(" escapes to heap in ") {
        Some((what, _)) => Some(what),
        None => said.strip_suffix(" escapes to heap"),
    }
}

#[derive(Deserialize)]
struct Header {
    package: String,
    file: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    range: Range,
    #[serde(default)]
    message: String,
    #[serde(default, rename = "relatedInformation")]
    related: Vec<Related>,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
}

#[derive(Deserialize)]
struct Position {
    line: u32,
    character: u32,
}

#[derive(Deserialize)]
struct Related {
    #[serde(default)]
    message: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Go 1.27 with `-m=2`.
    const NEW: &str = "\
# example.com/ex
./main.go:11:6: can inline newNode with cost 5 as: func(int) *node { return &node{...} }
./main.go:16:2: x escapes to heap in addr:
./main.go:16:2:   flow: ~r0 ← &x:
./main.go:16:2:     from &x (address-of) at ./main.go:17:9
./main.go:16:2: moved to heap: x
./main.go:30:55: s does not escape
go: downloading nothing
";

    /// Go 1.19 with `-m=2`.
    const OLD: &str = "\
# command-line-arguments
./main.go:16:2: x escapes to heap:
./main.go:16:2:   flow: ~r0 = &x:
./main.go:16:2:     from &x (address-of) at ./main.go:17:9
./main.go:16:2: moved to heap: x
";

    #[test]
    fn reads_what_old_and_new_compilers_print() {
        for (log, package) in [(NEW, "example.com/ex"), (OLD, "command-line-arguments")] {
            let log = BuildLog::parse(log).unwrap();
            let [escape] = log.escapes.as_slice() else {
                panic!("{log:?}");
            };
            assert_eq!((escape.line, escape.column), (16, 2));
            assert_eq!(escape.sentence(), "moved to heap: x");
            assert_eq!(escape.flow.len(), 2, "{escape:?}");
            assert!(log.packages.contains(package));
        }
    }

    #[test]
    fn what_is_announced_by_a_short_name_gets_its_flow() {
        let log = "\
./main.go:52:20: append(list, i) escapes to heap in appends:
./main.go:52:20:   flow: {heap} ← &{storage for append(list, i)}:
./main.go:52:20: append escapes to heap
./main.go:53:20: append escapes to heap
";
        let escapes = BuildLog::parse(log).unwrap().escapes;
        assert_eq!(escapes[0].what, "append(list, i)");
        assert_eq!(escapes[0].flow.len(), 1);
        assert_eq!(
            (escapes[1].what.as_str(), escapes[1].flow.len()),
            ("append", 0)
        );
    }

    #[test]
    fn what_a_test_is_built_for_is_not_its_package() {
        let log = "# example.com/ex [example.com/ex.test]\na.go:1:2: x escapes to heap\n";
        let log = BuildLog::parse(log).unwrap();
        assert_eq!(log.escapes[0].package, "example.com/ex");
    }

    #[test]
    fn reads_files_of_json() {
        let file = concat!(
            r#"{"version":0,"package":"main","goos":"linux","file":"/src/main.go"}"#,
            "\n",
            r#"{"range":{"start":{"line":16,"character":2}},"code":"escape","message":"x escapes to heap","relatedInformation":[{"message":"escflow:    flow: ~r0 = &x:"},{"message":"inlineLoc"}]}"#,
            "\n",
            r#"{"range":{"start":{"line":16,"character":2}},"code":"escape","message":""}"#,
            "\n",
        );
        let log = BuildLog::parse_json([file]).unwrap();
        assert_eq!(log.escapes[0].flow, ["flow: ~r0 = &x"]);
        assert_eq!(log.escapes[0].package, "main");
    }

    #[test]
    fn what_is_no_log_is_refused_with_a_cure() {
        let error = BuildLog::parse("hello\n").unwrap_err().to_string();
        assert!(error.contains("-gcflags=-m=2"), "{error}");
        let error = BuildLog::parse_json(["[]"]).unwrap_err().to_string();
        assert!(error.contains("-json=0,DIR"), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(#|[a-z]\\.go|:|[0-9]| |\n|escapes to heap|flow){0,60}") {
            let _ = BuildLog::parse(&text);
            let _ = BuildLog::parse_json([text.as_str()]);
        }
    }
}
