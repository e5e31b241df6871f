//! One running process.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use procfs::FromRead;
use procfs::process::{Stat, StatFlags};

use super::{Error, Maps, Memory, Pidfd, status};

/// Which file, whatever its name: two paths with the same `FileId` are one
/// file for as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// Device number as `stat(2)` gives it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// The name of an executable as the kernel shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExeName {
    /// Path in the mount namespace of the process.
    pub path: PathBuf,
    /// Whether the file no longer has that name, or any.
    pub deleted: bool,
}

impl fmt::Display for ExeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

/// What the kernel appends to the name of an unlinked file (`d_path`,
/// Linux fs/d_path.c).
const DELETED: &[u8] = b" (deleted)";

impl ExeName {
    /// From the text of `/proc/PID/exe`. A file may really be named
    /// `x (deleted)`: `is_there` says whether one of the whole name exists.
    fn new(link: &Path, is_there: impl FnOnce(&Path) -> bool) -> Self {
        match link.as_os_str().as_bytes().strip_suffix(DELETED) {
            Some(name) if !is_there(link) => Self {
                path: OsString::from_vec(name.to_vec()).into(),
                deleted: true,
            },
            _ => Self {
                path: link.to_owned(),
                deleted: false,
            },
        }
    }

    /// The name of the executable of `pid`, whose `/proc/PID/exe` reads `link`.
    pub(super) fn of(pid: u32, link: &Path) -> Self {
        Self::new(link, |link| in_root(pid, link).exists())
    }
}

/// A process to look into. Holds it by descriptor, so that a PID given to
/// another process later is noticed.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    namespace_pid: u32,
    start_ticks: u64,
    exe: ExeName,
    exe_link: PathBuf,
    exe_id: FileId,
    args: Vec<String>,
    pidfd: Pidfd,
}

impl Process {
    /// Takes hold of a running process.
    ///
    /// # Errors
    /// Each kind of [`Error`] that a PID can cause: nothing there, a thread, a
    /// zombie, a kernel thread, no permission.
    pub fn open(pid: u32) -> Result<Self, Error> {
        // First of all, so that all that follows is known to be of one process.
        let pidfd = Pidfd::open(pid)?;
        let stat = stat(pid)?;
        if stat.flags & StatFlags::PF_KTHREAD.bits() != 0 {
            return Err(Error::KernelThread { pid });
        }
        let exe_file = exe_file(pid);
        let read_error = |source| Error::read(pid, exe_file.clone(), source);
        let exe_link = fs::read_link(&exe_file).map_err(read_error)?;
        let metadata = fs::metadata(&exe_file).map_err(read_error)?;
        let args = split_args(&read(pid, "cmdline")?);
        let namespace_pid = status::namespace_pid(&read(pid, "status")?).unwrap_or(pid);

        let process = Self {
            pid,
            namespace_pid,
            start_ticks: stat.starttime,
            exe: ExeName::of(pid, &exe_link),
            exe_link,
            exe_id: FileId::from(&metadata),
            args,
            pidfd,
        };
        process.alive()?;
        Ok(process)
    }

    /// The PID in goalloc's own PID namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The PID in the innermost namespace of the process: what it calls itself.
    #[must_use]
    pub fn namespace_pid(&self) -> u32 {
        self.namespace_pid
    }

    /// When it started, in clock ticks since boot (field 22 of `/proc/PID/stat`,
    /// proc_pid_stat(5)). With the PID this names a process for good.
    #[must_use]
    pub fn start_ticks(&self) -> u64 {
        self.start_ticks
    }

    /// The name of its executable.
    #[must_use]
    pub fn exe(&self) -> &ExeName {
        &self.exe
    }

    /// The text of `/proc/PID/exe`, by which `/proc/PID/maps` names the file too.
    #[must_use]
    pub(super) fn exe_link(&self) -> &Path {
        &self.exe_link
    }

    /// Which file its executable is.
    #[must_use]
    pub fn exe_id(&self) -> FileId {
        self.exe_id
    }

    /// A path that opens its executable: right for a file that was deleted or
    /// replaced, or that lies in another mount namespace.
    #[must_use]
    pub fn exe_file(&self) -> PathBuf {
        exe_file(self.pid)
    }

    /// Opens its executable.
    ///
    /// # Errors
    /// When the process has exited or the file may not be read.
    pub fn open_exe(&self) -> Result<File, Error> {
        let path = self.exe_file();
        let file = File::open(&path).map_err(|source| Error::read(self.pid, path, source))?;
        // Had it exited before, the path could have been another process's.
        self.alive()?;
        Ok(file)
    }

    /// Command line, each argument with what is not UTF-8 replaced.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// Where its files are mapped now.
    ///
    /// # Errors
    /// When the process has exited or its maps may not be read.
    pub fn maps(&self) -> Result<Maps, Error> {
        let bytes = read(self.pid, "maps")?;
        self.alive()?;
        Maps::parse(&bytes).map_err(|error| Error::Malformed {
            path: proc_path(self.pid, "maps"),
            reason: error.to_string(),
        })
    }

    /// Its memory.
    ///
    /// # Errors
    /// When the process has exited or its memory may not be read.
    pub fn memory(&self) -> Result<Memory, Error> {
        let path = proc_path(self.pid, "mem");
        let file = File::open(&path).map_err(|source| Error::read(self.pid, path, source))?;
        let pidfd = self.pidfd.try_clone().map_err(|source| Error::Pidfd {
            pid: self.pid,
            source,
        })?;
        self.alive()?;
        Ok(Memory::new(file, self.pid, pidfd))
    }

    /// The handle that tells when it ends.
    #[must_use]
    pub fn pidfd(&self) -> &Pidfd {
        &self.pidfd
    }

    fn alive(&self) -> Result<(), Error> {
        let pid = self.pid;
        match self.pidfd.has_exited() {
            Ok(false) => Ok(()),
            Ok(true) => Err(Error::Exited { pid }),
            Err(source) => Err(Error::Pidfd { pid, source }),
        }
    }
}

/// `/proc/PID/exe`.
pub(super) fn exe_file(pid: u32) -> PathBuf {
    proc_path(pid, "exe")
}

pub(super) fn proc_path(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// A path of the process's mount namespace, as this one can open it.
pub(super) fn in_root(pid: u32, path: &Path) -> PathBuf {
    let mut rooted = proc_path(pid, "root").into_os_string();
    rooted.push(path);
    rooted.into()
}

fn read(pid: u32, name: &str) -> Result<Vec<u8>, Error> {
    let path = proc_path(pid, name);
    fs::read(&path).map_err(|source| Error::read(pid, path, source))
}

fn stat(pid: u32) -> Result<Stat, Error> {
    let bytes = read(pid, "stat")?;
    let stat = Stat::from_read(io::Cursor::new(bytes)).map_err(|error| Error::Malformed {
        path: proc_path(pid, "stat"),
        reason: error.to_string(),
    })?;
    if matches!(stat.state, 'Z' | 'X') {
        return Err(Error::Exited { pid });
    }
    Ok(stat)
}

/// The arguments in `/proc/PID/cmdline`: each ends with a zero byte, empty ones
/// included. A program that overwrote its arguments may leave out the last zero.
fn split_args(cmdline: &[u8]) -> Vec<String> {
    if cmdline.is_empty() {
        return Vec::new();
    }
    cmdline
        .strip_suffix(b"\0")
        .unwrap_or(cmdline)
        .split(|&byte| byte == 0)
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::target::sleeper::Sleeper;

    #[test]
    fn describes_this_process() {
        let process = Process::open(std::process::id()).unwrap();
        assert_eq!(process.exe().path, std::env::current_exe().unwrap());
        assert!(!process.exe().deleted);
        assert_eq!(process.args(), std::env::args().collect::<Vec<_>>());
        assert!(process.start_ticks() > 0);
        assert!(!process.pidfd().has_exited().unwrap());
        let file = process.open_exe().unwrap();
        assert_eq!(FileId::from(&file.metadata().unwrap()), process.exe_id());
    }

    #[test]
    fn opens_an_executable_that_was_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("sleep");
        fs::copy(which::which("sleep").unwrap(), &program).unwrap();
        let sleeper = Sleeper::start(&program);
        fs::remove_file(&program).unwrap();

        let process = sleeper.process();
        assert_eq!(
            process.exe(),
            &ExeName {
                path: program,
                deleted: true
            }
        );
        assert!(process.open_exe().unwrap().metadata().unwrap().len() > 0);
        assert_eq!(
            process.maps().unwrap().exe(&process).unwrap().file.inode,
            process.exe_id().inode
        );
    }

    #[test]
    fn a_name_that_ends_like_a_deleted_one_is_not_deleted() {
        let name = Path::new("/opt/x (deleted)");
        let deleted = ExeName {
            path: "/opt/x".into(),
            deleted: true,
        };
        assert_eq!(ExeName::new(name, |_| false), deleted);
        assert_eq!(
            ExeName::new(name, |_| true),
            ExeName {
                path: name.into(),
                deleted: false
            }
        );
        let plain = ExeName {
            path: "/opt/x".into(),
            deleted: false,
        };
        assert_eq!(ExeName::new(Path::new("/opt/x"), |_| false), plain);
    }

    #[test]
    fn says_what_is_wrong_with_a_pid() {
        assert!(matches!(
            Process::open(0),
            Err(Error::NoSuchProcess { pid: 0 })
        ));
        assert!(matches!(
            Process::open(u32::MAX),
            Err(Error::NoSuchProcess { .. })
        ));
        // Above the largest pid_max there can be, 2^22.
        assert!(matches!(
            Process::open(1 << 23),
            Err(Error::NoSuchProcess { .. })
        ));
    }

    #[test]
    fn a_thread_is_pointed_to_its_process() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (_keep, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            sender
                .send(rustix::thread::gettid().as_raw_nonzero().get())
                .unwrap();
            let _ = wait.recv();
        });
        let tid = u32::try_from(receiver.recv().unwrap()).unwrap();
        let error = Process::open(tid).unwrap_err();
        assert!(
            matches!(error, Error::Thread { pid, .. } if pid == std::process::id()),
            "{error}"
        );
        drop(_keep);
        thread.join().unwrap();
    }

    #[test]
    fn a_zombie_has_exited() {
        let mut child = Command::new("true").spawn().unwrap();
        let pidfd = Pidfd::open(child.id()).unwrap();
        while !pidfd.has_exited().unwrap() {
            std::thread::yield_now();
        }
        assert!(matches!(
            Process::open(child.id()),
            Err(Error::Exited { .. })
        ));
        child.wait().unwrap();
        assert!(matches!(
            Process::open(child.id()),
            Err(Error::NoSuchProcess { .. })
        ));
    }

    #[tokio::test]
    async fn tells_when_it_ends() {
        let mut sleeper = Sleeper::sleep();
        let process = sleeper.process();
        assert!(!process.pidfd().has_exited().unwrap());
        let short = std::time::Duration::from_millis(20);
        assert!(
            tokio::time::timeout(short, process.pidfd().exited())
                .await
                .is_err()
        );
        sleeper.0.kill().unwrap();
        process.pidfd().exited().await.unwrap();
        assert!(process.pidfd().has_exited().unwrap());
        assert!(matches!(process.open_exe(), Err(Error::Exited { .. })));
    }

    #[test]
    fn splits_arguments_as_the_kernel_joins_them() {
        assert_eq!(split_args(b"a\0\0b c\0"), ["a", "", "b c"]);
        assert_eq!(split_args(b"title without end"), ["title without end"]);
        assert_eq!(split_args(b"\xff\0"), ["\u{fffd}"]);
        assert!(split_args(b"").is_empty());
    }
}
