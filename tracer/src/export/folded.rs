//! Folded stacks: one line for each call chain, its frames from the outermost
//! to the innermost between semicolons, a space and its weight. flamegraph.pl,
//! inferno and speedscope read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::{Root, Value};
use crate::profile::pprof::LOST_STACK;
use crate::profile::{LocationId, Profile, Sample, summary};

/// `profile` as folded stacks, sorted by stack; runtime frames included.
/// Samples that weigh nothing, as those of counted calls, have no line.
///
/// A name that would be misread (semicolons, line ends, a number behind a space
/// at the end) is changed to one that is not. When something was lost, the first
/// line says so behind `# `, which these tools pass over.
#[must_use]
pub fn to_folded(profile: &Profile, value: Value, root: Option<Root>) -> String {
    let mut text = String::new();
    // Writing to a String does not fail. A number at the end would be a weight.
    if let Some(lost) = summary::losses(&profile.losses).filter(|_| profile.losses.any()) {
        let _ = writeln!(text, "# LOST: {lost}.");
    }
    for (stack, weight) in weigh(profile, value, root) {
        let _ = writeln!(text, "{stack} {weight}");
    }
    text
}

/// Weight of each folded stack, in the order of the stacks.
pub(super) fn weigh(profile: &Profile, value: Value, root: Option<Root>) -> BTreeMap<String, u64> {
    let mut weights = BTreeMap::new();
    let mut folder = Folder {
        profile,
        words: HashMap::new(),
    };
    for sample in &profile.samples {
        let weight = value.of(sample.values);
        if weight > 0 {
            let sum: &mut u64 = weights.entry(folder.fold(sample, root)).or_default();
            *sum = sum.saturating_add(weight);
        }
    }
    weights
}

/// Folds call chains; each location is put into words once.
struct Folder<'a> {
    profile: &'a Profile,
    /// Frames of a location, outermost first and ready for a line.
    words: HashMap<LocationId, String>,
}

impl Folder<'_> {
    fn fold(&mut self, sample: &Sample, root: Option<Root>) -> String {
        let mut stack = String::new();
        if let Some(root) = root {
            push(&mut stack, &frame_name(root.of(sample)));
        }
        let mut known = false;
        for id in sample.stack.iter().rev() {
            let words = self.words.entry(*id).or_insert_with(|| {
                let frames: Vec<_> = self.profile.frames(std::slice::from_ref(id)).collect();
                let mut words = String::new();
                for frame in frames.iter().rev() {
                    push(&mut words, &frame_name(&frame.function));
                }
                words
            });
            push(&mut stack, words);
            known |= !words.is_empty();
        }
        if !known {
            push(&mut stack, LOST_STACK);
        }
        without_final_number(stack)
    }
}

fn push(stack: &mut String, words: &str) {
    if words.is_empty() {
        return;
    }
    if !stack.is_empty() {
        stack.push(';');
    }
    stack.push_str(words);
}

/// A name that is one frame to every reader of folded stacks, and valid XML.
pub(super) fn frame_name(name: &str) -> Cow<'_, str> {
    let odd = |c: char| c == ';' || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let name = if name.contains(odd) {
        Cow::Owned(name.replace(';', ":").replace(odd, " ").trim().to_owned())
    } else {
        Cow::Borrowed(name.trim())
    };
    if name.is_empty() {
        Cow::Borrowed("[unnamed]")
    } else {
        name
    }
}

/// Readers take a second number at the end of a line for that of a differential
/// profile: a name that ends in one is joined by `_`.
fn without_final_number(mut stack: String) -> String {
    if let Some(space) = stack.rfind(' ') {
        let last = stack.get(space + 1..).unwrap_or_default();
        if last.chars().all(|c| c.is_ascii_digit() || c == '.') {
            stack.replace_range(space..=space, "_");
        }
    }
    stack
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::golden;
    use crate::profile::{fixture, strategy};

    #[test]
    fn folded_stacks_match_the_golden_files() {
        let profile = fixture::service();
        golden::check(
            "bytes.folded",
            to_folded(&profile, Value::Bytes, None).as_bytes(),
        );
        golden::check(
            "objects-by-type.folded",
            to_folded(&profile, Value::Objects, Some(Root::Type)).as_bytes(),
        );
    }

    #[test]
    fn inferno_reads_every_line_back() {
        let profile = fixture::service();
        let text = to_folded(&profile, Value::Objects, None);
        let mut svg = Vec::new();
        let mut options = inferno::flamegraph::Options::default();
        "objects".clone_into(&mut options.count_name);
        options.min_width = 0.0;
        inferno::flamegraph::from_lines(&mut options, text.lines(), &mut svg).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        for title in [
            "all (133,904 objects, 100%)",
            "io.ReadAll (13,801 objects, 10.31%)",
            "[lost stack] (11 objects, 0.01%)",
        ] {
            assert!(svg.contains(title), "{title}");
        }
    }

    #[test]
    fn an_empty_profile_is_an_empty_text() {
        assert_eq!(to_folded(&Profile::default(), Value::Bytes, None), "");
    }

    #[test]
    fn names_that_would_be_misread_are_changed() {
        assert_eq!(
            frame_name("struct { A int; B int }"),
            "struct { A int: B int }"
        );
        assert_eq!(frame_name("a\nb"), "a b");
        assert_eq!(frame_name(" \t"), "[unnamed]");
        assert_eq!(
            without_final_number("main.f 12 3.5".into()),
            "main.f 12_3.5"
        );
        assert_eq!(without_final_number("main.f x12".into()), "main.f x12");
    }

    proptest! {
        #[test]
        fn every_weight_is_in_exactly_one_line(mut profile in strategy::profile()) {
            for sample in &mut profile.samples {
                sample.values.bytes %= 1 << 40;
            }
            let text = to_folded(&profile, Value::Bytes, Some(Root::Cause));
            let mut sum = 0;
            for line in text.lines().filter(|line| !line.starts_with("# LOST")) {
                let (stack, weight) = line.rsplit_once(' ').unwrap();
                prop_assert!(!stack.is_empty() && stack.split(';').all(|name| !name.is_empty()));
                sum += weight.parse::<u64>().unwrap();
            }
            prop_assert_eq!(sum, profile.totals().bytes);
        }
    }
}
