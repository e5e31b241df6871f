//! What can go wrong between a PID and a readable process.

use std::io;
use std::path::PathBuf;

use super::privilege::setcap_command;

/// A target that cannot be used. Each variant prints as one line that says
/// what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing runs under this PID.
    #[error("no process has PID {pid}; `goalloc ps` lists the Go processes of this host")]
    NoSuchProcess {
        /// The PID asked for.
        pid: u32,
    },
    /// The id is that of a thread.
    #[error("{tid} is a thread of process {pid}; use `-p {pid}`")]
    Thread {
        /// The id asked for.
        tid: u32,
        /// The process it belongs to.
        pid: u32,
    },
    /// The process is gone, or a zombie.
    #[error("process {pid} has exited")]
    Exited {
        /// The PID asked for.
        pid: u32,
    },
    /// The process has no executable: it is part of the kernel.
    #[error("process {pid} is a kernel thread, not a Go program")]
    KernelThread {
        /// The PID asked for.
        pid: u32,
    },
    /// Not allowed to look into the process.
    #[error(
        "no permission to read {path}: this needs CAP_SYS_PTRACE; run goalloc as root, or once `{}`",
        setcap_command()
    )]
    PermissionDenied {
        /// What could not be read.
        path: PathBuf,
    },
    /// Reading from `/proc` failed in another way.
    #[error("cannot read {path}: {source}")]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of `/proc` does not look like it should.
    #[error("cannot understand {path}: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The kernel gives no pidfd.
    #[error("cannot watch process {pid}: {source}; Linux 5.15 or later is needed")]
    Pidfd {
        /// The PID asked for.
        pid: u32,
        /// Why.
        source: io::Error,
    },
    /// The command to run was not found.
    #[error("cannot run {command}: {source}")]
    NotFound {
        /// As given by the user.
        command: String,
        /// Why.
        source: which::Error,
    },
    /// The command was found, but could not be started.
    #[error("cannot start {command}: {source}")]
    Start {
        /// As given by the user.
        command: String,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// An error of reading one file below `/proc/PID`.
    pub(super) fn read(pid: u32, path: PathBuf, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { path },
            // The directory vanishes with the process; its files answer ESRCH
            // when it vanishes while they are open.
            io::ErrorKind::NotFound => Self::Exited { pid },
            _ if source.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
                Self::Exited { pid }
            }
            _ => Self::Read { path, source },
        }
    }
}
