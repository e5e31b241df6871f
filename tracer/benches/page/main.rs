//! What a page of a large recording takes: to write, on disk, and to open.
//!
//! `cargo xtask bench page` runs it. The recording is made up: 100,000 call chains, no two
//! alike. Chromium starts anew for each round; medians are printed.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/page/browser.rs"]
mod browser;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/page/profiles.rs"]
mod profiles;

use std::time::Instant;

use anyhow::{Context as _, anyhow};
use browser::{Browser, Page};
use common::markdown::{Figures, Table, environment};
use common::options::Options;

/// Rounds unless told otherwise.
const ROUNDS: u32 = 5;

/// Call chains of the recording.
const STACKS: usize = 100_000;

fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let browser = Browser::find().map_err(|reason| anyhow!(reason))?;
    let profile = profiles::large(STACKS);
    let mut written_ms = Figures::default();
    let mut size_bytes = 0;
    let mut steps = ["opened_ms", "root_ms", "search_ms"].map(|name| (name, Figures::default()));
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        let start = Instant::now();
        let html = profiles::to_html(&profile);
        written_ms.push(start.elapsed().as_secs_f64() * 1e3);
        size_bytes = html.len();
        let page = Page::write(&html);
        let expected = serde_json::json!({"search": "Serve42"});
        let took = browser.run("time", &page.path(), &expected);
        for (name, figures) in &mut steps {
            figures.push(took[*name].as_f64().context("the driver says how long")?);
        }
    }
    println!("## A page of {STACKS} call chains\n");
    println!("{}; {rounds} rounds.\n", environment());
    let mut table = Table::new(&["what", "median", "min - max"]);
    table.row(&["size, MB", &format!("{:.1}", size_bytes as f64 / 1e6), ""]);
    let written = ("to write", &written_ms);
    let [opened, root, search] = &steps;
    let rows = [
        written,
        ("to open, until it is drawn", &opened.1),
        ("another root", &root.1),
        ("a search", &search.1),
    ];
    for (what, figures) in rows {
        table.row(&[
            format!("{what}, ms"),
            format!("{:.0}", figures.median()),
            format!("{:.0} - {:.0}", figures.low(), figures.high()),
        ]);
    }
    println!("{table}");
    Ok(())
}
