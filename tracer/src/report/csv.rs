//! The rows as CSV: a header line, then one line for each row.
//!
//! Columns: `key,objects,bytes,heap_bytes,percent,p50,p90,p99,max`, meaning what
//! they mean in the JSON, and `objects_low,objects_high,bytes_low,bytes_high`, the
//! ends of its intervals, empty when it has none. CSV has no place for losses, and
//! for the coverage of estimates; the command line prints those to stderr.

use super::json::rounded;
use super::{Report, Row};
use crate::profile::Interval;

/// The rows of `report` as CSV.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn to_csv(report: &Report<'_>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "key",
        "objects",
        "bytes",
        "heap_bytes",
        "percent",
        "p50",
        "p90",
        "p99",
        "max",
        "objects_low",
        "objects_high",
        "bytes_low",
        "bytes_high",
    ])?;
    for row in &report.rows {
        writer.write_record(record(row))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(row: &Row<'_>) -> [String; 13] {
    let sizes = row.sizes();
    let [objects_low, objects_high] = ends(row.objects_interval);
    let [bytes_low, bytes_high] = ends(row.bytes_interval);
    [
        row.key.clone(),
        row.values.objects.to_string(),
        row.values.bytes.to_string(),
        row.values.heap_bytes.to_string(),
        rounded(row.percent).to_string(),
        sizes.quantile(0.5).to_string(),
        sizes.quantile(0.9).to_string(),
        sizes.quantile(0.99).to_string(),
        sizes.max().to_string(),
        objects_low,
        objects_high,
        bytes_low,
        bytes_high,
    ]
}

fn ends(interval: Option<Interval>) -> [String; 2] {
    interval.map_or_else(Default::default, |Interval { low, high }| {
        [low.to_string(), high.to_string()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::fixture;
    use crate::report::Options;

    #[test]
    fn keys_with_commas_and_quotes_come_back_whole() {
        let mut b = fixture::Builder::default();
        b.objects(Vec::new(), ("struct { A, B \"x\" }", "new"), 16, 1);
        let profile = b.finish();
        let options = Options {
            by: super::super::By::Type,
            ..Options::default()
        };
        let text = to_csv(&Report::new(&profile, options)).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(&record[0], "struct { A, B \"x\" }");
        assert_eq!(&record[1], "1");
    }
}
