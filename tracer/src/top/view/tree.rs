//! The call tree of a row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Theme;
use super::text::{cut, name, put, short_count};
use crate::report::units::bytes;
use crate::top::model::{State, TreeLine};

pub fn draw(state: &State, lines: &[TreeLine], theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let title = format!(
        " bytes/s     %    bytes objects  calls of {}",
        state.opened()
    );
    put(buffer, area, 0, &cut(&title, width), theme.heading());
    let room = usize::from(area.height.saturating_sub(1));
    for (at, line) in (1..).zip(lines.iter().skip(state.scrolled()).take(room)) {
        match line {
            TreeLine::Heading(text) => put(buffer, area, at, &cut(text, width), theme.title()),
            TreeLine::Frame {
                depth,
                label,
                values,
                bytes_per_s,
                percent,
            } => {
                let figures = format!(
                    "{:>8} {percent:>5.1} {:>8} {:>7} ",
                    bytes(bytes_per_s.round() as u64),
                    bytes(values.bytes),
                    short_count(values.objects as f64)
                );
                let room = width.saturating_sub(figures.len());
                // However deep, some of the name is seen.
                let indent = (depth * 2).min(room / 2);
                let label = name(label, room - indent);
                let text = format!("{figures}{:indent$}{label}", "");
                put(buffer, area, at, &text, theme.plain());
            }
        }
    }
}
