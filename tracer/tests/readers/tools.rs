//! The readers as commands.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use xtask::{npm, readers};

use crate::common::{self, goalloc::output};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers");

/// What `read.py` prints of a file. `None`, with the reason said, when it cannot run.
pub fn python(kind: &str, file: &Path) -> Option<Json> {
    let Some(mut python) = readers::python().expect("the cache has a place") else {
        common::skip("no Python packages: run `cargo xtask setup --test`");
        return None;
    };
    python.arg(format!("{SCRIPTS}/read.py")).arg(kind).arg(file);
    let said = output(&mut python, &[0]);
    Some(serde_json::from_str(&said).expect("JSON"))
}

/// What speedscope saves of a file that it loaded.
pub fn speedscope(file: &Path) -> Option<Json> {
    let jsdom = readers::jsdom().expect("the cache has a place");
    let speedscope = npm::SPEEDSCOPE.unpacked().expect("the cache has a place");
    if !jsdom.exists() || !speedscope.exists() || !is_there("node") {
        common::skip("no speedscope: run `cargo xtask setup --test`");
        return None;
    }
    let mut node = Command::new("node");
    node.arg(format!("{SCRIPTS}/speedscope.mjs"))
        .args([&jsdom, &speedscope])
        .arg(file);
    Some(serde_json::from_str(&output(&mut node, &[0])).expect("JSON"))
}

/// A graph as Graphviz lays it out.
pub fn graphviz(file: &Path) -> Option<Json> {
    if !is_there("dot") {
        common::skip("no Graphviz: run `cargo xtask setup --test`");
        return None;
    }
    let mut dot = Command::new("dot");
    dot.arg("-Tjson").arg(file);
    Some(serde_json::from_str(&output(&mut dot, &[0])).expect("JSON"))
}

fn is_there(program: &str) -> bool {
    which::which(program).is_ok()
}
