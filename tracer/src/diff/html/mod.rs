//! What has changed as one page for a browser: a flame graph of both recordings, and the
//! rows by every property.
//!
//! It is made of the parts of a recording's page ([`crate::export`]), and holds to the
//! same policy.

mod model;
mod tables;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::Diff;
use crate::export::html::Page;

const PAGE: Page = Page {
    subject: "heap allocations, before and after",
    above: "",
    graph_switch: include_str!("width.html"),
    table_switch: include_str!("changed.html"),
    style: include_str!("difference.css"),
    script: concat!(
        include_str!("figures.js"),
        include_str!("frames.js"),
        include_str!("columns.js"),
        include_str!("difference.js"),
    ),
};

/// Writes a page of the two recordings that `diff` compares. It shows rows by every
/// property and of both measures, and begins with those of `diff`.
///
/// # Errors
/// Those of `out`.
pub fn write_html(diff: &Diff<'_>, out: &mut dyn Write) -> io::Result<()> {
    PAGE.write(&model::document(diff), out)
}
