//! The programs that are traced, and what they are given to do.

pub mod burn;
pub mod compile;
pub mod esbuild;
pub mod etcd;
pub mod json;
pub mod looped;
mod modules;

use anyhow::{Context, Result};
use xtask::go::Toolchain;

use super::options::Options;
use super::tracing::{Traced, Tracing};
use super::usage::Usage;

/// How much there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Some seconds untraced.
    Full,
    /// A part of that, for tracers that slow the target down many times.
    Reduced,
    /// A quarter of a minute or more untraced, where the work can be repeated.
    Long,
}

/// Something to do for a program that is traced meanwhile.
pub trait Workload {
    /// Its name on the command line.
    fn name(&self) -> &str;

    /// What it is, for people.
    fn title(&self) -> String;

    /// What is counted of it.
    fn unit(&self) -> &'static str;

    /// How much work is of this size, in a measure of its own.
    fn amount(&self, size: Size) -> u64;

    /// Does it once.
    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome>;

    /// What a recording of it is compared with.
    fn reference(&self) -> Reference;

    /// What `goalloc report` makes rows of: what the reference names.
    fn by(&self) -> &'static str {
        "site"
    }
}

/// What a recording is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// What the program counts itself, in the same run.
    Truth,
    /// A second run of the same work, every allocation traced.
    ExactRun,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done, in units.
    pub units: u64,
    /// What the target took for it.
    pub usage: Usage,
    /// What the tracer leaves.
    pub traced: Traced,
    /// What the target's runtime counted meanwhile, where it tells.
    pub counted: Option<Counted>,
    /// Bytes asked for by function, where the program counts itself.
    pub functions: Vec<(String, u64)>,
}

/// The runtime's own counters, over a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Heap objects: `MemStats.Mallocs`.
    pub objects: u64,
    /// Bytes set aside: `MemStats.TotalAlloc`.
    pub heap_bytes: u64,
}

impl Outcome {
    /// Wall-clock time per unit, nanoseconds.
    pub fn wall_ns(&self) -> f64 {
        self.usage.wall.as_nanos() as f64 / self.units as f64
    }

    /// CPU time per unit, nanoseconds.
    pub fn cpu_ns(&self) -> f64 {
        self.usage.cpu.as_nanos() as f64 / self.units as f64
    }
}

/// The wanted workloads, built for work of this size.
pub fn wanted(options: &Options, size: Size) -> Result<Vec<Box<dyn Workload>>> {
    let mut found: Vec<Box<dyn Workload>> = Vec::new();
    if options.wants(burn::NAME) {
        found.push(Box::new(burn::Burn::build()?));
    }
    if options.wants(json::NAME) {
        found.push(Box::new(json::Json::build()?));
    }
    if options.wants(etcd::NAME) {
        found.push(Box::new(etcd::Etcd::build()?));
    }
    if options.wants(esbuild::NAME) {
        found.push(Box::new(esbuild::Esbuild::build(size)?));
    }
    if options.wants(compile::NAME) {
        found.push(Box::new(compile::Compile::build(size)?));
    }
    Ok(found)
}

/// Go 1.26, the newest release whose every allocation passes `runtime.mallocgc`,
/// where bpftrace has its probe.
pub fn toolchain() -> Result<Toolchain> {
    Toolchain::of_release(1, 26)?.context("Go 1.26 is not there: cargo xtask setup --bench")
}
