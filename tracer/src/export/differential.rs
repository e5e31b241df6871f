//! An interactive flame graph of two recordings, by inferno.

use std::collections::BTreeMap;

use inferno::flamegraph::{Options, from_lines};

use super::chains::Chains;
use super::svg::{MAX_WEIGHT, title};
use super::{Root, SvgError, Value};
use crate::profile::{Profile, summary};

/// Flame graph of `after`, colored by how it differs from `before`: red where more is
/// allocated, blue where less is. What `before` has counts `times` as much, to relate it
/// to the time or the work of `after`. The same profiles give the same bytes.
///
/// # Errors
/// When there is nothing to draw, or too much.
pub fn to_differential_svg(
    (before, times): (&Profile, f64),
    after: &Profile,
    value: Value,
    root: Option<Root>,
) -> Result<Vec<u8>, SvgError> {
    let unit = value.unit();
    let mut stacks: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (side, (profile, times)) in [(before, times), (after, 1.0)].into_iter().enumerate() {
        let chains = Chains::of(profile, value, root);
        let mut folding = chains.folding();
        for chain in chains.chains() {
            let stack = folding.fold(chains.frames(chain)).to_owned();
            let weight = (chain.weight as f64 * times).round() as u64;
            let sum = &mut stacks.entry(stack).or_default()[side];
            *sum = sum.saturating_add(weight);
        }
    }
    let sum = |side: usize| {
        let weights = stacks.values().map(|it| it[side]);
        weights
            .map(u128::from)
            .sum::<u128>()
            .try_into()
            .ok()
            .filter(|sum: &u64| *sum <= MAX_WEIGHT)
            .ok_or(SvgError::TooMuch { unit })
    };
    let (_, total) = (sum(0)?, sum(1)?);
    if total == 0 {
        return Err(SvgError::Empty { unit });
    }
    let lines: Vec<String> = stacks
        .iter()
        .map(|(stack, [before, after])| format!("{stack} {before} {after}"))
        .collect();
    let mut options = Options::default();
    options.title = title(format!("Heap allocations of {}", summary::target(after)));
    let subtitle = format!(
        "red: more than before, blue: less | before: {} | after: {}",
        summary::coverage(before),
        summary::coverage(after)
    );
    options.subtitle = Some(title(subtitle));
    options.count_name = unit.to_owned();
    options.deterministic = true;
    let mut svg = Vec::new();
    from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)?;
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;

    fn svg(before: &Profile, times: f64, after: &Profile) -> String {
        let svg = to_differential_svg((before, times), after, Value::Objects, None).unwrap();
        String::from_utf8(svg).unwrap()
    }

    /// Colors of the frames whose title begins with `name`.
    fn colors<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
        let title = format!("<title>{name} ");
        let frames = svg.split("<g>").filter(|it| it.contains(&title));
        let color = |it: &'a str| it.split("fill=\"").nth(1)?.split('"').next();
        frames.filter_map(color).collect()
    }

    /// Red and blue of a color.
    fn red_and_blue(color: &str) -> (u8, u8) {
        let numbers = color.trim_start_matches("rgb(").trim_end_matches(')');
        let numbers: Vec<u8> = numbers.split(',').map(|it| it.parse().unwrap()).collect();
        (numbers[0], numbers[2])
    }

    /// It is the innermost frames that have the color.
    #[test]
    fn more_is_red_and_less_is_blue() {
        let before = fixture::service();
        let mut after = before.clone();
        // io.ReadAll is of the second to the fourth sample, main.newOrder of the first.
        after.samples[1].values.objects *= 2;
        after.samples[0].values.objects /= 2;
        let svg = svg(&before, 1.0, &after);
        for (frame, is_red) in [("runtime.makeslice", true), ("runtime.newobject", false)] {
            let colors = colors(&svg, frame).into_iter().map(red_and_blue);
            let colored: Vec<_> = colors.filter(|(red, blue)| red != blue).collect();
            assert!(!colored.is_empty(), "{frame}");
            let fits = colored.iter().all(|(red, blue)| (red > blue) == is_red);
            assert!(fits, "{frame} {colored:?}");
        }
    }

    #[test]
    fn twice_the_work_is_no_difference() {
        let before = fixture::service();
        let mut after = before.clone();
        for sample in &mut after.samples {
            sample.values.objects *= 2;
        }
        let svg = svg(&before, 2.0, &after);
        assert!(svg.contains("0.00%") && !svg.contains("+1"), "{svg}");
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let (full, empty) = (fixture::service(), Profile::default());
        let error = to_differential_svg((&full, 1.0), &empty, Value::Bytes, None).unwrap_err();
        assert!(error.to_string().contains("without bytes"), "{error}");
    }
}
