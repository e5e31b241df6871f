//! Text in a buffer: placed, shortened, made of figures.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::report::units::short_path;

/// Steps of a sparkline, from nothing to all.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes a line of an area, as far as there is room.
pub fn put(buffer: &mut Buffer, area: Rect, line: u16, text: &str, style: Style) {
    put_at(buffer, area, (0, line), text, style);
}

/// The same from a column on. Returns the column behind it.
pub fn put_at(
    buffer: &mut Buffer,
    area: Rect,
    (column, line): (u16, u16),
    text: &str,
    style: Style,
) -> u16 {
    if line >= area.height || column >= area.width {
        return column;
    }
    let room = usize::from(area.width - column);
    let (behind, _) = buffer.set_stringn(area.x + column, area.y + line, text, room, style);
    behind - area.x
}

/// The same at the right end of a line.
pub fn put_right(buffer: &mut Buffer, area: Rect, line: u16, text: &str, style: Style) {
    let length = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    put_at(
        buffer,
        area,
        (area.width.saturating_sub(length), line),
        text,
        style,
    );
}

/// A count in at most six characters, as `999`, `12.3k`, `4.56M`.
pub fn short_count(count: f64) -> String {
    const UNITS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    if count < 999.5 {
        return format!("{count:.0}");
    }
    let mut value = count;
    let mut unit = "";
    for larger in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let digits = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}{unit}")
}

/// The first `width` characters, the last of them `…` if there are more.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A name, of which only the end that is a place in a file is a path, in `width`
/// characters: the place is kept as long as there is room for some of the name.
pub fn name(key: &str, width: usize) -> String {
    let Some((function, place)) = key
        .rsplit_once(' ')
        .filter(|(_, place)| place.contains('/'))
    else {
        return cut(key, width);
    };
    let short = short_path(place);
    let file = place.rsplit('/').next().unwrap_or(place);
    let length = |text: &str| text.chars().count();
    for place in [place, &short, file] {
        if length(function) + 1 + length(place) <= width {
            return format!("{function} {place}");
        }
    }
    match width.checked_sub(length(file) + 1) {
        Some(left) if left >= 8 => format!("{} {file}", cut(function, left)),
        _ => cut(function, width),
    }
}

/// Values as bars of one character each, the highest a full one; spaces where there is
/// none.
pub fn sparkline(values: &[Option<f64>]) -> String {
    let highest = values.iter().flatten().copied().fold(0.0, f64::max);
    values
        .iter()
        .map(|value| match value {
            None => ' ',
            Some(value) if highest > 0.0 => {
                let step = (value / highest * STEPS.len() as f64).ceil() as usize;
                STEPS[step.clamp(1, STEPS.len()) - 1]
            }
            Some(_) => STEPS[0],
        })
        .collect()
}

/// Replaces everything beyond ASCII.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let Some(character) = cell.symbol().chars().next().filter(|it| !it.is_ascii()) else {
            continue;
        };
        cell.set_char(match character {
            '±' => '~',
            '≤' => '<',
            '…' => '.',
            '▁' | '▏' => '_',
            '▂' | '▎' => '.',
            '▃' | '▍' => '-',
            '▄' | '▌' => '=',
            '▅' | '▋' => '+',
            '▆' | '▊' => '*',
            '▇' | '▉' => '%',
            '█' => '#',
            '▼' => 'v',
            '▲' => '^',
            _ => '?',
        });
    }
}

/// The characters alone, by line.
pub fn lines(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let mut text = String::new();
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        for (count, text) in [
            (0.0, "0"),
            (999.4, "999"),
            (999.6, "1.00k"),
            (12_345.0, "12.3k"),
            (999_600.0, "1.00M"),
            (4_560_000.0, "4.56M"),
            (18_446_744_073_709_551_615.0, "18.4E"),
        ] {
            assert_eq!(short_count(count), text, "{count}");
        }
    }

    #[test]
    fn names_keep_their_place_as_long_as_they_can() {
        let key = "main.(*service).handle /home/dev/service/main.go:147";
        for (width, text) in [
            (80, "main.(*service).handle /home/dev/service/main.go:147"),
            (48, "main.(*service).handle …/service/main.go:147"),
            (36, "main.(*service).handle main.go:147"),
            (24, "main.(*serv… main.go:147"),
            (16, "main.(*service)…"),
        ] {
            assert_eq!(name(key, width), text);
        }
        assert_eq!(name("map[string]int", 8), "map[str…");
        assert_eq!(name("func(a int)", 20), "func(a int)");
    }

    #[test]
    fn sparklines_show_what_is_there_at_all() {
        let values = [None, Some(0.0), Some(1.0), Some(50.0), Some(100.0)];
        assert_eq!(sparkline(&values), " ▁▁▄█");
        assert_eq!(sparkline(&[Some(0.0)]), "▁");
    }
}
