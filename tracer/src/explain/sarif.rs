//! An explanation as SARIF 2.1.0, which code-scanning views and editors show at the
//! lines it is about.

use serde_sarif::sarif::{
    ArtifactLocation, Location, PhysicalLocation, Region, ReportingDescriptor, ResultLevel, Run,
    Sarif, Tool, ToolComponent, Version,
};

use super::{Escape, Explanation, Measured};
use crate::profile::summary::count;
use crate::report::units;

const ESCAPE: &str = "escape-that-costs";
const BLIND_SPOT: &str = "blind-spot";

/// What has this much of the bytes is a warning, in percent; the rest are notes.
const WARN_PERCENT: f64 = 1.0;

/// Escapes that cost and blind spots, as far as their lines are known.
#[must_use]
pub fn to_sarif(explanation: &Explanation<'_>) -> String {
    let all = explanation.totals.bytes;
    let costly = explanation.costly.iter().filter_map(|(escapes, measured)| {
        let first: &Escape = escapes.first()?;
        let said: Vec<_> = escapes.iter().map(|it| it.sentence()).collect();
        let place = (first.file.as_str(), first.line, Some(first.column));
        Some(result(ESCAPE, &said.join("; "), measured, all, place))
    });
    let spots = explanation.blind.iter();
    let blind = spots
        .filter(|it| !it.file.is_empty() && it.line > 0)
        .map(|spot| {
            let said = format!("{} ({})", spot.cause, spot.why.reason());
            let place = (spot.file.as_str(), spot.line, None);
            result(BLIND_SPOT, &said, &spot.measured, all, place)
        });
    let rule = |id: &str, text: &str| {
        ReportingDescriptor::builder()
            .id(id)
            .short_description(&text.to_owned())
            .build()
    };
    let driver = ToolComponent::builder()
        .name("goalloc")
        .version(env!("CARGO_PKG_VERSION"))
        .rules(vec![
            rule(
                ESCAPE,
                "The compiler puts it on the heap, and it was allocated",
            ),
            rule(BLIND_SPOT, "Allocated, and the compiler said nothing of it"),
        ])
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(costly.chain(blind).collect::<Vec<_>>())
        .build();
    let sarif = Sarif::builder()
        .version(Version::V2_1_0.to_string())
        .runs(vec![run])
        .build();
    let mut text = serde_json::to_string_pretty(&sarif)
        .unwrap_or_else(|error| unreachable!("plain data becomes JSON: {error}"));
    text.push('\n');
    text
}

fn result(
    rule: &str,
    said: &str,
    measured: &Measured,
    all: u64,
    (file, line, column): (&str, u32, Option<u32>),
) -> serde_sarif::sarif::Result {
    let bytes = measured.values.bytes;
    let percent = bytes as f64 * 100.0 / all.max(1) as f64;
    let message = format!(
        "{said}: {} in {} objects, {percent:.1} % of all bytes",
        units::bytes(bytes),
        count(measured.values.objects)
    );
    let level = if percent < WARN_PERCENT {
        ResultLevel::Note
    } else {
        ResultLevel::Warning
    };
    let mut region = Region::builder().start_line(i64::from(line)).build();
    region.start_column = column.map(i64::from);
    let place = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri(file)).build())
        .region(region)
        .build();
    serde_sarif::sarif::Result::builder()
        .rule_id(rule)
        .level(level)
        .message(&message)
        .locations(vec![Location::builder().physical_location(place).build()])
        .build()
}

/// A path as a URI; the characters of Go's import paths and usual file names need no
/// escapes, others get them.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+!$&'()*,;=".contains(&byte);
    let escaped: String = path
        .bytes()
        .map(|byte| match byte {
            byte if is_plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    if path.starts_with('/') {
        format!("file://{escaped}")
    } else {
        escaped
    }
}
