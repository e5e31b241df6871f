//! The sizes of a row's objects.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Theme;
use super::text::{cut, put, put_at};
use crate::profile::SizeHistogram;
use crate::profile::summary::count;
use crate::report::units::{bar, bytes};
use crate::top::model::State;

/// Columns of a bar at most.
const MOST_BAR: u16 = 60;

pub fn draw(state: &State, sizes: &SizeHistogram, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let title = format!("sizes of {}", state.opened());
    put(buffer, area, 0, &cut(&title, width), theme.heading());
    let powers = sizes.powers();
    let Some(tallest) = powers.iter().map(|bucket| bucket.objects).max() else {
        put(buffer, area, 2, "No objects.", theme.plain());
        return;
    };
    let quantiles = format!(
        "{} objects   p50 {}   p90 {}   p99 {}   max {}",
        count(sizes.objects()),
        bytes(sizes.quantile(0.5)),
        bytes(sizes.quantile(0.9)),
        bytes(sizes.quantile(0.99)),
        bytes(sizes.max()),
    );
    put(buffer, area, 1, &quantiles, theme.plain());
    // Where there is no room for all, ranges without objects go.
    let room = usize::from(area.height.saturating_sub(2));
    let hide_empty = powers.len() > room;
    let shown = powers.iter().filter(|it| !hide_empty || it.objects > 0);
    for (line, bucket) in (2..).zip(shown.take(room)) {
        let share = bucket.objects as f64 / sizes.objects() as f64 * 100.0;
        let figures = format!(
            "≤ {:>8} {:>15} {share:>5.1} % ",
            bytes(bucket.upper_bytes),
            count(bucket.objects)
        );
        let column = put_at(buffer, area, (0, line), &figures, theme.plain());
        let bar_width = area.width.saturating_sub(column).min(MOST_BAR);
        let bar = bar(bucket.objects, tallest, usize::from(bar_width));
        put_at(buffer, area, (column, line), &bar, theme.bar());
    }
}
