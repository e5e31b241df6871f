//! Draws a [`State`] into a buffer of characters, for a terminal or as text.

mod header;
mod help;
mod sizes;
mod status;
mod table;
mod text;
mod theme;
mod tree;

#[cfg(test)]
mod golden;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

pub use theme::Theme;

use super::model::{Page, State};

/// The smallest screen that shows anything.
pub const LEAST_SIZE: (u16, u16) = (60, 12);

/// Draws the state into an area.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    if area.width < LEAST_SIZE.0 || area.height < LEAST_SIZE.1 {
        let (width, height) = LEAST_SIZE;
        let text = format!("too small: {width}x{height} is the least");
        text::put(buffer, area, 0, &text, theme.plain());
    } else if matches!(state.page(), Page::Help) {
        let [body, keys] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        help::draw(state, theme, body, buffer);
        status::draw_keys(state, theme, keys, buffer);
    } else {
        let [top, body, status, keys] = Layout::vertical([
            Constraint::Length(header::HEIGHT),
            Constraint::Fill(1),
            Constraint::Length(status::HEIGHT),
            Constraint::Length(1),
        ])
        .areas(area);
        header::draw(state, theme, top, buffer);
        match state.page() {
            Page::Tree(lines) => tree::draw(state, lines, theme, body, buffer),
            Page::Sizes(sizes) => sizes::draw(state, sizes, theme, body, buffer),
            Page::Table | Page::Help => table::draw(state, theme, body, buffer),
        }
        status::draw(state, theme, status, buffer);
        status::draw_keys(state, theme, keys, buffer);
    }
    if !theme.has_unicode() {
        text::to_ascii(buffer);
    }
}

/// The state as lines of text, without styles and without spaces at their ends.
#[must_use]
pub fn to_text(state: &State, theme: &Theme, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(state, theme, area, &mut buffer);
    text::lines(&buffer)
}
