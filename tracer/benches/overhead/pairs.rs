//! The bound, measured inside one process: it is traced and not traced in turn,
//! and each stretch of tracing is compared with the stretches around it.
//!
//! On a machine whose speed drifts by more than the bound is wide, two runs of a
//! program cannot show whether it held. Neighbouring stretches of one run can: what
//! is compared is the CPU time for each object, by the target's own counters.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tracer::budget::{CpuClock, MaxOverhead};
use tracer::counters::{CounterReader, Counters};
use tracer::golang::GoBinary;
use tracer::target::Process;

use crate::common::fixture::Fixture;
use crate::common::markdown::Table;
use crate::common::tracing::{Attached, Tracing};
use crate::common::workload::{burn::Burn, json::Json};

/// Length of a stretch without tracing; one with it is twice as long.
const STRETCH: Duration = Duration::from_millis(1500);

/// The bounds that the allocation loop is traced under.
const BOUNDS: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

/// The table, of so many pairs for each row.
pub fn table(pairs: u32) -> Result<String> {
    let mut table = Table::new(&[
        "workload",
        "--max-overhead",
        "CPU time per object, traced over untraced (median)",
        "quartiles",
        "pairs",
    ]);
    let burn = Burn::build()?;
    let mut fixture = Fixture::start(burn.executable(), &["-g", "2"]);
    fixture.begin();
    for percent in BOUNDS {
        let bound = MaxOverhead::Percent(percent);
        eprintln!("pairs: burn, {bound}");
        let ratios = measure(fixture.pid(), burn.executable(), bound, pairs)?;
        row(&mut table, "64-byte loop", bound, ratios);
    }
    drop(fixture);
    let json = Json::build()?;
    let child = Running::start(json.endless())?;
    let bound = MaxOverhead::default();
    eprintln!("pairs: json, {bound}");
    let ratios = measure(child.0.id(), json.executable(), bound, pairs)?;
    row(&mut table, "encoding/json, CodeUnmarshal", bound, ratios);
    Ok(table.to_string())
}

fn row(table: &mut Table, workload: &str, bound: MaxOverhead, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let at = |part: usize| ratios.get(ratios.len() * part / 4).copied();
    let at = |part| at(part).unwrap_or(f64::NAN);
    table.row(&[
        workload.to_owned(),
        bound.to_string(),
        format!("{:.3}", at(2)),
        format!("{:.3} - {:.3}", at(1), at(3)),
        ratios.len().to_string(),
    ]);
}

/// Ratios of the CPU time for an object while traced to that while not.
fn measure(pid: u32, executable: &Path, bound: MaxOverhead, pairs: u32) -> Result<Vec<f64>> {
    let mut meter = Meter::of(pid, executable)?;
    let mut before_ns = meter.cpu_ns_per_object(STRETCH)?;
    let mut ratios = Vec::new();
    for _ in 0..pairs {
        let attached = Attached::start(Tracing::Goalloc(bound), pid, executable)?;
        let traced_ns = meter.cpu_ns_per_object(2 * STRETCH)?;
        attached.stop()?;
        let behind_ns = meter.cpu_ns_per_object(STRETCH)?;
        ratios.push(2.0 * traced_ns / (before_ns + behind_ns));
        before_ns = behind_ns;
    }
    Ok(ratios)
}

/// Reads what a process takes for what it allocates.
struct Meter {
    clock: CpuClock,
    counters: CounterReader,
}

impl Meter {
    fn of(pid: u32, executable: &Path) -> Result<Self> {
        let process = Process::open(pid)?;
        let binary = GoBinary::open(executable)?;
        let maps = process.maps()?;
        let bias = maps
            .exe(&process)
            .and_then(|exe| exe.load_bias(|offset, start| binary.load_bias(offset, start)))
            .context("its code is not mapped")?;
        Ok(Self {
            clock: CpuClock::of(pid)?,
            counters: CounterReader::open(process.memory()?, bias, &binary)?,
        })
    }

    fn cpu_ns_per_object(&mut self, stretch: Duration) -> Result<f64> {
        let (cpu_before_ns, before) = self.read()?;
        let started = Instant::now();
        std::thread::sleep(stretch.saturating_sub(started.elapsed()));
        let (cpu_ns, after) = self.read()?;
        let objects = after.since(&before).mallocs();
        Ok((cpu_ns - cpu_before_ns) as f64 / objects.max(1) as f64)
    }

    fn read(&mut self) -> Result<(u64, Counters)> {
        let cpu_ns = self.clock.now_ns().context("the target has ended")?;
        Ok((cpu_ns, self.counters.read()?))
    }
}

/// A child that is killed on drop.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let running = Self(child.context("cannot start the workload")?);
        // Until it has read its document and grown its heap.
        std::thread::sleep(Duration::from_secs(3));
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
