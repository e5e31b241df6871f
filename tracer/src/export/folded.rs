//! Folded stacks: one line for each call chain, its frames from the outermost
//! to the innermost between semicolons, a space and its weight. flamegraph.pl,
//! inferno and speedscope read them.
//!
//! Lines are sorted by the names of their frames; runtime frames are included. Samples
//! that weigh nothing, as those of counted calls, have no line. A name that would be
//! misread (semicolons, line ends, a number behind a space at the end) is changed to one
//! that is not. When something was lost, the first line says so behind `# `, which these
//! tools pass over.

use std::io::{self, Write};

use super::chains::Chains;
use super::{Root, Value};
use crate::profile::{Profile, summary};

/// Writes `profile` as folded stacks.
pub(super) fn write(
    profile: &Profile,
    value: Value,
    root: Option<Root>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(lost) = summary::losses(&profile.losses).filter(|_| profile.losses.any()) {
        writeln!(out, "# LOST: {lost}.")?;
    }
    let chains = Chains::of(profile, value, root);
    let mut folding = chains.folding();
    let mut weight = itoa::Buffer::new();
    for chain in chains.chains() {
        out.write_all(folding.fold(chains.frames(chain)).as_bytes())?;
        out.write_all(b" ")?;
        out.write_all(weight.format(chain.weight).as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Format, written};
    use super::*;
    use crate::output::golden;
    use crate::profile::{fixture, strategy};

    fn folded(profile: &Profile, value: Value, root: Option<Root>) -> String {
        written(profile, Format::Folded, value, root)
    }

    #[test]
    fn folded_stacks_match_the_golden_files() {
        let profile = fixture::service();
        golden::check(
            "bytes.folded",
            folded(&profile, Value::Bytes, None).as_bytes(),
        );
        golden::check(
            "objects-by-type.folded",
            folded(&profile, Value::Objects, Some(Root::Type)).as_bytes(),
        );
    }

    #[test]
    fn inferno_reads_every_line_back() {
        let profile = fixture::service();
        let text = folded(&profile, Value::Objects, None);
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
        assert_eq!(folded(&Profile::default(), Value::Bytes, None), "");
    }

    proptest! {
        #[test]
        fn every_weight_is_in_exactly_one_line(mut profile in strategy::profile()) {
            for sample in &mut profile.samples {
                sample.values.bytes %= 1 << 40;
            }
            let text = folded(&profile, Value::Bytes, Some(Root::Cause));
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
