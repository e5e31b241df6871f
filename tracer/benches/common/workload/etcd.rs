//! Debian's etcd under a load of writes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tracer::budget::CpuClock;
use xtask::{command, debian};

use super::burn::source;
use super::{Counted, Outcome, Reference, Size, Workload, toolchain};
use crate::common::http;
use crate::common::tracing::{Attached, Tracing};
use crate::common::usage::Usage;

/// Its name on the command line.
pub const NAME: &str = "etcd";

/// The package, stripped and large.
const PACKAGE: &str = "etcd-server";

/// Puts before the measured ones, so that the server has grown its buffers.
const WARM_UP: u64 = 1000;

/// How long it may take to elect itself leader.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server and the load, built.
#[derive(Debug)]
pub struct Etcd {
    program: PathBuf,
    load: PathBuf,
    _folder: TempDir,
}

impl Etcd {
    /// Builds the load.
    pub fn build() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let load = folder.path().join("putload");
        toolchain()?.build(&source("putload"), &load, &[])?;
        Ok(Self {
            program: program()?,
            load,
            _folder: folder,
        })
    }

    /// The server.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Puts for longer than anybody looks.
    pub fn endless(&self, server: &Server) -> Command {
        self.load(server, u64::from(u32::MAX))
    }

    fn load(&self, server: &Server, times: u64) -> Command {
        let mut load = Command::new(&self.load);
        load.args(["-address", &format!("127.0.0.1:{}", server.port)])
            .args(["-n", &times.to_string()]);
        load
    }

    /// Puts so often, and tells how long it took.
    fn put(&self, server: &Server, times: u64) -> Result<Duration> {
        let said = command::output(&mut self.load(server, times), "look at etcd")?;
        let ns = said.split_whitespace().rev().nth(1);
        let ns = ns.with_context(|| format!("putload says {said:?}"))?;
        Ok(Duration::from_nanos(ns.parse()?))
    }
}

impl Workload for Etcd {
    fn name(&self) -> &str {
        NAME
    }

    fn title(&self) -> String {
        "Debian's etcd, puts on 4 connections".to_owned()
    }

    fn unit(&self) -> &'static str {
        "put"
    }

    /// Puts.
    fn amount(&self, size: Size) -> u64 {
        match size {
            Size::Full => 20_000,
            Size::Reduced => 1_000,
            Size::Long => 140_000,
        }
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        let server = Server::start(&self.program)?;
        self.put(&server, WARM_UP)?;
        let clock = CpuClock::of(server.pid())?;
        let cpu_ns = || clock.now_ns().context("etcd ended early");
        let attached = Attached::start(tracing, server.pid(), &self.program)?;
        let before = server.counted()?;
        let cpu_before_ns = cpu_ns()?;
        let wall = self.put(&server, amount)?;
        let cpu = Duration::from_nanos(cpu_ns()? - cpu_before_ns);
        let after = server.counted()?;
        let traced = attached.stop()?;
        Ok(Outcome {
            units: amount,
            usage: Usage { wall, cpu },
            traced,
            counted: Some(Counted {
                objects: after.objects - before.objects,
                heap_bytes: after.heap_bytes - before.heap_bytes,
            }),
            functions: Vec::new(),
        })
    }

    fn reference(&self) -> Reference {
        Reference::ExactRun
    }
}

/// Where `cargo xtask setup --bench` puts it.
pub fn program() -> Result<PathBuf> {
    let program = debian::unpacked(PACKAGE)?.join("usr/bin/etcd");
    ensure!(
        program.exists(),
        "{} is not there: cargo xtask setup --bench",
        program.display()
    );
    Ok(program)
}

/// An etcd of our own on loopback, its data in memory where that can be: disks
/// differ from run to run more than tracing costs. It is killed on drop.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    /// Starts one and waits until it has elected itself leader.
    pub fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let (port, peer_port) = (free_port()?, free_port()?);
        let clients = format!("http://127.0.0.1:{port}");
        let child = Command::new(program)
            .args(["--listen-client-urls", &clients])
            .args(["--advertise-client-urls", &clients])
            .arg(format!("--listen-peer-urls=http://127.0.0.1:{peer_port}"))
            .arg("--data-dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start etcd")?;
        let server = Self {
            child,
            port,
            _folder: folder,
        };
        let started = Instant::now();
        while !http::get(port, "/health").is_ok_and(|health| health.contains("true")) {
            ensure!(started.elapsed() < PATIENCE, "etcd does not become healthy");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its runtime's counters, from its metrics.
    fn counted(&self) -> Result<Counted> {
        let metrics = http::get(self.port, "/metrics")?;
        let value = |name: &str| -> Result<u64> {
            let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
            let found = lines.find(|(key, _)| *key == name);
            let (_, value) = found.with_context(|| format!("etcd does not tell {name}"))?;
            Ok(value.parse::<f64>()? as u64)
        };
        Ok(Counted {
            objects: value("go_memstats_mallocs_total")?,
            heap_bytes: value("go_memstats_alloc_bytes_total")?,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that nobody has right now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
