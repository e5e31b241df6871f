//! Time and memory that processes take.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What a piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// By the clock on the wall.
    pub wall: Duration,
    /// On all CPUs, user and system.
    pub cpu: Duration,
}

/// What the kernel tells of a process that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// CPU time, user and system.
    pub cpu: Duration,
    /// The most memory it had resident.
    pub peak_rss_bytes: u64,
    /// Whether it exited with code 0.
    pub success: bool,
}

/// Waits for a child; this takes its status, so that nothing else can.
pub fn wait(child: &Child) -> Result<Ended> {
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: `rusage` is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the types the call wants.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if waited == pid {
            break;
        }
        let error = std::io::Error::last_os_error();
        ensure!(
            error.kind() == std::io::ErrorKind::Interrupted,
            "cannot wait for process {pid}: {error}"
        );
    }
    Ok(Ended {
        cpu: duration(usage.ru_utime)? + duration(usage.ru_stime)?,
        peak_rss_bytes: u64::try_from(usage.ru_maxrss)? * 1024,
        success: libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
    })
}

/// Runs a command to its end, its output dropped, and tells what it took.
pub fn of_command(mut command: Command) -> Result<Usage> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let ended = wait(&child)?;
    ensure!(ended.success, "{command:?} failed");
    Ok(Usage {
        wall: started.elapsed(),
        cpu: ended.cpu,
    })
}

/// Resident memory of a process, or `None` when it is gone.
pub fn rss_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

fn duration(time: libc::timeval) -> Result<Duration> {
    let seconds = u64::try_from(time.tv_sec)?;
    let microseconds = u64::try_from(time.tv_usec)?;
    Ok(Duration::from_secs(seconds) + Duration::from_micros(microseconds))
}
