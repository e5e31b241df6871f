//! What keys and columns mean, and all that is wrong.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::Theme;
use crate::top::model::State;

/// Headings begin at the left, everything else is indented.
const HELP: &str = "\
Keys
  Tab Shift-Tab 1-5  table by site, function, type, cause, package
  Up Down PgUp PgDn Home End, k j g G  choose a row
  < >    sort by the column to the left, to the right   r  the other way round
  /      only rows that contain a text                  Esc  back, clear that
  Enter  call tree: callers, and callees that allocate  h  sizes of the objects
  space  freeze the view; recording goes on             ?  this help
  s      save the recording so far (pprof)              f  its flame graph (SVG)
  q Ctrl-C  quit                                        Ctrl-Z  suspend
Columns
  bytes/s  bytes asked for a second, over the last 10 s
  obj/s    objects a second, over the last 10 s
  %        share of all bytes/s; in a call tree, of the tree's bytes
  bytes    bytes asked for since the recording began
  ±%       how far those may be off, at 95 %; empty where they are exact
  objects  objects since the recording began
  Rates compare two looks, ten seconds apart or a little more. Each look makes
  its estimates anew; what became less counts as none. The graphs are of the
  last two minutes, look by look.
";

pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let mut lines: Vec<Line<'_>> = HELP
        .lines()
        .map(|line| match line.starts_with(' ') {
            true => Line::raw(line),
            false => Line::styled(line, theme.heading()),
        })
        .collect();
    let troubles = state.troubles();
    if !troubles.is_empty() {
        lines.push(Line::styled("Wrong", theme.heading()));
    }
    for trouble in troubles {
        lines.push(Line::styled(format!("  ! {trouble}"), theme.warning()));
    }
    let from = u16::try_from(state.scrolled()).unwrap_or(u16::MAX);
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .scroll((from, 0))
        .render(area, buffer);
}
