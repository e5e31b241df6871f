//! A program started by goalloc and held just before its first instruction,
//! so that probes are there from its first allocation on.
//!
//! The child is goalloc itself, run with the hidden subcommand
//! [`HELD_SUBCOMMAND`]. It waits on a socket it shares with its parent, and
//! only then turns into the program, under the PID it already has. No ptrace
//! and no signal is involved. When the parent ends first, however it ends,
//! the child sees the socket close and leaves without running the program.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

use super::{Error, Pidfd};

/// First argument by which goalloc knows that it is to become another program:
/// `goalloc __exec-held FD FILE NAME ARGS...`. It is no part of the command
/// line that users see.
pub const HELD_SUBCOMMAND: &str = "__exec-held";

/// What the parent writes to let the child go.
const GO: u8 = b'g';

/// A program that is about to run. Dropping it ends the child instead.
#[derive(Debug)]
pub struct Held {
    /// `None` once released.
    child: Option<Child>,
    gate: UnixStream,
    pidfd: Option<Pidfd>,
    exe: PathBuf,
    command: String,
}

/// A program that was let go.
#[derive(Debug)]
pub struct Launched {
    child: Child,
    pidfd: Pidfd,
    released: Instant,
    /// When its end was first seen.
    ended: Option<Instant>,
}

impl Held {
    /// Starts the child that will become `command`, which is looked up in
    /// `PATH` as a shell does. Standard input, output and error, environment,
    /// working directory and process group are goalloc's own: the program gets
    /// the terminal's Ctrl-C itself.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such program, [`Error::Start`] when
    /// no child could be made.
    pub fn prepare(command: &OsStr, args: &[OsString]) -> Result<Self, Error> {
        let mut helper = Command::new("/proc/self/exe");
        helper.arg0("goalloc").arg(HELD_SUBCOMMAND);
        Self::prepare_with(helper, command, args)
    }

    fn prepare_with(
        mut helper: Command,
        command: &OsStr,
        args: &[OsString],
    ) -> Result<Self, Error> {
        let shown = command.to_string_lossy().into_owned();
        let exe = which::which(command).map_err(|source| Error::NotFound {
            command: shown.clone(),
            source,
        })?;
        let start_error = |source| Error::Start {
            command: shown.clone(),
            source,
        };
        let (gate, theirs) = UnixStream::pair().map_err(start_error)?;
        helper
            .arg(theirs.as_raw_fd().to_string())
            .arg(&exe)
            .arg(command)
            .args(args);
        let inherited = theirs.as_fd().as_raw_fd();
        let keep_open = move || {
            // SAFETY: the descriptor is `theirs`, which outlives the spawn below.
            let fd = unsafe { BorrowedFd::borrow_raw(inherited) };
            Ok(fcntl_setfd(fd, FdFlags::empty())?)
        };
        // SAFETY: between fork and exec the closure makes one system call, and
        // neither allocates nor takes a lock.
        let child = unsafe { helper.pre_exec(keep_open) }
            .spawn()
            .map_err(start_error)?;
        // With its other end open here, the child's end would not be noticed.
        drop(theirs);
        let mut held = Self {
            child: Some(child),
            gate,
            pidfd: None,
            exe,
            command: shown,
        };
        held.pidfd = Some(Pidfd::open(held.pid())?);
        Ok(held)
    }

    /// The PID the program will have.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The file that will be run, absolute. Until then `/proc/PID/exe` is
    /// goalloc.
    #[must_use]
    pub fn exe(&self) -> &Path {
        &self.exe
    }

    /// Lets the program run, and waits until the kernel has accepted it.
    ///
    /// On return its `/proc/PID/exe` is right, while the kernel may still be
    /// mapping it: [`super::Maps::exe`] can be `None` for a moment.
    ///
    /// # Errors
    /// [`Error::Start`] when the file is not one that can be run.
    pub fn release(mut self) -> Result<Launched, Error> {
        let released = Instant::now();
        let answer = self.gate.write_all(&[GO]).and_then(|()| {
            // The child's end closes as the program starts; a number tells why
            // it did not.
            let mut answer = Vec::new();
            (&self.gate)
                .take(4)
                .read_to_end(&mut answer)
                .map(|_| answer)
        });
        let start_error = |source| Error::Start {
            command: self.command.clone(),
            source,
        };
        let answer = answer.map_err(start_error)?;
        if let Ok(errno) = <[u8; 4]>::try_from(answer.as_slice()) {
            return Err(start_error(io::Error::from_raw_os_error(
                i32::from_le_bytes(errno),
            )));
        }
        match (self.child.take(), self.pidfd.take()) {
            (Some(child), Some(pidfd)) => Ok(Launched {
                child,
                pidfd,
                released,
                ended: None,
            }),
            _ => Err(start_error(io::ErrorKind::NotFound.into())),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has run nothing yet; both fail only when it is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Launched {
    /// The PID of the program.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The status the program ended with, or `None` while it runs.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// How long the program ran, or `None` until [`Launched::wait`] has seen its
    /// end.
    #[must_use]
    pub fn ran_for(&self) -> Option<Duration> {
        self.ended.map(|ended| ended - self.released)
    }

    /// Waits until the program has ended.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.pidfd.exited().await?;
        self.ended.get_or_insert_with(Instant::now);
        // Does not block: it has exited.
        self.child.wait()
    }
}

/// The child's side: becomes the program once told to. The arguments are those
/// that follow [`HELD_SUBCOMMAND`]. Returns only when it does not come to that;
/// then the caller ends with exit code 1 and, for `None`, without a word: the
/// parent is gone or has the error.
pub fn exec_held(args: impl IntoIterator<Item = OsString>) -> Result<Infallible, Option<String>> {
    let mut args = args.into_iter();
    let (Some(fd), Some(file), Some(name)) = (args.next(), args.next(), args.next()) else {
        return Err(Some(format!("{HELD_SUBCOMMAND} is for goalloc's own use")));
    };
    let gate = fd
        .to_str()
        .and_then(|fd| fd.parse().ok())
        .and_then(inherited);
    let Some(mut gate) = gate else {
        return Err(Some(format!(
            "{HELD_SUBCOMMAND}: no descriptor {}",
            fd.display()
        )));
    };
    let mut word = [0];
    if gate.read_exact(&mut word).is_err() || word != [GO] {
        return Err(None);
    }
    let error = Command::new(file).arg0(name).args(args).exec();
    let errno = error.raw_os_error().unwrap_or_default();
    // Fails only when the parent has gone meanwhile.
    let _ = gate.write_all(&errno.to_le_bytes());
    Err(None)
}

/// Takes over a descriptor that came with the process, so that the program it
/// becomes does not get it. `None` when there is none.
fn inherited(fd: RawFd) -> Option<UnixStream> {
    if fd <= 2 {
        return None;
    }
    // SAFETY: only asks whether it is open; nothing else runs in this process
    // that could close it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    fcntl_getfd(borrowed).ok()?;
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, and the parent made it for this process alone.
    Some(UnixStream::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

#[cfg(test)]
mod tests;
