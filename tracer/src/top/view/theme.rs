//! How things look: with colours or without, on terminals that know little too.

use ratatui::style::{Color, Modifier, Style};

/// What a terminal can show. Without colours bold and reversed text stay, which every
/// terminal since the VT100 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    has_colour: bool,
    has_unicode: bool,
}

/// Terminals without colours, by the beginning of their names.
const MONOCHROME: [&str; 6] = ["vt1", "vt2", "vt3", "linux-m", "xterm-mono", "dumb"];
/// And without characters beyond ASCII.
const ASCII: [&str; 4] = ["vt1", "vt2", "vt3", "dumb"];

impl Theme {
    /// With or without colours, and characters beyond ASCII.
    #[must_use]
    pub fn new(has_colour: bool, has_unicode: bool) -> Self {
        Self {
            has_colour,
            has_unicode,
        }
    }

    /// By the environment, of which `variable` tells the value of a variable if it is set
    /// and not empty: `NO_COLOR` (<https://no-color.org>), `TERM`, and the locale's
    /// characters by `LC_ALL`, `LC_CTYPE` and `LANG` (locale(7)).
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let terminal = variable("TERM").unwrap_or_else(|| "dumb".to_owned());
        let is_one_of = |names: &[&str]| names.iter().any(|name| terminal.starts_with(name));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(&variable);
        let is_utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self {
            has_colour: variable("NO_COLOR").is_none() && !is_one_of(&MONOCHROME),
            has_unicode: is_utf8 && !is_one_of(&ASCII),
        }
    }

    /// Whether there are characters beyond ASCII.
    pub(super) fn has_unicode(&self) -> bool {
        self.has_unicode
    }

    fn coloured(self, colour: Color, style: Style) -> Style {
        if self.has_colour {
            style.fg(colour)
        } else {
            style
        }
    }

    pub(super) fn plain(self) -> Style {
        Style::new()
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The chosen one of several, and the selected row.
    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn heading(self) -> Style {
        self.coloured(Color::Cyan, self.title())
    }

    /// The heading of the column that rows are sorted by.
    pub(super) fn sorted(self) -> Style {
        self.heading().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn bar(self) -> Style {
        self.coloured(Color::Green, Style::new())
    }

    pub(super) fn good(self) -> Style {
        self.coloured(Color::Green, self.title())
    }

    pub(super) fn warning(self) -> Style {
        self.coloured(Color::Yellow, self.title())
    }

    pub(super) fn bad(self) -> Style {
        self.coloured(Color::Red, self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_a_terminal_can() {
        for (variables, has_colour, has_unicode) in [
            (
                &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")][..],
                true,
                true,
            ),
            (&[("TERM", "screen"), ("LANG", "en_US.utf8")], true, true),
            (
                &[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("LC_ALL", "C")],
                true,
                false,
            ),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], false, false),
            (&[("TERM", "vt100"), ("LANG", "C.UTF-8")], false, false),
            (&[("LANG", "C.UTF-8")], false, false),
        ] {
            let theme = Theme::of_environment(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(theme, Theme::new(has_colour, has_unicode), "{variables:?}");
        }
    }
}
