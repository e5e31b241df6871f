//! Cycles for people.

use std::fmt::Write as _;

use super::{Cycle, Cycles};
use crate::estimate::SiteId;
use crate::profile::Profile;
use crate::profile::summary::{self, count, seconds};
use crate::report::units;

/// Sites that are named of each cycle.
const SITES_OF_CYCLE: usize = 3;

/// What the heap's sizes take: `1234->1300->600 MB, 1400 MB goal`.
const HEAP_WIDTH: usize = 26;

/// Two tables, at most `top` rows of each; 0 for all: what each site has of the
/// collections, and the collections.
#[must_use]
pub fn to_table(cycles: &Cycles, profile: &Profile, top: usize) -> String {
    let top = if top == 0 { usize::MAX } else { top };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Target       {}", summary::target(profile));
    let _ = writeln!(text, "Recorded     {}", seconds(profile.duration_ns));
    let _ = writeln!(text, "Coverage     {}", summary::coverage(profile));
    let _ = writeln!(text, "Collections  {}", collections(cycles));
    if cycles.without_sites > 0 {
        let _ = writeln!(
            text,
            "Forgotten    the sites of the last {} cycles, for want of room: record for a shorter time",
            cycles.without_sites
        );
    }
    if let Some(reason) = &cycles.no_heap_sizes {
        let _ = writeln!(text, "Heap         unknown before and after: {reason}");
    }
    let shares = cycles.shares();
    let _ = writeln!(
        text,
        "\n{:>9}  {:>5}  {:>11}  {:>5}  site",
        "bytes", "%", "collections", "%"
    );
    for share in shares.iter().take(top) {
        let _ = writeln!(
            text,
            "{:>9}  {:>5.1}  {:>11.1}  {:>5.1}  {}",
            units::bytes(share.bytes.round() as u64),
            share.bytes_percent,
            share.collections,
            share.collections_percent,
            short(cycles.site(share.site)),
        );
    }
    more(&mut text, shares.len(), top);
    let _ = writeln!(
        text,
        "\n{:>7}  {:>9}  {:<HEAP_WIDTH$}  {:>9}  first sites",
        "cycle", "ended", "heap at start->end->live", "allocated"
    );
    for cycle in cycles.cycles.iter().take(top) {
        let _ = writeln!(text, "{}", row(cycles, cycle));
    }
    more(&mut text, cycles.cycles.len(), top);
    text
}

/// How many, and how well they are told apart.
fn collections(cycles: &Cycles) -> String {
    let all = cycles.collections();
    let Some((first, last)) = cycles.numbers() else {
        return "none ended".to_owned();
    };
    let mut text = match first == last {
        true => format!("{}, number {last}", count(all)),
        false => format!("{}, numbers {first} to {last}", count(all)),
    };
    let forced = cycles.forced();
    // Writing to a string cannot fail.
    if forced > 0 {
        let _ = write!(text, "; {} called for by the program", count(forced));
    }
    let unseen = (all - forced) as f64 - cycles.seen();
    if unseen >= 0.05 {
        let _ = write!(text, "; {unseen:.1} that no window saw anything of");
    }
    let late_ms = cycles.late_ns() as f64 / 1e6;
    let _ = write!(text, "; ends noticed within {late_ms:.1} ms");
    text
}

fn row(cycles: &Cycles, cycle: &Cycle) -> String {
    let ended = match cycle.collections {
        0 => "going on".to_owned(),
        _ => seconds(cycle.ended_ns),
    };
    let number = match cycle.collections {
        0 => String::new(),
        1 => format!("#{}", cycle.number),
        several => format!("{several} to #{}", cycle.number),
    };
    let heap = match (cycle.heap, cycle.collections) {
        (Some(heap), _) => heap.to_string(),
        (None, 0) => String::new(),
        (None, _) if cycles.no_heap_sizes.is_some() => "unknown".to_owned(),
        (None, _) => "not read in time".to_owned(),
    };
    let mut text = format!(
        "{number:>7}  {ended:>9}  {heap:<HEAP_WIDTH$}  {:>9}  {}",
        units::bytes(cycle.bytes),
        sites(cycles, cycle)
    );
    if cycle.forced > 0 {
        text.push_str(" (called for)");
    }
    text
}

fn sites(cycles: &Cycles, cycle: &Cycle) -> String {
    let all = cycle.shared_bytes();
    let share = |site: SiteId, bytes: f64| {
        let function = cycles.site(site).split(' ').next().unwrap_or_default();
        format!("{function} {:.0} %", bytes / all * 100.0)
    };
    let mut sites: Vec<String> = cycle
        .sites
        .iter()
        .take(SITES_OF_CYCLE)
        .map(|it| share(it.site, it.bytes))
        .collect();
    if cycle.unseen_bytes > 0.0 {
        let percent = cycle.unseen_bytes / all * 100.0;
        sites.push(format!("in no window {percent:.0} %"));
    }
    sites.join(", ")
}

/// A site with its path cut short.
fn short(site: &str) -> String {
    match site.rsplit_once(' ') {
        Some((function, position)) => format!("{function} {}", units::short_path(position)),
        None => site.to_owned(),
    }
}

fn more(text: &mut String, rows: usize, top: usize) {
    if let Some(more) = rows.checked_sub(top).filter(|&it| it > 0) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "... and {} more; --top 0 shows all",
            count(more as u64)
        );
    }
}
