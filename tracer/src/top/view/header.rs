//! What is recorded, and how much it allocates.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Theme;
use super::text::{cut, put, put_at, put_right, short_count, sparkline};
use crate::profile::summary::{self, count};
use crate::report::units::bytes;
use crate::top::model::State;

/// Lines it takes.
pub const HEIGHT: u16 = 4;

/// Column that sparklines begin at.
const RATES_WIDTH: u16 = 14;
/// Columns of totals.
const TOTALS_WIDTH: u16 = 30;

pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    title(state, theme, area, buffer);
    rates(state, theme, area, buffer);
    tables(state, theme, area, buffer);
}

fn title(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (duration_ns, target) = state.shown().map_or((0, String::new()), |shown| {
        (shown.profile.duration_ns, summary::target(&shown.profile))
    });
    let seconds = std::time::Duration::from_secs(duration_ns / 1_000_000_000);
    let time = humantime::format_duration(seconds)
        .to_string()
        .replace(' ', "");
    let pace = state.pace().as_millis() as f64 / 1000.0;
    let right = format!("  {time}, every {pace:.1} s");
    let room = usize::from(area.width).saturating_sub(right.chars().count());
    let left = cut(&format!("goalloc top  {target}"), room);
    put(buffer, area, 0, &left, theme.title());
    if state.is_paused() {
        put_right(buffer, area, 0, "  PAUSED: space goes on", theme.chosen());
    } else {
        put_right(buffer, area, 0, &right, theme.plain());
    }
}

fn rates(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (bytes_per_s, objects_per_s) = state.rates();
    let totals = state.totals();
    let columns = area.width.saturating_sub(RATES_WIDTH + TOTALS_WIDTH + 2);
    let history = state.history();
    let count_of = usize::from(columns);
    for (line, rate, history, total) in [
        (
            1,
            format!("{}/s", bytes(bytes_per_s as u64)),
            history.bytes(count_of),
            format!("total {}", bytes(totals.bytes)),
        ),
        (
            2,
            format!("{} obj/s", short_count(objects_per_s)),
            history.objects(count_of),
            format!("total {} objects", count(totals.objects)),
        ),
    ] {
        let width = usize::from(RATES_WIDTH) - 1;
        put(
            buffer,
            area,
            line,
            &format!("{rate:>width$}"),
            theme.title(),
        );
        put_at(
            buffer,
            area,
            (RATES_WIDTH, line),
            &sparkline(&history),
            theme.bar(),
        );
        put_right(buffer, area, line, &total, theme.plain());
    }
}

fn tables(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let mut column = 0;
    for (index, by) in State::TABLES.into_iter().enumerate() {
        let style = if by == state.by() {
            theme.chosen()
        } else {
            theme.plain()
        };
        let text = format!(" {}:{} ", index + 1, by.name());
        column = put_at(buffer, area, (column, 3), &text, style);
    }
    let (filter, is_typing) = state.filter();
    if is_typing || !filter.is_empty() {
        let room = usize::from(area.width.saturating_sub(column));
        let cursor = if is_typing { "_" } else { "" };
        let text = cut(&format!("  /{filter}{cursor}"), room);
        column = put_at(buffer, area, (column, 3), &text, theme.warning());
    }
    if let Some(view) = state.shown().and_then(|it| summary::view(&it.profile)) {
        let room = usize::from(area.width.saturating_sub(column));
        let text = cut(&format!("  View {view}"), room);
        put_at(buffer, area, (column, 3), &text, theme.warning());
    }
}
