//! An interactive flame graph, by inferno.

use std::io::Write;

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{Options, from_lines};

use super::chains::{Chain, Chains, frame_name};
use super::{Root, Value};
use crate::profile::{Profile, summary};

/// Largest sum of weights that is drawn; inferno adds them up in 64 bits.
pub(super) const MAX_WEIGHT: u64 = i64::MAX as u64;

/// The frame of all that is too narrow to be drawn from the bottom on.
const ALL_NARROW: &str = "[too narrow to be drawn]";

/// Why there is no flame graph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SvgError {
    /// Nothing to draw.
    #[error("no flame graph of a recording without {unit}")]
    Empty {
        /// `bytes` or `objects`.
        unit: &'static str,
    },
    /// More than can be drawn.
    #[error("no flame graph of more than {MAX_WEIGHT} {unit}")]
    TooMuch {
        /// `bytes` or `objects`.
        unit: &'static str,
    },
    /// Anything else inferno says.
    #[error("cannot draw the flame graph")]
    Inferno {
        /// What it says.
        #[from]
        source: std::io::Error,
    },
}

/// Writes `profile` as an SVG flame graph. Its title names the target, its subtitle
/// the total, the coverage and what was lost.
pub(super) fn write(
    profile: &Profile,
    value: Value,
    root: Option<Root>,
    out: &mut dyn Write,
) -> Result<(), SvgError> {
    let unit = value.unit();
    let chains = Chains::of(profile, value, root);
    let total = chains
        .chains()
        .iter()
        .try_fold(0_u64, |sum, chain| sum.checked_add(chain.weight))
        .filter(|total| *total <= MAX_WEIGHT)
        .ok_or(SvgError::TooMuch { unit })?;
    if total == 0 {
        return Err(SvgError::Empty { unit });
    }
    let mut options = Options::default();
    options.title = title(format!("Heap allocations of {}", summary::target(profile)));
    options.subtitle = Some(title(subtitle(profile, value, total)));
    options.count_name = unit.to_owned();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    let least = (total as f64 * options.min_width / 100.0) as u64;
    let lines = drawn(&chains, least);
    from_lines(&mut options, lines.iter().map(String::as_str), out)?;
    Ok(())
}

/// A text above the graph, without what inferno would misread.
pub(super) fn title(text: String) -> String {
    frame_name(text.into()).into_owned()
}

/// The folded stacks that are drawn: frames that weigh less than `least` are too narrow
/// for that and weigh as part of their callers, so that a picture takes no more memory
/// than it shows.
fn drawn(all: &Chains<'_>, least: u64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folding = all.folding();
    // Chains that have their first frames in common, and how many.
    let mut pending = vec![(all.chains(), 0)];
    while let Some((chains, depth)) = pending.pop() {
        let next = |chain: &Chain| all.frames(chain).get(depth).copied();
        let mut own = 0;
        for same in chains.chunk_by(|a, b| next(a) == next(b)) {
            let weight: u64 = same.iter().map(|chain| chain.weight).sum();
            let ends = same.first().is_none_or(|chain| next(chain).is_none());
            if ends || weight < least {
                own += weight;
            } else {
                pending.push((same, depth + 1));
            }
        }
        let path = chains.first().map(|chain| all.frames(chain));
        if let Some(path) = path.and_then(|path| path.get(..depth))
            && own > 0
        {
            // What is too narrow at the bottom has no caller.
            let line = match path {
                [] => ALL_NARROW,
                path => folding.fold(path),
            };
            lines.push(format!("{line} {own}"));
        }
    }
    lines
}

fn subtitle(profile: &Profile, value: Value, total: u64) -> String {
    let mut parts = vec![value.amount(total), summary::coverage(profile)];
    parts.extend(summary::view(profile));
    parts.extend(summary::losses(&profile.losses).map(|lost| {
        if profile.losses.any() {
            format!("LOST: {lost}")
        } else {
            lost
        }
    }));
    // In full they would run out of the picture.
    match profile.warnings.len() {
        0 => {}
        1 => parts.push("1 warning, see the report".to_owned()),
        n => parts.push(format!("{n} warnings, see the report")),
    }
    parts.join(" | ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{fixture, strategy};

    fn to_svg(profile: &Profile, value: Value, root: Option<Root>) -> Result<Vec<u8>, SvgError> {
        let mut svg = Vec::new();
        write(profile, value, root, &mut svg).map(|()| svg)
    }

    #[test]
    fn the_graph_names_target_total_unit_coverage_and_losses() {
        let profile = fixture::service();
        let svg = String::from_utf8(to_svg(&profile, Value::Objects, None).unwrap()).unwrap();
        for text in [
            "Heap allocations of /home/dev/shop/shop (pid 4242, go1.26.6)",
            "133,904 objects | every allocation traced, 10.000 s of 10.000 s | LOST: 2 events",
            "main.newOrder (120,000 objects, 89.62%)",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        let error = to_svg(&Profile::default(), Value::Bytes, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no flame graph of a recording without bytes"
        );
    }

    #[test]
    fn sums_beyond_64_bits_are_refused() {
        let mut profile = fixture::service();
        profile.samples[0].values.bytes = u64::MAX;
        assert!(matches!(
            to_svg(&profile, Value::Bytes, None),
            Err(SvgError::TooMuch { .. })
        ));
    }

    #[test]
    fn frames_too_narrow_to_be_drawn_weigh_as_their_callers() {
        let mut b = fixture::Builder::default();
        for caller in ["main.a", "main.b"] {
            let stack = b.stack(&[
                &[("main.leaf", "main.go", 1)],
                &[(caller, "main.go", 2)],
                &[("main.main", "main.go", 3)],
            ]);
            b.objects(stack, ("T", "new"), 1, 1);
        }
        let mut profile = b.finish();
        let two = std::mem::take(&mut profile.samples);
        for index in 0..30_000 {
            let mut sample = two[index % 2].clone();
            sample.labels.type_name = Some(format!("T{index}").into());
            profile.samples.push(sample);
        }
        let svg = to_svg(&profile, Value::Objects, Some(Root::Type)).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("all (30,000 objects, 100%)"), "{svg}");
        assert!(svg.contains("[too narrow to be drawn] (30,000 objects, 100.00%)"));
        let svg = to_svg(&profile, Value::Objects, None).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        for title in [
            "main.main (30,000 objects, 100.00%)",
            "main.leaf (15,000 objects, 50.00%)",
        ] {
            assert!(svg.contains(title), "{title}");
        }
    }

    proptest! {
        #[test]
        fn no_profile_makes_it_panic(profile in strategy::profile()) {
            let _ = to_svg(&profile, Value::Objects, Some(Root::Type));
        }
    }
}
