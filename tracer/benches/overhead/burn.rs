//! The `burn` fixture, and the ways to trace it.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tracer::attach::{Loaded, Options, Probes, Scope, Site};
use tracer::golang::GoBinary;
use tracer::plan::{Counts, Plan, ProbeSet, Scheme};
use tracer_ebpf::wire::gate;
use xtask::go::Toolchain;

/// How long a tracer may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way to trace, or not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing attached.
    Untraced,
    /// An empty BPF program at the same instructions.
    Empty,
    /// `goalloc record`, every allocation, at this stack depth.
    Goalloc {
        /// Frames of the program's own.
        depth: u32,
    },
    /// bpftrace at the entry of `runtime.mallocgc`, with its stack walk.
    Bpftrace,
}

impl Way {
    /// All of them, in the order of the table.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Untraced,
            Self::Empty,
            Self::Goalloc { depth: 5 },
            Self::Goalloc { depth: 30 },
            Self::Goalloc { depth: 100 },
            Self::Bpftrace,
        ]
    }

    fn depth(self) -> u32 {
        match self {
            Self::Goalloc { depth } => depth,
            _ => 5,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untraced => f.write_str("untraced"),
            Self::Empty => f.write_str("empty BPF program, same instructions"),
            Self::Goalloc { depth } => write!(f, "goalloc, every allocation, stack depth {depth}"),
            Self::Bpftrace => f.write_str("bpftrace uprobe:runtime.mallocgc with ustack"),
        }
    }
}

/// The fixture, built.
pub struct Burn {
    executable: PathBuf,
    /// The Go release that built it.
    pub go_version: String,
    _folder: tempfile::TempDir,
}

impl Burn {
    /// Builds it with Go 1.26, the newest release whose every allocation
    /// passes `runtime.mallocgc`, where bpftrace has its probe.
    pub fn build() -> Result<Self> {
        let toolchain = Toolchain::of_release(1, 26)?
            .context("Go 1.26 is not there: cargo xtask setup --go 1.26.6")?;
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join("burn");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/go/burn");
        toolchain.build(&source, &executable, &[])?;
        let go_version = GoBinary::open(&executable)?.version().to_string();
        Ok(Self {
            executable,
            go_version,
            _folder: folder,
        })
    }

    /// Runs it on one goroutine and counts what it allocates in a window in
    /// which the tracer is on throughout.
    pub fn ns_per_allocation(&self, way: Way, window: Duration) -> Result<f64> {
        let mut running = Running::start(&self.executable, way.depth())?;
        let tracer = Tracer::start(way, running.child.id(), &self.executable)?;
        let started = Instant::now();
        running.go()?;
        std::thread::sleep(window);
        let objects = running.stop_and_count()?;
        let elapsed = started.elapsed();
        tracer.stop()?;
        ensure!(objects > 0, "{way}: burn allocated nothing");
        Ok(elapsed.as_nanos() as f64 / objects as f64)
    }
}

/// A running `burn`, blocked until it is let go.
struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(executable: &Path, depth: u32) -> Result<Self> {
        let mut child = Command::new(executable)
            .args(["-g", "1", "-depth", &depth.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start burn")?;
        let stdout = child.stdout.take().context("burn has no stdout")?;
        let mut running = Self {
            child,
            lines: BufReader::new(stdout),
        };
        running.line()?;
        Ok(running)
    }

    fn go(&mut self) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("burn has no stdin")?;
        stdin.write_all(b"g")?;
        Ok(())
    }

    /// The second byte ends the section; the program says so at once.
    fn stop_and_count(&mut self) -> Result<u64> {
        self.go()?;
        let done = self.line()?;
        ensure!(done.trim() == "done", "burn says {done:?}");
        drop(self.child.stdin.take());
        let truth: serde_json::Value = serde_json::from_str(&self.line()?)?;
        let sites = truth["sites"].as_array().context("burn tells no sites")?;
        Ok(sites
            .iter()
            .filter_map(|site| site["objects"].as_u64())
            .sum())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        ensure!(!line.is_empty(), "burn ended early");
        Ok(line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or is of no use any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whatever is attached.
enum Tracer {
    None,
    Probes {
        _probes: Probes,
        _loaded: Box<Loaded>,
    },
    Process(Child),
}

impl Tracer {
    fn start(way: Way, pid: u32, executable: &Path) -> Result<Self> {
        match way {
            Way::Untraced => Ok(Self::None),
            Way::Empty => empty(pid),
            Way::Goalloc { .. } => {
                let mut child = Command::new(env!("CARGO_BIN_EXE_goalloc"))
                    .args(["record", "--max-overhead", "none", "--probes", "alloc"])
                    .args(["-o", "/dev/null", "-p"])
                    .arg(pid.to_string())
                    .stderr(Stdio::piped())
                    .spawn()?;
                wait_for(&mut child, &Stream::Stderr, "recording")?;
                Ok(Self::Process(child))
            }
            Way::Bpftrace => {
                let script = format!(
                    "uprobe:{}:runtime.mallocgc {{ @[ustack(perf)] = sum(reg(\"ax\")); }} \
                     BEGIN {{ printf(\"attached\\n\"); }}",
                    executable.display()
                );
                let mut child = Command::new("bpftrace")
                    .args(["-e", &script])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .context("bpftrace is not there: cargo xtask setup --bench")?;
                wait_for(&mut child, &Stream::Stdout, "attached")?;
                // It prints that before its last probe is on.
                std::thread::sleep(Duration::from_secs(1));
                Ok(Self::Process(child))
            }
        }
    }

    fn stop(self) -> Result<()> {
        if let Self::Process(mut child) = self {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
            let deadline = Instant::now() + PATIENCE;
            while child.try_wait()?.is_none() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            // bpftrace 0.17 now and then misses the signal; its figure is taken
            // already. A tracer that has ended takes no harm.
            let _ = child.kill();
            child.wait()?;
        }
        Ok(())
    }
}

/// The empty program at every instruction goalloc would probe.
fn empty(pid: u32) -> Result<Tracer> {
    let exe = PathBuf::from(format!("/proc/{pid}/exe"));
    let plan = Plan::new(
        &GoBinary::open(&exe)?,
        "alloc".parse::<ProbeSet>()?,
        Scheme::All,
    )?;
    let sites: Vec<Site> = plan
        .probes
        .iter()
        .filter(|probe| probe.counts == Counts::Objects)
        .map(|probe| Site {
            program: "empty",
            offset: probe.file_offset,
            spec: probe.spec,
        })
        .collect();
    let mut loaded = Box::new(Loaded::load(&Options::default())?);
    let scope = Scope::Process(NonZeroU32::new(pid).context("no PID")?);
    let groups = loaded.groups(&exe, &sites, scope)?;
    let probes = groups.window.on()?;
    loaded.gates().open(gate::WINDOW, u64::MAX);
    Ok(Tracer::Probes {
        _probes: probes,
        _loaded: loaded,
    })
}

enum Stream {
    Stdout,
    Stderr,
}

/// Reads a child's output until a line has `word` in it; what follows is read
/// and dropped, so that the child never blocks on it.
fn wait_for(child: &mut Child, stream: &Stream, word: &str) -> Result<()> {
    let pipe: Box<dyn Read + Send> = match stream {
        Stream::Stdout => Box::new(child.stdout.take().context("no stdout")?),
        Stream::Stderr => Box::new(child.stderr.take().context("no stderr")?),
    };
    let mut lines = BufReader::new(pipe);
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            bail!("the tracer ended before it was ready");
        }
    }
    std::thread::spawn(move || {
        let mut sink = File::create("/dev/null")?;
        std::io::copy(&mut lines, &mut sink)
    });
    Ok(())
}
