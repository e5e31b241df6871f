//! Which key is which action.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::model::Action;

/// The action of a key, while a filter is typed or not; `None` for keys that do nothing.
#[must_use]
pub fn action(key: KeyEvent, is_typing: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Action::Quit),
            KeyCode::Char('z') => Some(Action::Suspend),
            _ => None,
        };
    }
    if is_typing {
        return match key.code {
            KeyCode::Char(character) => Some(Action::Type(character)),
            KeyCode::Backspace => Some(Action::Erase),
            KeyCode::Enter => Some(Action::Open),
            KeyCode::Esc => Some(Action::Back),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Up | KeyCode::Char('k') => Action::Up,
        KeyCode::Down | KeyCode::Char('j') => Action::Down,
        KeyCode::PageUp => Action::PageUp,
        KeyCode::PageDown => Action::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Action::First,
        KeyCode::End | KeyCode::Char('G') => Action::Last,
        KeyCode::Tab => Action::NextTable,
        KeyCode::BackTab => Action::PreviousTable,
        KeyCode::Char(digit @ '1'..='5') => Action::Table(digit as usize - '1' as usize),
        KeyCode::Char('<') => Action::SortLeft,
        KeyCode::Char('>') => Action::SortRight,
        KeyCode::Char('r') => Action::Reverse,
        KeyCode::Char('/') => Action::Filter,
        KeyCode::Enter => Action::Open,
        KeyCode::Esc => Action::Back,
        KeyCode::Char('h') => Action::Sizes,
        KeyCode::Char(' ') => Action::Pause,
        KeyCode::Char('s') => Action::Save,
        KeyCode::Char('f') => Action::FlameGraph,
        KeyCode::Char('?') => Action::Help,
        KeyCode::Char('q') => Action::Quit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn letters_are_commands_or_text() {
        let key = press(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(action(key, false), Some(Action::Quit));
        assert_eq!(action(key, true), Some(Action::Type('q')));
        let key = press(KeyCode::Char('5'), KeyModifiers::NONE);
        assert_eq!(action(key, false), Some(Action::Table(4)));
        let key = press(KeyCode::Char('x'), KeyModifiers::NONE);
        assert_eq!(action(key, false), None);
    }

    #[test]
    fn control_c_quits_whatever_goes_on() {
        let key = press(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(key, false), Some(Action::Quit));
        assert_eq!(action(key, true), Some(Action::Quit));
    }
}
