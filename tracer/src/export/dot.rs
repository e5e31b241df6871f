//! A call graph for Graphviz, as `go tool pprof -dot` users know it.
//!
//! A node is a function, with what is allocated in it itself and on its behalf, and the
//! share of either; the more is allocated in it itself, the larger its name. An edge is a
//! call, with what is allocated on its way. Functions with less than [`MIN_NODE_SHARE`]
//! on their behalf and calls with less than [`MIN_EDGE_SHARE`] are not shown; calls
//! through the former are dotted. The legend says so, and what the figures are of.
//!
//! For programs there are the same as numbers: attributes `flat` and `cumulative` of
//! nodes, `amount` of edges, `total` of the graph.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use super::Value;
use super::call_graph::{CallGraph, Edge, Limits, Node};
use crate::profile::{Profile, summary};
use crate::report::units;

/// Share of the total below which a function is not shown: pprof's `-nodefraction`
/// (go1.24 src/cmd/vendor/github.com/google/pprof/internal/driver/config.go:66).
pub const MIN_NODE_SHARE: f64 = 0.005;

/// Share of the total below which a call is not shown: pprof's `-edgefraction`
/// (go1.24 src/cmd/vendor/github.com/google/pprof/internal/driver/config.go:67).
pub const MIN_EDGE_SHARE: f64 = 0.001;

/// Sizes of names, in points.
const FONT_SIZES: (f64, f64) = (8.0, 24.0);

/// Thickest edge, in points.
const MAX_PEN_WIDTH: f64 = 6.0;

/// Writes the call graph of `profile`.
pub(super) fn write(profile: &Profile, value: Value, out: &mut dyn Write) -> io::Result<()> {
    let limits = Limits {
        node_share: MIN_NODE_SHARE,
        edge_share: MIN_EDGE_SHARE,
    };
    let graph = CallGraph::of(profile, value, limits);
    let name = Quoted(summary::program(profile));
    writeln!(out, "digraph {name} {{")?;
    writeln!(out, "total={}", graph.total)?;
    writeln!(
        out,
        "node [shape=box fontname=\"sans-serif\" style=filled fillcolor=\"#f8f8f8\"]"
    )?;
    writeln!(out, "edge [fontname=\"sans-serif\" fontsize=10]")?;
    let legend = legend(profile, value, &graph).join("\n");
    let legend = Lines(&legend);
    writeln!(out, "legend [shape=note fontsize=14 label={legend}]")?;
    for (index, node) in graph.nodes.iter().enumerate() {
        write_node(out, index, node, value, &graph)?;
    }
    for edge in &graph.edges {
        write_edge(out, edge, value, &graph)?;
    }
    writeln!(out, "}}")
}

fn legend(profile: &Profile, value: Value, graph: &CallGraph) -> Vec<String> {
    let mut lines = vec![
        format!("Heap allocations of {}", summary::target(profile)),
        format!("Total: {}", value.amount(graph.total)),
        format!("Coverage: {}", summary::coverage(profile)),
    ];
    lines.extend(summary::view(profile).map(|view| format!("Shown: {view}")));
    if profile.losses.any() {
        lines.extend(summary::losses(&profile.losses).map(|lost| format!("LOST: {lost}")));
    }
    let (functions, calls) = graph.dropped;
    if functions > 0 || calls > 0 {
        lines.push(format!(
            "Not shown: {} functions with less than {} %, {} calls with less than {} %",
            units::count(functions as u64),
            MIN_NODE_SHARE * 100.0,
            units::count(calls as u64),
            MIN_EDGE_SHARE * 100.0,
        ));
    }
    lines.extend(profile.warnings.iter().map(|it| format!("Warning: {it}")));
    lines
}

fn write_node(
    out: &mut dyn Write,
    index: usize,
    node: &Node,
    value: Value,
    graph: &CallGraph,
) -> io::Result<()> {
    let share = share(node.flat, graph.total);
    let (least, most) = FONT_SIZES;
    let size = least + (most - least) * share.sqrt();
    let mut text = node.name.clone();
    // Writing to a String does not fail.
    let _ = write!(text, "\n{}", amount(node.flat, value, graph));
    if node.cumulative != node.flat {
        let _ = write!(text, "\nof {}", amount(node.cumulative, value, graph));
    }
    let (label, tooltip) = (Quoted(&text), Quoted(&node.name));
    writeln!(
        out,
        "N{index} [label={label} fontsize={size:.0} tooltip={tooltip} flat={} cumulative={}]",
        node.flat, node.cumulative
    )
}

fn write_edge(out: &mut dyn Write, edge: &Edge, value: Value, graph: &CallGraph) -> io::Result<()> {
    let Edge {
        caller,
        callee,
        weight,
        indirect,
    } = edge;
    let share = share(*weight, graph.total);
    let text = plain(*weight, value);
    let (label, style) = (Quoted(&text), if *indirect { " style=dotted" } else { "" });
    writeln!(
        out,
        "N{caller} -> N{callee} [label={label} weight={:.0} penwidth={:.1} amount={weight}{style}]",
        1.0 + share * 100.0,
        1.0 + share * (MAX_PEN_WIDTH - 1.0),
    )
}

/// An amount and its share of all, as `12 KiB (3.4 %)`.
fn amount(amount: u64, value: Value, graph: &CallGraph) -> String {
    let percent = share(amount, graph.total) * 100.0;
    format!("{} ({percent:.1} %)", plain(amount, value))
}

fn plain(amount: u64, value: Value) -> String {
    match value {
        Value::Bytes | Value::HeapBytes => units::bytes(amount),
        Value::Objects => units::count(amount),
    }
}

fn share(part: u64, total: u64) -> f64 {
    match total {
        0 => 0.0,
        total => part as f64 / total as f64,
    }
}

/// Text between quotes, as DOT has it: lines in the middle.
struct Quoted<'a>(&'a str);

/// The same, lines to the left.
struct Lines<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote(self.0, "\\n", "", f)
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote(self.0, "\\l", "\\l", f)
    }
}

fn quote(text: &str, line_end: &str, last_end: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str(line_end)?,
            c if c.is_control() => f.write_char(' ')?,
            c => f.write_char(c)?,
        }
    }
    f.write_str(last_end)?;
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::super::{Format, written};
    use super::*;
    use crate::output::golden;
    use crate::profile::fixture;

    #[test]
    fn the_graph_matches_its_golden_file() {
        let text = written(&fixture::service(), Format::Dot, Value::Bytes, None);
        golden::check("service.dot", text.as_bytes());
    }

    #[test]
    fn text_cannot_leave_its_quotes() {
        let text = Quoted("a \"b\" \\ c\nd\te").to_string();
        assert_eq!(text, "\"a \\\"b\\\" \\\\ c\\nd e\"");
        assert_eq!(Lines("a\nb").to_string(), "\"a\\lb\\l\"");
    }

    #[test]
    fn a_graph_of_nothing_is_one() {
        let text = written(&Profile::default(), Format::Dot, Value::Bytes, None);
        assert!(text.starts_with("digraph \"unknown program\" {\n") && text.ends_with("}\n"));
    }
}
