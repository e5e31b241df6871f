//! goalloc itself, driven through its command line.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    lines::{Lines, wait_for},
    report::Report,
};

/// A running `goalloc record`, and the folder its recording goes to.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    stderr: Option<Lines>,
    folder: TempDir,
}

/// A finished recording.
#[derive(Debug)]
pub struct Recording {
    /// How `goalloc record` ended.
    pub status: ExitStatus,
    /// What it said.
    pub stderr: String,
    folder: TempDir,
}

impl Recorder {
    /// Starts recording every allocation of a process and waits until the probes
    /// are on.
    pub fn start(pid: u32, args: &[&str]) -> Self {
        Self::start_bounded(pid, &[&["--max-overhead", "none"], args].concat())
    }

    /// The same with the overhead bounded as `args` or the default say.
    pub fn start_bounded(pid: u32, args: &[&str]) -> Self {
        Self::start_bounded_of(&pid.to_string(), args)
    }

    /// The same of several processes, with commas between.
    pub fn start_bounded_of(pids: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = goalloc()
            .args(["record", "-p", pids, "-o"])
            .arg(folder.path().join("alloc.pb.gz"))
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("goalloc is built");
        let mut stderr = Lines::of(child.stderr.take().expect("piped"));
        stderr.find("`recording`", |it| it.contains("recording"));
        Self {
            child,
            stderr: Some(stderr),
            folder,
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the recording as Ctrl-C does.
    pub fn stop(self) -> Recording {
        self.signal(Signal::INT);
        self.wait()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a PID"), signal).expect("goalloc is still there");
    }

    /// Waits until it ends.
    pub fn wait(mut self) -> Recording {
        let status = wait_for("end of goalloc record", || {
            self.child.try_wait().expect("it is our child")
        });
        let stderr = self.stderr.take().map(Lines::rest).unwrap_or_default();
        let folder = tempfile::tempdir().expect("a temporary folder");
        Recording {
            status,
            stderr: stderr.join("\n"),
            folder: std::mem::replace(&mut self.folder, folder),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It has ended by itself, unless the test failed in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Recording {
    /// The recording.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("alloc.pb.gz")
    }

    /// Fails unless the recording ended well and lost nothing.
    pub fn assert_success(&self) {
        assert!(
            self.status.success(),
            "goalloc record: {}\n{}",
            self.status,
            self.stderr
        );
    }

    /// `goalloc report` by one property, every row.
    pub fn report(&self, by: &str) -> Report {
        report(&self.file(), by)
    }

    /// `goalloc export --format folded` by number of objects: a stack with its
    /// frames from the outermost, and how many.
    pub fn folded(&self) -> Vec<(Vec<String>, u64)> {
        let mut export = goalloc();
        export
            .args([
                "export", "--format", "folded", "--value", "objects", "-o", "-",
            ])
            .arg(self.file());
        let text = output(&mut export, &[0, 3]);
        text.lines()
            .map(|line| {
                let (stack, count) = line.rsplit_once(' ').expect("stack and count");
                let frames = stack.split(';').map(ToOwned::to_owned).collect();
                (frames, count.parse().expect("a count"))
            })
            .collect()
    }
}

/// A running command of goalloc that attaches for a while and then says what it found.
#[derive(Debug)]
pub struct Attached {
    child: Child,
    stderr: Option<Lines>,
}

impl Attached {
    /// Starts it on a process, for longer than any test takes, and waits until the probes
    /// are on.
    pub fn start(pid: u32, args: &[&str]) -> Self {
        let mut child = goalloc()
            .args(args)
            .args(["-d", "10m", "-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("goalloc is built");
        let mut stderr = Lines::of(child.stderr.take().expect("piped"));
        stderr.find("`recording`", |it| it.contains("recording"));
        Self {
            child,
            stderr: Some(stderr),
        }
    }

    /// Ends it as Ctrl-C does: its exit code, and the JSON it prints.
    pub fn stop(mut self) -> (i32, serde_json::Value) {
        interrupt(&self.child);
        let stdout = Lines::of(self.child.stdout.take().expect("piped"));
        let text = stdout.rest().join("\n");
        let status = wait_for("end of goalloc", || {
            self.child.try_wait().expect("it is our child")
        });
        let said = self.stderr.take().map(Lines::rest).unwrap_or_default();
        let found = serde_json::from_str(&text);
        let found = found.unwrap_or_else(|error| panic!("{error}: {text}\n{said:?}"));
        (status.code().expect("it ends by itself"), found)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // It has ended by itself, unless the test failed in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a PID"), Signal::INT).expect("goalloc is still there");
}

/// The tested executable.
pub fn goalloc() -> Command {
    Command::new(env!("CARGO_BIN_EXE_goalloc"))
}

fn report(file: &Path, by: &str) -> Report {
    let mut report = goalloc();
    report.arg("report").arg(file);
    report.args(["--by", by, "--format", "json", "--top", "0"]);
    let json = output(&mut report, &[0, 3]);
    serde_json::from_str(&json)
        .unwrap_or_else(|error| panic!("the report is not as agreed: {error}\n{json}"))
}

/// What a command prints, which must end with one of `codes`.
pub fn output(command: &mut Command, codes: &[i32]) -> String {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.code().is_some_and(|it| codes.contains(&it)),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}
