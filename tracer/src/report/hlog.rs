//! The distribution of sizes as an interval log (`.hlog`) of V2 compressed
//! histograms, which HdrHistogram's log tools read in any language.
//!
//! The log has one interval, the recording. The histogram without a tag holds
//! all sizes of the report; each row's has the row's key as tag, with what a tag
//! may not hold (space, comma, line ends) replaced by `_`.

use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::{Report, hgrm};

/// Why a log could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the interval log: {reason}")]
pub struct HlogError {
    /// What hdrhistogram says; a count beyond `i64::MAX`, at most.
    reason: String,
}

/// The sizes of `report` as an interval log.
///
/// # Errors
/// When a count exceeds what the format can hold.
pub fn to_hlog(report: &Report<'_>) -> Result<Vec<u8>, HlogError> {
    let failed = |error: &dyn std::fmt::Display| HlogError {
        reason: error.to_string(),
    };
    let start = u64::try_from(report.profile.start_unix_ns).unwrap_or(0);
    let start_time = UNIX_EPOCH + Duration::from_nanos(start);
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("[Histogram log format version 1.3]");
    for line in hgrm::comments(report) {
        builder.add_comment(&line);
    }
    builder
        .with_start_time(start_time)
        .with_base_time(start_time);

    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = builder
        .begin_log_with(&mut log, &mut serializer)
        .map_err(|e| failed(&e))?;
    writer
        .write_comment("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"")
        .map_err(|e| failed(&e))?;
    let duration = Duration::from_nanos(report.profile.duration_ns);
    writer
        .write_histogram(report.sizes.hdr(), Duration::ZERO, duration, None)
        .map_err(|e| failed(&e))?;
    for row in &report.rows {
        let tag = row.key.replace([' ', ',', '\r', '\n'], "_");
        writer
            .write_histogram(row.sizes().hdr(), Duration::ZERO, duration, Tag::new(&tag))
            .map_err(|e| failed(&e))?;
    }
    drop(writer);
    Ok(log)
}
