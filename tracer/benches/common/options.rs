//! The command line of a bench.

use clap::Parser;

use super::workload::{burn, compile, esbuild, etcd, json};

/// Not a workload: the fixtures that print their own truth.
pub const FIXTURES: &str = "fixtures";

/// Nor this: many short recordings.
pub const COVERAGE: &str = "coverage";

const WORKLOADS: [&str; 7] = [
    burn::NAME,
    json::NAME,
    etcd::NAME,
    esbuild::NAME,
    compile::NAME,
    FIXTURES,
    COVERAGE,
];

/// What to measure; `cargo xtask bench` passes it on.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Rounds over everything, where medians are of these; short recordings, where it
    /// is counted how many of them are right
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// Only these workloads, with commas between
    #[arg(long, value_delimiter = ',', value_parser = WORKLOADS)]
    pub workload: Vec<String>,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
    /// Passed by `cargo test --benches`
    #[arg(long, hide = true)]
    test: bool,
}

impl Options {
    /// The options, or `None` when this is a build check and no measurement.
    pub fn parse_unless_test() -> Option<Self> {
        let options = Self::parse();
        (!options.test).then_some(options)
    }

    /// Whether the workload of this name is to be measured.
    pub fn wants(&self, workload: &str) -> bool {
        self.workload.is_empty() || self.workload.iter().any(|name| name == workload)
    }
}
