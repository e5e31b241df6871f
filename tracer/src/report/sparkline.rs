//! A timeline in one line of text.

use std::time::Duration;

use super::units::bytes;
use crate::profile::{Slice, Timeline};

/// Characters at most; several slices share one when there are more of them.
const WIDTH: usize = 60;

/// From nothing at all to the highest rate.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What was allocated in a second, from the left to the right, and the most of it. `None`
/// without slices.
#[must_use]
pub fn sparkline(timeline: &Timeline) -> Option<String> {
    let per_column = timeline.slices.len().div_ceil(WIDTH).max(1);
    let mut began_ns = 0;
    let rates: Vec<f64> = timeline
        .slices
        .chunks(per_column)
        .map(|slices| {
            let rate = rate(began_ns, slices);
            began_ns = slices.last().map_or(began_ns, |it| it.end_ns);
            rate
        })
        .collect();
    let most = rates.iter().copied().reduce(f64::max)?;
    let line: String = rates
        .iter()
        .map(|rate| HEIGHTS[height(*rate, most)])
        .collect();
    let column_ns = timeline.interval_ns.saturating_mul(per_column as u64);
    Some(format!(
        "{line} up to {}/s of heap, {} each",
        bytes(most as u64),
        humantime::format_duration(Duration::from_nanos(column_ns))
    ))
}

/// Bytes of heap in a second of slices that follow each other.
fn rate(began_ns: u64, slices: &[Slice]) -> f64 {
    let heap_bytes: f64 = slices.iter().map(|it| it.heap_bytes as f64).sum();
    let end_ns = slices.last().map_or(began_ns, |it| it.end_ns);
    match end_ns.saturating_sub(began_ns) {
        0 => 0.0,
        ns => heap_bytes * 1e9 / ns as f64,
    }
}

/// The lowest is nothing alone.
fn height(rate: f64, most: f64) -> usize {
    let highest = (HEIGHTS.len() - 1) as f64;
    if rate > 0.0 {
        (rate / most * highest).ceil() as usize
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(heap_bytes: &[u64]) -> Timeline {
        let slice = |(heap_bytes, end): (&u64, u64)| Slice {
            end_ns: end * 500_000_000,
            objects: 1,
            heap_bytes: *heap_bytes,
        };
        Timeline {
            interval_ns: 500_000_000,
            slices: heap_bytes.iter().zip(1..).map(slice).collect(),
            series: Vec::new(),
        }
    }

    #[test]
    fn heights_are_parts_of_the_highest_rate() {
        let line = sparkline(&timeline(&[0, 1, 512, 1024])).unwrap();
        assert_eq!(line, "▁▂▅█ up to 2 KiB/s of heap, 500ms each");
        let line = sparkline(&timeline(&[0, 0])).unwrap();
        assert_eq!(line, "▁▁ up to 0 B/s of heap, 500ms each");
        assert_eq!(sparkline(&Timeline::default()), None);
    }

    #[test]
    fn what_does_not_fit_shares_characters() {
        let line = sparkline(&timeline(&[1024; 125])).unwrap();
        let width = line.chars().take_while(|it| *it == '█').count();
        assert_eq!(width, 42, "{line}");
        assert!(
            line.ends_with("up to 2 KiB/s of heap, 1s 500ms each"),
            "{line}"
        );
    }
}
