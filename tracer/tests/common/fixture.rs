//! A running fixture, and its side of the protocol: see
//! `testdata/go/truth/truth.go`.

use std::{
    io::{self, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde::de::DeserializeOwned;

use super::{
    lines::{Lines, wait_for},
    truth::Truth,
};

/// Attempts to start a program that was just written: a child that another thread
/// forked meanwhile holds the file open until it becomes its own program.
const ATTEMPTS: u32 = 100;

fn spawn(command: &mut Command) -> io::Result<Child> {
    for _ in 1..ATTEMPTS {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
    command.spawn()
}

/// A fixture that waits to be told to run its section. It is killed on drop.
#[derive(Debug)]
pub struct Fixture {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    pid: u32,
}

impl Fixture {
    /// Starts one and waits until it has warmed up.
    pub fn start(executable: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(executable);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child =
            spawn(&mut command).unwrap_or_else(|error| panic!("{}: {error}", executable.display()));
        let stdin = child.stdin.take();
        let mut stdout = Lines::of(child.stdout.take().expect("piped"));
        let line = stdout.next().expect("the fixture prints its PID");
        let pid = line.parse().expect("the first line is a PID");
        Self {
            child,
            stdin,
            stdout,
            pid,
        }
    }

    /// As it knows it itself.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets the section begin.
    pub fn begin(&mut self) {
        self.send_byte();
    }

    /// Waits until the section is over.
    pub fn wait_done(&mut self) {
        self.stdout
            .find("the end of the section", |it| it == "done");
    }

    /// Ends the section of a program that allocates until it is told to stop.
    pub fn end_section(&mut self) {
        self.send_byte();
        self.wait_done();
    }

    /// Runs the section.
    pub fn run_section(&mut self) {
        self.begin();
        self.wait_done();
    }

    /// Ends the program and takes its account.
    pub fn finish(self) -> Truth {
        self.finish_with()
    }

    /// The same of a program whose account is of another form.
    pub fn finish_with<T: DeserializeOwned>(self) -> T {
        self.try_finish()
            .unwrap_or_else(|status| panic!("the fixture ended with {status}"))
    }

    /// The same of one that may have died.
    pub fn try_finish<T: DeserializeOwned>(mut self) -> Result<T, ExitStatus> {
        if let Some(stdin) = &mut self.stdin {
            // A dead one reads no more; its status says why.
            let _ = stdin.write_all(b"x");
        }
        drop(self.stdin.take());
        let status = wait_for("end of the fixture", || {
            self.child.try_wait().expect("it is our child")
        });
        if !status.success() {
            return Err(status);
        }
        let line = self.stdout.find("the truth", |it| it.starts_with('{'));
        Ok(serde_json::from_str(&line).expect("the truth is JSON as agreed"))
    }

    fn send_byte(&mut self) {
        let stdin = self.stdin.as_mut().expect("open until the end");
        stdin.write_all(b"x").expect("the fixture still reads");
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // It has ended by itself, mostly.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The demonstration's service, which allocates until it is killed: on drop.
#[derive(Debug)]
pub struct Service(Child);

impl Service {
    /// Starts it.
    pub fn start(executable: &Path) -> Self {
        let mut service = Command::new(executable);
        service.stdin(Stdio::null()).stdout(Stdio::null());
        let child = spawn(&mut service);
        Self(child.expect("the service starts"))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A test may have killed it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
