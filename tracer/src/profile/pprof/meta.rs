//! What a recording says beyond pprof's fields, kept in its comments.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::frame::package_of;
use super::super::{Coverage, Function, LeftOut, Losses, Profile, Target, summary};

/// Version of [`Meta`]. A reader refuses larger ones; new fields that old
/// readers may pass over do not change it.
pub const SCHEMA: u32 = 1;

/// What precedes the JSON in the machine-readable comment.
pub(super) const PREFIX: &str = "goalloc: ";

/// The machine-readable comment of a recording: one line, `goalloc: {json}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Version of goalloc that wrote it.
    pub version: String,
    /// What was recorded, its command line included.
    pub target: Target,
    /// How much of it was seen.
    pub coverage: Coverage,
    /// What was not.
    pub losses: Losses,
    /// Sentences about what the figures do not cover.
    pub warnings: Vec<String>,
    /// Functions whose `runtime` flag differs from what their name says, as
    /// pairs of name and file. By name, the runtime's are those of package
    /// `runtime` and of the packages below `internal/runtime` and
    /// `runtime/internal`; its bodies given to other packages by linkname
    /// (`reflect.unsafe_New`) are the exceptions. Names and files are stored
    /// instead of ids because other tools renumber functions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub runtime_exceptions: BTreeSet<(String, String)>,
    /// What a view took out; the parts of it are with those of the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

impl Meta {
    /// What `profile` needs beyond pprof's own fields.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let runtime_exceptions = profile
            .functions
            .iter()
            .filter(|function| function.runtime != is_runtime_name(&function.name))
            .map(|function| (function.name.clone(), function.file.clone()))
            .collect();
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: profile.target.clone(),
            coverage: profile.coverage.clone(),
            losses: profile.losses,
            warnings: profile.warnings.clone(),
            runtime_exceptions,
            left_out: profile.left_out.as_ref().map(|left_out| LeftOut {
                view: left_out.view.clone(),
                values: left_out.values,
                parts: Vec::new(),
            }),
        }
    }

    /// Whether a function is the runtime's, by its name and the exceptions.
    pub(super) fn is_runtime(&self, function: &Function) -> bool {
        let exception = !self.runtime_exceptions.is_empty()
            && self
                .runtime_exceptions
                .contains(&(function.name.clone(), function.file.clone()));
        is_runtime_name(&function.name) != exception
    }

    /// Takes in the comment of another recording that a tool merged with this
    /// one: coverage and losses add up, the rest is united.
    pub(super) fn merge(&mut self, other: Self) {
        self.target.pids.extend(other.target.pids);
        self.target.pids.sort_unstable();
        self.target.pids.dedup();
        self.coverage.merge(&other.coverage);
        self.losses.merge(other.losses);
        match (&mut self.left_out, other.left_out) {
            (Some(mine), Some(theirs)) => mine.values += theirs.values,
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        for warning in other.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.runtime_exceptions.extend(other.runtime_exceptions);
    }
}

/// The comments of a recording: sentences, which viewers print, and behind them
/// the JSON.
pub(super) fn comments(profile: &Profile) -> Vec<String> {
    let mut comments = vec![
        format!("target: {}", one_line(&summary::target(profile))),
        format!("coverage: {}", summary::coverage(profile)),
        format!(
            "lost: {}",
            summary::losses(&profile.losses).unwrap_or_else(|| "nothing".to_owned())
        ),
    ];
    comments.extend(summary::view(profile).map(|view| format!("shown: {}", one_line(&view))));
    comments.extend(
        profile
            .warnings
            .iter()
            .map(|warning| format!("warning: {}", one_line(warning))),
    );
    let json = serde_json::to_string(&Meta::of(profile)).expect("no maps with odd keys");
    comments.push(format!("{PREFIX}{json}"));
    comments
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn is_runtime_name(name: &str) -> bool {
    package_of(name).is_some_and(|package| {
        package == "runtime"
            || package.starts_with("internal/runtime/")
            || package.starts_with("runtime/internal/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtime_packages_are_told_by_name() {
        for name in [
            "runtime.mallocgc",
            "internal/runtime/maps.(*Map).growToTable",
            "runtime/internal/atomic.Xadd64",
        ] {
            assert!(is_runtime_name(name), "{name}");
        }
        for name in [
            "runtime/pprof.writeHeap",
            "main.runtime.x",
            "reflect.unsafe_New",
            "malloc",
        ] {
            assert!(!is_runtime_name(name), "{name}");
        }
    }

    #[test]
    fn only_what_the_name_does_not_say_is_listed() {
        let function = |name: &str, runtime| Function {
            name: name.into(),
            file: "runtime/malloc.go".into(),
            start_line: 1,
            runtime,
            full_name: None,
        };
        let profile = Profile {
            functions: vec![
                function("runtime.mallocgc", true),
                function("reflect.unsafe_New", true),
                function("runtime.mine", false),
                function("main.f", false),
            ],
            ..Profile::default()
        };
        let meta = Meta::of(&profile);
        let names: Vec<_> = meta
            .runtime_exceptions
            .iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["reflect.unsafe_New", "runtime.mine"]);
        for function in &profile.functions {
            assert_eq!(
                meta.is_runtime(function),
                function.runtime,
                "{}",
                function.name
            );
        }
    }
}
