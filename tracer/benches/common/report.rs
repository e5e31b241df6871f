//! `goalloc report --format json`, as far as the benches look at it.

use serde::Deserialize;

/// A report.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// How much was seen.
    pub coverage: Coverage,
    /// Sums over everything.
    pub totals: Totals,
    /// What went missing.
    pub lost: Lost,
    /// One for each key of `--by`.
    pub rows: Vec<Row>,
}

/// How much was seen.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Coverage {
    /// Windows of tracing.
    #[serde(default)]
    pub windows: u64,
    /// Objects that were traced; 0 when it was every one.
    #[serde(default)]
    pub objects_counted: u64,
}

/// Sums over a whole recording.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Totals {
    /// Heap objects.
    pub objects: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes set aside.
    pub heap_bytes: u64,
}

/// What went missing.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Lost {
    /// Allocations in no row at all.
    pub events: u64,
}

/// One line of the report's table.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// Function or site, as `--by` says.
    pub key: String,
    /// Heap objects.
    pub objects: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Between what `bytes` lies with 95 % confidence, where it is an estimate
    /// and the report says so.
    #[serde(default)]
    pub bytes_interval: Option<(u64, u64)>,
}

impl Report {
    /// The row of `key`.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }
}
