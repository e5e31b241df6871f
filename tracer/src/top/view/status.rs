//! How far the figures can be trusted, what they cost, and what is wrong.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Theme;
use super::text::{cut, put, put_at, short_count};
use crate::budget::MaxOverhead;
use crate::profile::summary::{self, count};
use crate::profile::{Method, Profile};
use crate::top::model::{Message, Page, State};

/// Lines it takes.
pub const HEIGHT: u16 = 3;

/// From this width on coverage is a whole sentence.
const WIDE: u16 = 150;

/// What the most important keys do.
const KEYS: &str =
    "? help  / filter  Enter calls  h sizes  Tab table  <> sort  s save  f SVG  q quit";

pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let Some(shown) = state.shown() else {
        return;
    };
    let width = usize::from(area.width);
    let coverage = if area.width >= WIDE {
        summary::coverage(&shown.profile)
    } else {
        short_coverage(&shown.profile)
    };
    let coverage = cut(&format!("Coverage  {coverage}"), width);
    put(buffer, area, 0, &coverage, theme.plain());

    let cost = format!(
        "Overhead  {}",
        overhead(shown.overhead, state.options().max_overhead)
    );
    let column = put_at(buffer, area, (0, 1), &cost, theme.plain());
    let losses = &shown.profile.losses;
    let (lost, style) = if losses.any() {
        let lost = format!(
            "   LOST {}",
            count(losses.events.saturating_add(losses.stacks))
        );
        (lost, theme.bad())
    } else {
        ("   Lost nothing".to_owned(), theme.plain())
    };
    let column = put_at(buffer, area, (column, 1), &lost, style);
    if let Some(own) = state.own_cpu() {
        let own = format!("   Own CPU {:.1} % of a core", own * 100.0);
        put_at(buffer, area, (column, 1), &own, theme.plain());
    }

    let troubles = state.troubles();
    if let Some(worst) = troubles.first() {
        let more = match troubles.len() - 1 {
            0 => String::new(),
            more => format!(" (? shows {more} more)"),
        };
        let room = width.saturating_sub(more.chars().count());
        let text = format!("{}{more}", cut(&format!("! {worst}"), room));
        put(buffer, area, 2, &text, theme.warning());
    }
}

/// How much of the recording was traced, in a few words.
fn short_coverage(profile: &Profile) -> String {
    let coverage = &profile.coverage;
    let percent = coverage.traced_ns as f64 / coverage.recorded_ns.max(1) as f64 * 100.0;
    let seen = match coverage.objects_runtime {
        Some(all) => format!(
            "{} of {} objects seen",
            short_count(coverage.objects_counted as f64),
            short_count(all as f64)
        ),
        None => format!(
            "{} objects seen",
            short_count(coverage.objects_counted as f64)
        ),
    };
    match coverage.method {
        Method::All => format!("every allocation traced; {seen}"),
        Method::Windows => format!(
            "{} windows, {percent:.1} % traced; {seen}",
            coverage.windows
        ),
        Method::Spans => format!("used-up spans; {seen}"),
        Method::Unknown => "not stated".to_owned(),
    }
}

fn overhead(overhead: Option<f64>, bound: MaxOverhead) -> String {
    let measured = match overhead {
        Some(overhead) => format!("{:.1} %", overhead * 100.0),
        None => "not known".to_owned(),
    };
    match bound {
        MaxOverhead::Percent(percent) => format!("{measured} of at most {percent} %"),
        MaxOverhead::None => format!("{measured}, no bound"),
    }
}

/// The last line: what the user is told, else what keys do.
pub fn draw_keys(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let (text, style) = match state.message() {
        Some(Message::Done(text)) => (text.as_str(), theme.good()),
        Some(Message::Failed(text)) => (text.as_str(), theme.bad()),
        None if state.filter().1 => ("Enter keeps the filter  Esc clears it", theme.plain()),
        None => match state.page() {
            Page::Table => (KEYS, theme.plain()),
            Page::Help => ("Up Down scroll  ? or Esc back", theme.plain()),
            Page::Tree(_) => ("Up Down scroll  h sizes  Esc back  q quit", theme.plain()),
            Page::Sizes(_) => ("Enter calls  Esc back  q quit", theme.plain()),
        },
    };
    put(buffer, area, 0, &cut(text, width), style);
}
