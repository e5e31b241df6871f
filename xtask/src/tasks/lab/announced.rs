//! What `go build -gcflags=-m` says of the lines of a function.

use std::{collections::BTreeMap, fs, ops::RangeInclusive, path::Path};

use anyhow::{Context as _, Result};

use super::scenario::Variant;

/// Where the functions of a package are: file and lines, by name.
#[derive(Debug, Default)]
pub struct Source(BTreeMap<String, (String, RangeInclusive<u32>)>);

/// What the compiler printed of escapes, by file and line.
#[derive(Debug, Default)]
pub struct Log(BTreeMap<(String, u32), Vec<Said>>);

/// One sentence of the compiler, as far as it is about the heap.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// On the heap: the whole sentence.
    Heap(String),
    /// Not on the heap: what.
    Stays(String),
}

impl Source {
    /// Reads the Go files of a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut source = Self::default();
        for entry in
            fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "go") {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                source.add(&name, &fs::read_to_string(&path)?);
            }
        }
        Ok(source)
    }

    /// Takes up the functions of a file that gofmt has been over: one ends on the
    /// line it begins on, or with the next brace at the beginning of a line.
    fn add(&mut self, file: &str, text: &str) {
        let mut open: Option<(String, u32)> = None;
        for (line, number) in text.lines().zip(1..) {
            if let Some(name) = declared(line) {
                if line.ends_with('}') {
                    self.0.insert(name, (file.to_owned(), number..=number));
                } else {
                    open = Some((name, number));
                }
            } else if line.starts_with('}')
                && let Some((name, first)) = open.take()
            {
                self.0.insert(name, (file.to_owned(), first..=number));
            }
        }
    }
}

/// The function that a line begins to declare; methods are none.
fn declared(line: &str) -> Option<String> {
    let rest = line.strip_prefix("func ")?;
    let name = rest.split(['(', '[']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

impl Log {
    /// Reads what `go build` prints.
    pub fn parse(text: &str) -> Self {
        let mut log = Self::default();
        for line in text.lines() {
            let Some((place, sentence)) = line.split_once(": ") else {
                continue;
            };
            let mut parts = place.trim_start_matches("./").split(':');
            let (Some(file), Some(Ok(number))) = (parts.next(), parts.next().map(str::parse))
            else {
                continue;
            };
            if let Some(said) = said(sentence) {
                let all = log.0.entry((file.to_owned(), number)).or_default();
                if !all.contains(&said) {
                    all.push(said);
                }
            }
        }
        log
    }

    /// What is said to be on the heap, and what not, on the lines of a variant.
    pub fn of(&self, source: &Source, variant: &Variant) -> Result<(Vec<String>, Vec<String>)> {
        let (mut heap, mut stays) = (Vec::new(), Vec::new());
        for name in std::iter::once(&variant.function).chain(&variant.also) {
            let (file, lines) = source
                .0
                .get(name)
                .with_context(|| format!("no function {name} in the lab"))?;
            let lines = (file.clone(), *lines.start())..=(file.clone(), *lines.end());
            for said in self.0.range(lines).flat_map(|(_, said)| said) {
                let (list, text) = match said {
                    Said::Heap(text) => (&mut heap, text),
                    Said::Stays(text) => (&mut stays, text),
                };
                if !list.contains(text) {
                    list.push(text.clone());
                }
            }
        }
        Ok((heap, stays))
    }
}

fn said(sentence: &str) -> Option<Said> {
    if let Some(what) = sentence.strip_suffix(" does not escape") {
        return Some(Said::Stays(what.to_owned()));
    }
    let heap = sentence.ends_with(" escapes to heap") || sentence.starts_with("moved to heap: ");
    heap.then(|| Said::Heap(sentence.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = "\
package main

func short() { sink = new(int) }

func long() {
\tm := make(map[string]int)
\tfunc() {
\t}()
}

func Map[T any](in []T) {
\treturn
}
";

    const LOG: &str = "\
# fixtures/lab
./a.go:3:6: can inline short
./a.go:3:26: new(int) escapes to heap
./a.go:6:11: make(map[string]int) does not escape
./a.go:6:11: make(map[string]int) does not escape
./a.go:11:17: leaking param: in
./a.go:12:2: moved to heap: x
";

    fn variant(function: &str, also: &[&str]) -> Variant {
        Variant {
            function: function.to_owned(),
            code: String::new(),
            operations: 1,
            seeded: false,
            also: also.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn lines_of_functions_and_what_is_said_of_them() {
        let mut source = Source::default();
        source.add("a.go", GO);
        let log = Log::parse(LOG);
        let of = |function: &str, also: &[&str]| log.of(&source, &variant(function, also)).unwrap();
        let words =
            |words: &[&str]| -> Vec<String> { words.iter().map(|it| (*it).to_owned()).collect() };
        assert_eq!(of("short", &[]).0, words(&["new(int) escapes to heap"]));
        assert_eq!(of("long", &[]), (vec![], words(&["make(map[string]int)"])));
        assert_eq!(of("long", &["Map"]).0, words(&["moved to heap: x"]));
        assert!(log.of(&source, &variant("other", &[])).is_err());
    }
}
