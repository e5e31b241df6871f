//! goalloc itself, driven through its command line.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tracer::budget::MaxOverhead;

use super::own::{Own, Watch};
use super::program::Program;
use super::report::Report;
use super::usage::Usage;

/// Exit codes of a recording that is there: done, and done with events lost,
/// which its report then says.
const GOOD_CODES: [i32; 2] = [0, 3];

/// A running `goalloc record`. It is killed on drop.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    messages: Option<JoinHandle<String>>,
    watch: Option<Watch>,
    recording: Option<Recording>,
}

/// A recording, in a folder of its own.
#[derive(Debug)]
pub struct Recording {
    folder: TempDir,
}

impl Recorder {
    /// Starts `goalloc record -p` and waits until the probes are on.
    pub fn attach(pid: u32, max_overhead: MaxOverhead) -> Result<Self> {
        let recording = Recording::prepare()?;
        let mut child = goalloc()
            .args(["record", "--max-overhead", &max_overhead.to_string()])
            .args(["-p", &pid.to_string(), "-o"])
            .arg(recording.file())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start goalloc")?;
        let mut stderr = BufReader::new(child.stderr.take().context("no stderr")?);
        find(&mut stderr, "recording process")?;
        let watch = Watch::start(child.id(), pid);
        Ok(Self {
            child,
            messages: Some(std::thread::spawn(move || rest(&mut stderr))),
            watch: Some(watch),
            recording: Some(recording),
        })
    }

    /// Ends the recording as Ctrl-C does.
    pub fn stop(mut self) -> Result<(Recording, Option<Own>)> {
        let own = self.watch.take().and_then(Watch::finish);
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let status = self.child.wait()?;
        let messages = self.messages.take().map(JoinHandle::join);
        let messages = messages.transpose().ok().flatten().unwrap_or_default();
        check(status, &messages)?;
        let recording = self.recording.take().context("stopped twice")?;
        Ok((recording, own))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It has ended by itself, unless something failed in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program under `goalloc run`, and tells what the program took.
pub fn run(
    program: &Program,
    max_overhead: MaxOverhead,
) -> Result<(Usage, Recording, Option<Own>)> {
    let recording = Recording::prepare()?;
    let mut command = goalloc();
    command
        .args(["run", "--max-overhead", &max_overhead.to_string(), "-o"])
        .arg(recording.file())
        .arg("--")
        .arg(&program.file)
        .args(&program.args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    program.place(&mut command);
    let mut child = command.spawn().context("cannot start goalloc")?;
    let mut stderr = BufReader::new(child.stderr.take().context("no stderr")?);
    let started = find(&mut stderr, "recording process")?;
    let watch = target_of(&started).map(|pid| Watch::start(child.id(), pid));
    let messages = rest(&mut stderr);
    let status = child.wait()?;
    check(status, &messages)?;
    let usage = messages.lines().find_map(usage_of);
    let usage = usage.with_context(|| format!("goalloc does not tell the time:\n{messages}"))?;
    Ok((usage, recording, watch.and_then(Watch::finish)))
}

impl Recording {
    fn prepare() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { folder })
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("alloc.pb.gz")
    }

    /// `goalloc report` by one property, every row.
    pub fn report(&self, by: &str) -> Result<Report> {
        let output = goalloc()
            .arg("report")
            .arg(self.file())
            .args(["--by", by, "--format", "json", "--top", "0"])
            .stderr(Stdio::inherit())
            .output()?;
        check(output.status, "")?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// The measured executable. It tells what a command took, and nothing more.
fn goalloc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goalloc"));
    command.env("GOALLOC_LOG", "warn,goalloc=debug");
    command.env("NO_COLOR", "1");
    command
}

fn check(status: ExitStatus, messages: &str) -> Result<()> {
    let is_good = status.code().is_some_and(|code| GOOD_CODES.contains(&code));
    ensure!(is_good, "goalloc ended with {status}:\n{messages}");
    Ok(())
}

/// Reads to the first line with `word` in it.
fn find(stderr: &mut BufReader<ChildStderr>, word: &str) -> Result<String> {
    let mut before = String::new();
    loop {
        let mut line = String::new();
        if stderr.read_line(&mut line)? == 0 {
            bail!("goalloc ended before it was ready:\n{before}");
        }
        if line.contains(word) {
            return Ok(line);
        }
        before += &line;
    }
}

/// Reads to the end.
fn rest(stderr: &mut BufReader<ChildStderr>) -> String {
    let lines = stderr.split(b'\n').map_while(Result::ok);
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned() + "\n")
        .collect()
}

/// The process in `goalloc: recording process 123, ...`.
fn target_of(line: &str) -> Option<u32> {
    let pid = line.split_once("recording process ")?.1;
    pid.split(',').next()?.parse().ok()
}

/// The times in `... the command took 1.5 s and 2.5 s of CPU time`.
fn usage_of(line: &str) -> Option<Usage> {
    let times = line.split_once("the command took ")?.1;
    let (wall, cpu) = times.split_once(" s and ")?;
    let cpu = cpu.split_once(" s of CPU time")?.0;
    let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
    Some(Usage {
        wall: seconds(wall)?,
        cpu: seconds(cpu)?,
    })
}
