//! Every page as it looked when somebody last looked at it, and what holds for all.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::{LEAST_SIZE, Theme, draw, text, to_text};
use crate::output::golden;
use crate::top::fixture;
use crate::top::model::{Action, Message, State};

fn drawn(state: &State, theme: Theme, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw(state, &theme, frame.area(), frame.buffer_mut()))
        .unwrap();
    terminal.backend().buffer().clone()
}

/// Where which style is, by line: `3: 0-8 REVERSED`.
fn styles(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut text = String::new();
    for (line, row) in buffer.content.chunks(width).enumerate() {
        let mut from = 0;
        for run in row.chunk_by(|a, b| a.style() == b.style()) {
            let (colour, modifier) = (run[0].fg, run[0].modifier);
            if colour != Color::Reset || !modifier.is_empty() {
                let until = from + run.len();
                let _ = writeln!(text, "{line}: {from}-{until} {colour} {modifier:?}");
            }
            from += run.len();
        }
    }
    text
}

fn check(page: &str, state: &State) {
    for (width, height) in [(80, 24), (200, 50)] {
        for (name, theme) in [
            ("colour", Theme::new(true, true)),
            ("mono", Theme::new(false, false)),
        ] {
            let buffer = drawn(state, theme, (width, height));
            let shown = format!("{}\n{}", text::lines(&buffer), styles(&buffer));
            let file = format!("top/{page}-{width}x{height}-{name}.txt");
            golden::check(&file, shown.as_bytes());
        }
    }
}

#[test]
fn table() {
    check("table", &fixture::growing());
}

#[test]
fn table_by_type_filtered_the_other_way_round_and_frozen() {
    let mut state = fixture::growing();
    for action in [
        Action::Table(2),
        Action::SortRight,
        Action::Reverse,
        Action::Down,
        Action::Pause,
        Action::Filter,
        Action::Type('s'),
    ] {
        state.act(action);
    }
    check("filter", &state);
}

#[test]
fn tree() {
    let mut state = fixture::growing();
    state.act(Action::Open);
    state.say(Message::Done("Written a.pb.gz".to_owned()));
    check("tree", &state);
}

#[test]
fn sizes() {
    let mut state = fixture::growing();
    state.act(Action::Sizes);
    state.say(Message::Failed("cannot write a.pb.gz".to_owned()));
    check("sizes", &state);
}

#[test]
fn help() {
    let mut state = fixture::growing();
    state.act(Action::Help);
    check("help", &state);
}

#[test]
fn nothing_yet() {
    check("waiting", &State::new(fixture::options()));
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut state = fixture::growing();
    for action in [
        Action::Help,
        Action::Back,
        Action::Open,
        Action::Sizes,
        Action::Back,
    ] {
        for size in [(1, 1), (7, 3), LEAST_SIZE, (60, 12), (61, 90), (400, 13)] {
            drawn(&state, Theme::new(true, false), size);
        }
        state.act(action);
    }
    let least = to_text(&state, &Theme::new(false, true), 59, 12);
    assert!(
        least.starts_with("too small: 60x12 is the least"),
        "{least}"
    );
}

#[test]
fn the_help_fits_a_small_terminal_as_long_as_nothing_is_wrong() {
    let mut state = State::new(fixture::options());
    state.act(Action::Help);
    let help = to_text(&state, &Theme::new(false, true), 80, 24);
    assert!(help.contains("look by look"), "{help}");
}

#[test]
fn terminals_that_know_ascii_only_get_nothing_else() {
    let mut state = fixture::growing();
    for action in [Action::Help, Action::Help, Action::Sizes, Action::Open] {
        let text = to_text(&state, &Theme::new(true, false), 200, 50);
        assert!(text.is_ascii(), "{text}");
        state.act(action);
    }
}

#[test]
fn the_selected_row_is_in_sight() {
    let mut state = fixture::growing();
    state.act(Action::Last);
    let last = state.rows().last().unwrap().key.clone();
    let text = to_text(&state, &Theme::new(false, true), 200, 12);
    assert!(text.contains(&last), "{last}\n{text}");
}
