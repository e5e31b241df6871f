//! The call tree of a row: who called it, and what it calls, as far as that allocates.

use std::collections::BTreeMap;

use super::recent::Pair;
use super::rows::{objects, samples_of};
use crate::profile::{Frame, Profile, Sample, Values};
use crate::report::By;
use crate::report::units::short_path;

/// Frames followed outward or inward.
const MOST_DEPTH: usize = 64;
/// Lines of a tree; what comes behind is left out, and said to be.
const MOST_LINES: usize = 1000;
/// What a function allocates in its own code.
const ITSELF: &str = "[itself]";

/// A line of a call tree.
#[derive(Clone, Debug, PartialEq)]
pub enum TreeLine {
    /// What follows.
    Heading(String),
    /// A frame.
    Frame {
        /// How far in, from 0.
        depth: usize,
        /// Function, and where in it the call is.
        label: String,
        /// What was allocated under it since the recording began.
        values: Values,
        /// Bytes asked for a second, over the last ten seconds.
        bytes_per_s: f64,
        /// Share of the bytes of its tree, percent.
        percent: f64,
    },
}

/// The call tree of the row `key`.
pub fn tree(pair: &Pair, by: By, key: &str) -> Vec<TreeLine> {
    let mut callers = Node::default();
    for (profile, when) in profiles(pair) {
        for sample in samples_of(profile, by, key) {
            let path = user_frames(profile, sample).iter().map(label).collect();
            callers.add(path, sample.values, when);
        }
    }
    let mut lines = vec![TreeLine::Heading(
        "Callers, from what allocates outward".to_owned(),
    )];
    callers.write(pair, &mut lines);
    let of_function = matches!(by, By::Site | By::Function | By::Line);
    if of_function && let Some(function) = function_of(&pair.now.profile, by, key) {
        let mut callees = Node::default();
        for (profile, when) in profiles(pair) {
            for sample in objects(profile) {
                if let Some(path) = path_inward(profile, sample, &function) {
                    callees.add(path, sample.values, when);
                }
            }
        }
        lines.push(TreeLine::Heading(format!(
            "Callees of {function} that allocate"
        )));
        callees.write(pair, &mut lines);
    }
    lines
}

/// Which of two snapshots.
#[derive(Clone, Copy)]
enum When {
    Now,
    Before,
}

fn profiles(pair: &Pair) -> impl Iterator<Item = (&Profile, When)> {
    std::iter::once((&pair.now.profile, When::Now))
        .chain(pair.profile_before().map(|before| (before, When::Before)))
}

/// Frames that are not the runtime's, innermost first; of the runtime's own stacks that
/// which they count for.
fn user_frames<'a>(profile: &'a Profile, sample: &'a Sample) -> Vec<Frame<'a>> {
    let mut frames: Vec<Frame<'a>> = profile
        .frames(&sample.stack)
        .filter(|frame| !frame.runtime)
        .collect();
    if frames.is_empty() {
        frames.extend(profile.site(sample));
    }
    frames
}

fn label(frame: &Frame<'_>) -> String {
    match frame.position() {
        Some(position) => format!("{} {}", frame.function, short_path(&position)),
        None => frame.function.clone().into_owned(),
    }
}

/// The function that the row is of.
fn function_of(profile: &Profile, by: By, key: &str) -> Option<String> {
    let sample = samples_of(profile, by, key).next()?;
    Some(profile.site(sample)?.function.into_owned())
}

/// Functions from the one that `function` called to the one that allocates; `None` when
/// it is not on the stack. Where it recurses, from its outermost call on.
fn path_inward(profile: &Profile, sample: &Sample, function: &str) -> Option<Vec<String>> {
    let frames = user_frames(profile, sample);
    let at = frames
        .iter()
        .rposition(|frame| frame.function == function)?;
    if at == 0 {
        return Some(vec![ITSELF.to_owned()]);
    }
    let inner = frames.iter().take(at).rev();
    Some(
        inner
            .map(|frame| frame.function.clone().into_owned())
            .collect(),
    )
}

/// A frame, and what is under it.
#[derive(Default)]
struct Node {
    now: Values,
    before: Values,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn add(&mut self, path: Vec<String>, values: Values, when: When) {
        let mut node = self;
        node.count(values, when);
        for label in path.into_iter().take(MOST_DEPTH) {
            node = node.children.entry(label).or_default();
            node.count(values, when);
        }
    }

    fn count(&mut self, values: Values, when: When) {
        match when {
            When::Now => self.now += values,
            When::Before => self.before += values,
        }
    }

    /// Everything under it, most first.
    fn write(&self, pair: &Pair, lines: &mut Vec<TreeLine>) {
        self.write_children(pair, self.now.bytes, 0, lines);
        if lines.len() >= MOST_LINES {
            lines.push(TreeLine::Heading(
                "There is more: `s` saves all of it, for `goalloc export`".to_owned(),
            ));
        }
    }

    fn write_children(&self, pair: &Pair, all: u64, depth: usize, lines: &mut Vec<TreeLine>) {
        let mut children: Vec<_> = self.children.iter().collect();
        children.sort_by_key(|(_, node)| std::cmp::Reverse(node.now.bytes));
        for (label, node) in children
            .into_iter()
            .filter(|(_, node)| node.now.objects > 0)
        {
            if lines.len() >= MOST_LINES {
                return;
            }
            lines.push(TreeLine::Frame {
                depth,
                label: label.clone(),
                values: node.now,
                bytes_per_s: pair.per_second(node.now.bytes, node.before.bytes),
                percent: node.now.bytes as f64 / all.max(1) as f64 * 100.0,
            });
            node.write_children(pair, all, depth + 1, lines);
        }
    }
}
