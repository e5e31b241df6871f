//! What it takes to attach to a large stripped binary.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use xtask::debian;

use crate::table::median;

/// A large Go program from Debian, stripped.
const PACKAGE: &str = "etcd-server";

/// Where `cargo xtask setup --bench` puts it.
fn program() -> Result<PathBuf> {
    let folder = debian::unpacked(PACKAGE)?;
    let program = folder.join("usr/bin/etcd");
    anyhow::ensure!(
        program.exists(),
        "{} is not there: cargo xtask setup --bench",
        program.display()
    );
    Ok(program)
}

/// One attachment.
struct Attachment {
    to_first_event_ms: f64,
    peak_rss_mib: f64,
}

/// Attaches `rounds` times to a running etcd.
pub fn table(rounds: usize) -> Result<String> {
    let program = program()?;
    let bytes = std::fs::metadata(&program)?.len();
    let etcd = Etcd::start(&program)?;
    let mut attachments = Vec::new();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}: attaching to etcd", round + 1);
        attachments.push(attach(etcd.child.id())?);
    }
    let of =
        |value: fn(&Attachment) -> f64| -> Vec<f64> { attachments.iter().map(value).collect() };
    let times = of(|attachment| attachment.to_first_event_ms);
    let sizes = of(|attachment| attachment.peak_rss_mib);
    let worst = |figures: &[f64]| figures.iter().copied().fold(0.0, f64::max);
    Ok(format!(
        "Debian's etcd, {:.1} MB, stripped, running with an empty store; goalloc recording for 2 s.\n\n\
         | | median | worst of {rounds} |\n|---|---|---|\n\
         | start of goalloc to the first event it has in hand, ms | {:.0} | {:.0} |\n\
         | peak resident memory, MiB | {:.1} | {:.1} |\n",
        bytes as f64 / 1e6,
        median(&times),
        worst(&times),
        median(&sizes),
        worst(&sizes),
    ))
}

fn attach(pid: u32) -> Result<Attachment> {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .args(["record", "-d", "2s", "-o", "/dev/null", "-p"])
        .arg(pid.to_string())
        .env("GOALLOC_LOG", "debug")
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take().context("no stderr")?;
    let mut to_first_event_ms = None;
    for line in BufReader::new(stderr).lines() {
        if line?.contains("first event") && to_first_event_ms.is_none() {
            to_first_event_ms = Some(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(Attachment {
        to_first_event_ms: to_first_event_ms.context("goalloc saw no event")?,
        peak_rss_mib: wait_for_peak_rss(&child)?,
    })
}

/// Waits for a child and tells the most memory it had, which only the wait
/// itself knows.
fn wait_for_peak_rss(child: &Child) -> Result<f64> {
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: `rusage` is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the types the call wants.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    anyhow::ensure!(waited == pid, "cannot wait for goalloc");
    Ok(usage.ru_maxrss as f64 / 1024.0)
}

/// An etcd of our own, on loopback, with something to do.
struct Etcd {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Etcd {
    fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = Command::new(program)
            .args(["--listen-client-urls", "http://127.0.0.1:23790"])
            .args(["--advertise-client-urls", "http://127.0.0.1:23790"])
            .args(["--listen-peer-urls", "http://127.0.0.1:23800"])
            .arg("--data-dir")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start etcd")?;
        // Until it has elected itself leader and settled.
        std::thread::sleep(Duration::from_secs(4));
        Ok(Self {
            child,
            _folder: folder,
        })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
