//! A verification for people.

use std::fmt::Write as _;

use super::{Error, Figure, Source, Verdict, Verification};
use crate::profile::summary::{count, seconds};

/// A row for each source, and what to know of it.
#[must_use]
pub fn to_table(verification: &Verification) -> String {
    let mut text = String::new();
    let counters = &verification.counters;
    let (objects, bytes) = (counters.mallocs(), counters.total_alloc_bytes());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Target    {}", verification.target);
    let _ = writeln!(text, "Recorded  {}", seconds(verification.recorded_ns));
    let _ = writeln!(text, "Coverage  {}\n", verification.coverage);
    row(
        &mut text,
        ["source", "objects", "differs", "bytes", "differs"],
        "verdict",
    );
    row(
        &mut text,
        ["runtime counters", &count(objects), "", &count(bytes), ""],
        "",
    );
    source(&mut text, "goalloc", &verification.goalloc);
    match &verification.heap_profile {
        Ok(found) => source(&mut text, "heap profile", found),
        Err(error) => row(
            &mut text,
            ["heap profile", "-", "", "-", ""],
            &format!("cannot be had: {error}"),
        ),
    }
    if verification.heap_profile.is_ok() && counters.tiny > 0 {
        let _ = writeln!(
            text,
            "\nThe heap profile is held against {} objects: it never samples the {} that share a \
             block of 16 bytes with an earlier one.",
            count(objects.saturating_sub(counters.tiny)),
            count(counters.tiny),
        );
    }
    text
}

fn source(text: &mut String, name: &str, source: &Source) {
    let [objects, bytes] = [source.objects, source.bytes];
    row(
        text,
        [
            name,
            &count(objects.found),
            &differs(&objects),
            &count(bytes.found),
            &differs(&bytes),
        ],
        &verdict(source),
    );
}

fn row(text: &mut String, cells: [&str; 5], verdict: &str) {
    let [source, objects, off, bytes, bytes_off] = cells;
    let line =
        format!("{source:<16}  {objects:>15}  {off:>9}  {bytes:>19}  {bytes_off:>9}  {verdict}");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", line.trim_end());
}

fn differs(figure: &Figure) -> String {
    if figure.found == figure.expected {
        return "0 %".to_owned();
    }
    format!("{:+.3} %", figure.percent())
}

fn verdict(source: &Source) -> String {
    let name = source.verdict().name();
    let [objects, bytes] = [source.objects, source.bytes].map(|it| it.within_percent());
    let within = match source.error {
        Error::Readings => format!("{objects:.0} %"),
        Error::Windows => {
            return format!(
                "{name}: traced in windows, totals are the counters' own; --max-overhead none \
                 counts every object"
            );
        }
        Error::Sampling { samples } => format!(
            "{objects:.1} % of objects and {bytes:.1} % of bytes: the error of {} samples at 99.9 %",
            count(samples)
        ),
    };
    match source.verdict() {
        Verdict::Agrees => format!("{name}, within {within}"),
        Verdict::Unsure => format!("{name}: too few samples, {within}"),
        Verdict::Disagrees => format!("{name}, by more than {within}"),
    }
}
