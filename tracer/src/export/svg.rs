//! An interactive flame graph, by inferno.

use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{Options, from_lines};

use super::folded::{frame_name, weigh};
use super::{Root, Value};
use crate::profile::{Profile, summary};
use crate::report::units;

/// Largest sum of weights that is drawn; inferno adds them up in 64 bits.
pub(super) const MAX_WEIGHT: u64 = i64::MAX as u64;

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

/// `profile` as an SVG flame graph. Its title names the target, its subtitle
/// the total, the coverage and what was lost. The same profile gives the same
/// bytes.
///
/// # Errors
/// When there is nothing to draw, or too much.
pub fn to_svg(profile: &Profile, value: Value, root: Option<Root>) -> Result<Vec<u8>, SvgError> {
    let unit = value.unit();
    let weights = weigh(profile, value, root);
    let total = weights
        .values()
        .try_fold(0_u64, |sum, weight| sum.checked_add(*weight))
        .filter(|total| *total <= MAX_WEIGHT)
        .ok_or(SvgError::TooMuch { unit })?;
    if total == 0 {
        return Err(SvgError::Empty { unit });
    }
    let lines: Vec<String> = weights
        .iter()
        .map(|(stack, weight)| format!("{stack} {weight}"))
        .collect();

    let mut options = Options::default();
    options.title =
        frame_name(&format!("Heap allocations of {}", summary::target(profile))).into_owned();
    options.subtitle = Some(frame_name(&subtitle(profile, value, total)).into_owned());
    options.count_name = unit.to_owned();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    let mut svg = Vec::new();
    from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)?;
    Ok(svg)
}

fn subtitle(profile: &Profile, value: Value, total: u64) -> String {
    let total = match value {
        Value::Bytes => format!("{} asked for", units::bytes(total)),
        Value::HeapBytes => format!("{} of heap set aside", units::bytes(total)),
        Value::Objects => format!("{} objects", units::count(total)),
    };
    let mut parts = vec![total, summary::coverage(profile)];
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

    proptest! {
        #[test]
        fn no_profile_makes_it_panic(profile in strategy::profile()) {
            let _ = to_svg(&profile, Value::Objects, Some(Root::Type));
        }
    }
}
