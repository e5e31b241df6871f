//! Which frames are looked at.
//!
//! Input: a [`Profile`] and [`FrameOptions`]. Output: a [`Profile`] that everything
//! downstream takes like a recording: samples that no longer differ are one, and
//! [`Profile::left_out`] says what is not shown.
//!
//! The options mean what those of `go tool pprof` mean, and apply in this order:
//!
//! | option | does | pprof |
//! |---|---|---|
//! | `focus` | keeps samples with a frame that matches | `-focus` |
//! | `ignore` | drops samples with a frame that matches | `-ignore` |
//! | `hide` | takes frames that match out of call chains | `-hide` |
//! | `show` | takes frames that do not match out of call chains | `-show` |
//! | `trim_to` | takes out the callers of the outermost frame whose package matches | `-show_from`, of functions |
//! | `runtime_frames` | hides or folds the runtime's frames | |
//! | `generics` | names functions without or with type arguments | |
//!
//! A frame matches when its function's name does, folded or full, or its file. Inlined
//! frames are frames. The frame of an unknown function is its address, and that of a
//! lost call chain [`LOST_STACK`](crate::profile::pprof::LOST_STACK). pprof matches the
//! executable's path as well, which would be all frames or none.
//!
//! As in pprof, a sample without any frame left is dropped, and so is one without a
//! frame that `trim_to` asks for. `runtime_frames` drops nothing: where all frames are
//! the runtime's, [`RUNTIME`] stands for them.
//!
//! Intervals hold in a view: what the samples that are not shown were estimated from
//! is kept, added up. The timeline is dropped: its series are by site, of all samples.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use regex::Regex;

use self::frames::{Frames, StackView};
use crate::profile::{Labels, LeftOut, LocationId, Profile, Sample};

mod frames;

#[cfg(test)]
mod tests;

/// Name of the frame that stands for frames of the runtime.
pub const RUNTIME: &str = "[runtime]";

/// What is to be seen of a recording. The default is all of it, as it was recorded.
#[derive(Clone, Debug, Default)]
pub struct FrameOptions {
    /// Keep samples with a frame that matches.
    pub focus: Option<Regex>,
    /// Drop samples with a frame that matches.
    pub ignore: Option<Regex>,
    /// Take frames that match out of call chains.
    pub hide: Option<Regex>,
    /// Take frames that do not match out of call chains.
    pub show: Option<Regex>,
    /// Begin call chains at their outermost frame of a package that matches. The main
    /// package is matched by its path and as `main`.
    pub trim_to: Option<Regex>,
    /// What becomes of the runtime's frames.
    pub runtime_frames: RuntimeFrames,
    /// How generic functions are named.
    pub generics: Generics,
}

/// What becomes of the runtime's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RuntimeFrames {
    /// They are shown
    #[default]
    Show,
    /// They are taken out of call chains
    Hide,
    /// Those that follow each other become one, \[runtime\]
    Fold,
}

/// How generic functions are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Generics {
    /// Without type arguments, as main.F[...]
    #[default]
    Fold,
    /// As the binary has them, from Go 1.21 on with type arguments
    Full,
}

impl FrameOptions {
    /// Whether all is shown as it was recorded.
    #[must_use]
    pub fn is_all(&self) -> bool {
        let patterns = self.patterns();
        patterns.iter().all(|(_, pattern)| pattern.is_none())
            && self.runtime_frames == RuntimeFrames::Show
            && self.generics == Generics::Fold
    }

    fn patterns(&self) -> [(&'static str, &Option<Regex>); 5] {
        [
            ("focus", &self.focus),
            ("ignore", &self.ignore),
            ("hide", &self.hide),
            ("show", &self.show),
            ("trim-to", &self.trim_to),
        ]
    }
}

/// As the command line has them.
impl fmt::Display for FrameOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        for (name, pattern) in self.patterns() {
            words.extend(pattern.as_ref().map(|it| format!("--{name} {it}")));
        }
        match self.runtime_frames {
            RuntimeFrames::Show => {}
            RuntimeFrames::Hide => words.push("--runtime-frames hide".to_owned()),
            RuntimeFrames::Fold => words.push("--runtime-frames fold".to_owned()),
        }
        if self.generics == Generics::Full {
            words.push("--generics full".to_owned());
        }
        f.write_str(&words.join(" "))
    }
}

/// What `options` show of `profile`.
#[must_use]
pub fn apply(profile: Profile, options: &FrameOptions) -> Profile {
    if options.is_all() {
        return profile;
    }
    let mut frames = Frames::new(&profile, options);
    let mut shown = Samples::default();
    let mut left_out = profile.left_out.clone().unwrap_or_default();
    let mut stack = Vec::new();
    for sample in &profile.samples {
        match frames.view(&sample.stack, &mut stack) {
            StackView::Shown => shown.add(&stack, sample),
            StackView::LeftOut => leave_out(&mut left_out, sample),
        }
    }
    let view = options.to_string();
    left_out.view = match left_out.view.as_str() {
        "" => view,
        earlier => format!("{earlier}, then {view}"),
    };
    let (functions, locations) = frames.into_tables();
    let mut warnings = profile.warnings;
    if profile.timeline.is_some() {
        warnings.push(
            "the timeline is not shown: it is by site, of every sample that was recorded"
                .to_owned(),
        );
    }
    Profile {
        target: profile.target,
        coverage: profile.coverage,
        start_unix_ns: profile.start_unix_ns,
        duration_ns: profile.duration_ns,
        losses: profile.losses,
        warnings,
        functions,
        locations,
        samples: shown.samples,
        left_out: Some(left_out),
        strata: profile.strata,
        timeline: None,
    }
}

fn leave_out(left_out: &mut LeftOut, sample: &Sample) {
    left_out.values += sample.values;
    for part in &sample.parts {
        part.clone().add_to(&mut left_out.parts);
    }
}

/// Samples, no two with the same stack and labels. An exact one and an estimated one
/// cannot be added up and stay both.
#[derive(Default)]
struct Samples {
    samples: Vec<Sample>,
    indexes: HashMap<(Arc<[LocationId]>, Labels, bool), usize>,
}

impl Samples {
    fn add(&mut self, stack: &[LocationId], sample: &Sample) {
        let key = (stack.into(), sample.labels.clone(), sample.parts.is_empty());
        match self.indexes.entry(key) {
            Entry::Occupied(entry) => {
                let same = &mut self.samples[*entry.get()];
                same.values += sample.values;
                for part in &sample.parts {
                    part.clone().add_to(&mut same.parts);
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(self.samples.len());
                self.samples.push(Sample {
                    stack: stack.to_vec(),
                    ..sample.clone()
                });
            }
        }
    }
}
