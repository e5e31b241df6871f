//! A process by descriptor: it never comes to mean another process.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Error;

/// A handle on one process, which stays that process's after its PID is reused.
#[derive(Debug)]
pub struct Pidfd(OwnedFd);

impl Pidfd {
    /// Takes hold of a process.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::Thread`] for the id of a thread that
    /// is not its process's first, [`Error::Pidfd`] where the kernel refuses.
    pub fn open(pid: u32) -> Result<Self, Error> {
        let raw = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or(Error::NoSuchProcess { pid })?;
        match pidfd_open(raw, PidfdFlags::empty()) {
            Ok(fd) => Ok(Self(fd)),
            Err(Errno::SRCH) => Err(Error::NoSuchProcess { pid }),
            // A thread that leads no process: EINVAL, ENOENT from Linux 6.16 on.
            Err(errno @ (Errno::INVAL | Errno::NOENT)) => {
                Err(match super::status::thread_group(pid) {
                    Some(leader) if leader != pid => Error::Thread {
                        tid: pid,
                        pid: leader,
                    },
                    _ => Error::Pidfd {
                        pid,
                        source: errno.into(),
                    },
                })
            }
            Err(errno) => Err(Error::Pidfd {
                pid,
                source: errno.into(),
            }),
        }
    }

    /// Another handle on the same process.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Whether the process has ended. A zombie has.
    ///
    /// # Errors
    /// When the descriptor cannot be polled.
    pub fn has_exited(&self) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let now = Timespec::default();
        loop {
            match poll(&mut fds, Some(&now)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// When the descriptor cannot be polled.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O enabled, as everything of tokio's.
    pub async fn exited(&self) -> io::Result<()> {
        // Registered anew each time: the handle itself stays free of any runtime.
        let fd = self.0.try_clone()?;
        // SAFETY: an `OwnedFd` names one open descriptor for as long as it lives,
        // and the `AsyncFd` owns this one.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        let _ready = fd.readable().await?;
        Ok(())
    }
}
