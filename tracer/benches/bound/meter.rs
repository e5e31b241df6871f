//! What a running process takes for what it allocates, by its own counters.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tracer::budget::CpuClock;
use tracer::counters::{CounterReader, Counters};
use tracer::golang::GoBinary;
use tracer::target::Process;

/// Length of a stretch: the first window opens at its beginning, before there is any
/// budget for it, and is to weigh little.
const STRETCH: Duration = Duration::from_secs(2);

/// What a unit of work takes, or how that compares.
#[derive(Clone, Copy)]
pub struct Times {
    pub wall_ns: f64,
    pub cpu_ns: f64,
}

impl Times {
    /// Over the mean of those before and behind.
    pub fn over(self, before: Self, behind: Self) -> Self {
        Self {
            wall_ns: 2.0 * self.wall_ns / (before.wall_ns + behind.wall_ns),
            cpu_ns: 2.0 * self.cpu_ns / (before.cpu_ns + behind.cpu_ns),
        }
    }
}

/// Reads what it takes.
pub struct Meter {
    clock: CpuClock,
    counters: CounterReader,
}

impl Meter {
    /// Of a process, which runs `executable`.
    pub fn of(pid: u32, executable: &Path) -> Result<Self> {
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

    /// For an object, over the next stretch.
    pub fn times(&mut self) -> Result<Times> {
        let (started, cpu_before_ns, before) = self.read()?;
        std::thread::sleep(STRETCH);
        let (ended, cpu_ns, after) = self.read()?;
        let objects = after.since(&before).mallocs().max(1) as f64;
        Ok(Times {
            wall_ns: (ended - started).as_nanos() as f64 / objects,
            cpu_ns: (cpu_ns - cpu_before_ns) as f64 / objects,
        })
    }

    fn read(&mut self) -> Result<(Instant, u64, Counters)> {
        let counters = self.counters.read()?;
        let cpu_ns = self.clock.now_ns().context("the target has ended")?;
        Ok((Instant::now(), cpu_ns, counters))
    }
}
