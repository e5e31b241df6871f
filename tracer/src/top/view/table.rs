//! The rows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Theme;
use super::text::{name, put, put_at, short_count};
use crate::profile::summary::count;
use crate::report::units::{bytes, percent_off};
use crate::top::model::{Column, Row, State};

/// From this width on counts are written out.
const WIDE: u16 = 120;

pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    headings(state, theme, area, buffer);
    let rows = state.rows();
    if rows.is_empty() {
        put(buffer, area, 2, &nothing(state), theme.plain());
        return;
    }
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    // The selected row stays in sight.
    let first = (state.selected() + 1).saturating_sub(room);
    for (line, (index, row)) in (1..).zip(rows.iter().enumerate().skip(first).take(room)) {
        draw_row(row, area, line, theme, buffer);
        if index == state.selected() {
            let row = Rect::new(area.x, area.y + line, area.width, 1);
            buffer.set_style(row, theme.chosen());
        }
    }
}

fn nothing(state: &State) -> String {
    let (filter, _) = state.filter();
    match state.shown() {
        None => "Waiting for the first look.".to_owned(),
        Some(_) if !filter.is_empty() => format!("No row contains {filter:?}: Esc clears that."),
        Some(_) => "Nothing was allocated yet.".to_owned(),
    }
}

/// Columns of a column of figures.
fn width(column: Column, is_wide: bool) -> usize {
    match (column, is_wide) {
        (Column::BytesRate | Column::Bytes, _) => 8,
        (Column::ObjectsRate, false) => 6,
        (Column::ObjectsRate, true) => 11,
        (Column::Objects, false) => 7,
        (Column::Objects, true) => 15,
        (Column::Share, _) => 5,
        (Column::Off, _) => 4,
        (Column::Name, _) => 0,
    }
}

fn headings(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (sort, is_reversed) = state.sort();
    let mut column = 0;
    for of in Column::ALL {
        let style = if of == sort {
            theme.sorted()
        } else {
            theme.heading()
        };
        let mut text = match of {
            Column::Name => state.by().name(),
            figures => figures.heading(),
        }
        .to_owned();
        if of == Column::Name && of == sort {
            text.push_str(if is_reversed { " ▲" } else { " ▼" });
        } else if of == sort && is_reversed {
            text = format!("▲{text}");
        }
        let width = width(of, area.width >= WIDE);
        column = put_at(buffer, area, (column, 0), &format!("{text:>width$}"), style);
        column = put_at(buffer, area, (column, 0), " ", theme.plain());
    }
}

fn draw_row(row: &Row, area: Rect, line: u16, theme: &Theme, buffer: &mut Buffer) {
    let is_wide = area.width >= WIDE;
    let objects = |objects: f64| {
        if is_wide {
            count(objects.round() as u64)
        } else {
            short_count(objects)
        }
    };
    let mut column = 0;
    for of in Column::ALL {
        let text = match of {
            Column::BytesRate => bytes(row.bytes_per_s.round() as u64),
            Column::ObjectsRate => objects(row.objects_per_s),
            Column::Share => format!("{:.1}", row.percent),
            Column::Bytes => bytes(row.values.bytes),
            Column::Off => percent_off(row.values.bytes, row.bytes_interval),
            Column::Objects => objects(row.values.objects as f64),
            Column::Name => name(&row.key, usize::from(area.width.saturating_sub(column))),
        };
        let width = width(of, is_wide);
        column = put_at(
            buffer,
            area,
            (column, line),
            &format!("{text:>width$} "),
            theme.plain(),
        );
    }
}
