//! `goalloc report --format json`, as far as the tests look at it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A report.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// Of this shape.
    pub schema: u32,
    /// What was recorded.
    pub target: Target,
    /// How much was seen.
    pub coverage: Coverage,
    /// What the figures do not cover.
    pub warnings: Vec<String>,
    /// Sums over everything.
    pub totals: Totals,
    /// What went missing.
    pub lost: Lost,
    /// One for each key of `--by`.
    pub rows: Vec<Row>,
    /// Calls that are counted, by site.
    #[serde(default)]
    pub calls: Vec<Calls>,
    /// What was allocated over time.
    pub timeline: Option<Timeline>,
}

/// What was allocated over time.
#[derive(Clone, Debug, Deserialize)]
pub struct Timeline {
    /// How long a slice is.
    pub interval_ns: u64,
    /// In order.
    pub slices: Vec<Slice>,
    /// One for each site.
    pub series: Vec<Series>,
}

/// A slice of time.
#[derive(Clone, Debug, Deserialize)]
pub struct Slice {
    /// When it ended, since the recording began.
    pub end_ns: u64,
    /// Heap objects.
    pub objects: u64,
    /// Bytes set aside.
    pub heap_bytes: u64,
}

/// A site's part of each slice.
#[derive(Clone, Debug, Deserialize)]
pub struct Series {
    /// Which.
    pub site: String,
    /// Heap objects.
    pub objects: Vec<u64>,
    /// Bytes set aside.
    pub heap_bytes: Vec<u64>,
}

/// What was recorded.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// The processes.
    pub pids: Vec<u32>,
}

/// How much was seen.
#[derive(Clone, Debug, Deserialize)]
pub struct Coverage {
    /// `all`, `windows` or `spans`.
    pub method: String,
    /// Time in which everything was traced.
    pub traced_ns: u64,
    /// Time that was recorded.
    pub recorded_ns: u64,
    /// Windows of tracing.
    pub windows: u64,
    /// Objects traced.
    pub objects_counted: u64,
    /// Objects by the runtime's counters.
    pub objects_runtime: Option<u64>,
}

/// Sums over a whole recording.
#[derive(Clone, Debug, Deserialize)]
pub struct Totals {
    /// Heap objects.
    pub objects: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes set aside.
    pub heap_bytes: u64,
    /// Counted calls, by called function.
    pub calls: BTreeMap<String, u64>,
}

/// What went missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Lost {
    /// Allocations in no row at all.
    pub events: u64,
    /// Allocations without their stack.
    pub stacks: u64,
}

impl Lost {
    /// Nothing.
    pub const NOTHING: Self = Self {
        events: 0,
        stacks: 0,
    };
}

/// One line of the report's table.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// Function, site, type, as `--by` says.
    pub key: String,
    /// Heap objects.
    pub objects: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes set aside.
    pub heap_bytes: u64,
}

/// Counted calls from one place.
#[derive(Clone, Debug, Deserialize)]
pub struct Calls {
    /// The called function.
    pub call: String,
    /// The caller, as `function file:line`.
    pub site: String,
    /// The map's type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How many.
    pub calls: u64,
}

impl Report {
    /// The row of `key`.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|it| it.key == key)
    }
}
