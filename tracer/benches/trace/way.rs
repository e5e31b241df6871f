//! The ways to print calls.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tracer::budget::CpuClock;
use tracer::golang::GoBinary;

use crate::common::fixture::Fixture;
use crate::common::workload::burn::source;
use crate::common::workload::toolchain;

/// The fixture assigns to so many maps in turn.
const MAPS: u64 = 3;

/// How long a tracer may take to attach, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// bpftrace says that it is attached before its last probe is on, and a debugger is
/// attached before its breakpoints are set.
const SETTLES: Duration = Duration::from_secs(4);

/// How often it is looked whether a tracer has written all it has.
const LOOKS: Duration = Duration::from_millis(500);

/// A way to trace, or not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing attached.
    Untraced,
    /// `goalloc trace --max-overhead none`.
    Goalloc,
    /// The same with `--return`.
    GoallocReturns,
    /// bpftrace at the entries of the same functions, printing the same but the call
    /// site's name and the type's.
    Bpftrace,
    /// `dlv trace`, which stops the target at each breakpoint.
    Delve,
}

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// By the clock on the wall, until the target was through.
    pub wall_ns: u64,
    /// CPU time of the target.
    pub target_ns: u64,
    /// CPU time of the tracer, until all was printed.
    pub tracer_ns: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls that were printed.
    pub printed: usize,
    /// Whether the target went on when the tracer had ended.
    pub lived_on: bool,
}

/// The fixture, built.
#[derive(Debug)]
pub struct Assignments {
    executable: PathBuf,
    pub go_version: String,
    goid_offset: u16,
    folder: TempDir,
}

/// A tracer that is attached. It is killed on drop.
struct Tracer {
    child: Child,
    written: PathBuf,
    clock: CpuClock,
}

impl Way {
    pub const ALL: [Self; 5] = [
        Self::Untraced,
        Self::Goalloc,
        Self::GoallocReturns,
        Self::Bpftrace,
        Self::Delve,
    ];

    /// What to compare with: the way of goalloc that prints the same.
    pub fn of_goalloc(self) -> Self {
        match self {
            Self::Delve | Self::GoallocReturns => Self::GoallocReturns,
            _ => Self::Goalloc,
        }
    }

    /// Assignments to each map. A debugger takes milliseconds over one.
    fn assignments(self) -> u64 {
        match self {
            Self::Delve => 500,
            _ => 10_000,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untraced => "untraced",
            Self::Goalloc => "goalloc trace",
            Self::GoallocReturns => "goalloc trace --return",
            Self::Bpftrace => "bpftrace",
            Self::Delve => "dlv trace",
        })
    }
}

impl Assignments {
    pub fn build() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join("assignments");
        toolchain()?.build(&source("assignments"), &executable, &[])?;
        let binary = GoBinary::open(&executable)?;
        let layout = binary.runtime_layout().context("an unknown Go release")?;
        Ok(Self {
            executable,
            go_version: binary.version().to_string(),
            goid_offset: layout.g_goid,
            folder,
        })
    }

    /// Lets the fixture make its assignments, traced this way.
    pub fn trace(&self, way: Way) -> Result<Cost> {
        let each = way.assignments();
        let each_argument = each.to_string();
        let mut fixture = Fixture::start(&self.executable, &["-n", &each_argument]);
        let clock = CpuClock::of(fixture.pid())?;
        let tracer = self.attach(way, fixture.pid())?;
        let before_ns = clock.now_ns().context("the fixture has ended")?;
        let tracer_before_ns = tracer.as_ref().and_then(|it| it.clock.now_ns());
        let started = Instant::now();
        fixture.run_section();
        let mut cost = Cost {
            wall_ns: u64::try_from(started.elapsed().as_nanos())?,
            target_ns: clock.now_ns().context("the fixture has ended")? - before_ns,
            calls: MAPS * each,
            ..Cost::default()
        };
        if let (Some(mut tracer), Some(before_ns)) = (tracer, tracer_before_ns) {
            tracer.wait_until_written()?;
            let now_ns = tracer.clock.now_ns().context("the tracer has ended")?;
            cost.tracer_ns = now_ns - before_ns;
            cost.printed = tracer.finish()?;
        }
        cost.lived_on = fixture.try_finish::<serde_json::Value>().is_ok();
        Ok(cost)
    }

    fn attach(&self, way: Way, pid: u32) -> Result<Option<Tracer>> {
        let pid = pid.to_string();
        let mut command = match way {
            Way::Untraced => return Ok(None),
            Way::Goalloc | Way::GoallocReturns => {
                let mut goalloc = Command::new(env!("CARGO_BIN_EXE_goalloc"));
                goalloc.args(["trace", "-p", &pid, "--max-overhead", "none"]);
                goalloc.args(["--func", "runtime.mapassign*"]);
                if way == Way::GoallocReturns {
                    goalloc.arg("--return");
                }
                goalloc
            }
            Way::Delve => {
                let mut delve = Command::new("dlv");
                // It knows Go releases up to its own time.
                delve.args(["trace", "--check-go-version=false", "-p", &pid]);
                delve.arg("runtime.mapassign.*");
                delve
            }
            Way::Bpftrace => {
                let mut bpftrace = Command::new("bpftrace");
                bpftrace.args(["-p", &pid, "-e", &self.script()]);
                // With its default of 64 it loses most.
                bpftrace.env("BPFTRACE_PERF_RB_PAGES", "4096");
                bpftrace
            }
        };
        let [written, said] = ["written", "said"].map(|name| self.folder.path().join(name));
        command
            .stdin(Stdio::null())
            .stdout(File::create(&written)?)
            .stderr(File::create(&said)?);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {way}: cargo xtask setup --bench"))?;
        let clock = CpuClock::of(child.id())?;
        let tracer = Tracer {
            child,
            // The debugger prints calls where others complain.
            written: if way == Way::Delve {
                said.clone()
            } else {
                written
            },
            clock,
        };
        let is_attached = || -> Result<bool> {
            Ok(match way {
                Way::Bpftrace => fs::read_to_string(&tracer.written)?.contains("attached"),
                // It does not say when it is ready.
                Way::Delve => {
                    !fs::read_to_string(format!("/proc/{pid}/status"))?.contains("TracerPid:\t0\n")
                }
                _ => fs::read_to_string(&said)?.contains("tracing"),
            })
        };
        let deadline = Instant::now() + PATIENCE;
        while !is_attached()? {
            ensure!(Instant::now() < deadline, "{way} does not attach");
            std::thread::sleep(LOOKS);
        }
        std::thread::sleep(SETTLES);
        Ok(Some(tracer))
    }

    /// Prints what `goalloc trace` prints: time, thread, goroutine, function, map, key and
    /// return address.
    fn script(&self) -> String {
        let probe = |function: &str, key: &str, value: &str| {
            format!(
                "uprobe:{}:runtime.{function} {{ printf(\"%llu %d %llu {function} %p {key} %llx\\n\", \
                 nsecs, tid, *(uint64*)(reg(\"r14\") + {}), reg(\"bx\"), {value}, \
                 *(uint64*)reg(\"sp\")); }}\n",
                self.executable.display(),
                self.goid_offset,
            )
        };
        [
            probe("mapassign_fast64", "%llu", "reg(\"cx\")"),
            probe("mapassign_fast32", "%u", "reg(\"cx\")"),
            probe("mapassign_faststr", "%s", "str(reg(\"cx\"), reg(\"di\"))"),
            "BEGIN { printf(\"attached\\n\"); }".to_owned(),
        ]
        .concat()
    }
}

impl Tracer {
    /// Waits until nothing more is written.
    fn wait_until_written(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut before = None;
        loop {
            std::thread::sleep(LOOKS);
            let bytes = fs::metadata(&self.written)?.len();
            if before == Some(bytes) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the tracer writes for ever");
            before = Some(bytes);
        }
    }

    /// Ends it, and counts the calls it printed.
    fn finish(&mut self) -> Result<usize> {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let deadline = Instant::now() + PATIENCE / 6;
        // bpftrace 0.17 now and then misses the signal; all is written already.
        while self.child.try_wait()?.is_none() && Instant::now() < deadline {
            std::thread::sleep(LOOKS / 10);
        }
        let written = fs::read_to_string(&self.written)?;
        Ok(written
            .lines()
            .filter(|line| line.contains("mapassign"))
            .count())
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // It has ended, or is to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
