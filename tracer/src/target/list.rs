//! Which executables run on this host.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use super::process::exe_file;
use super::{ExeName, FileId};

/// An executable and the processes that run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningExe {
    /// Which file. Processes of different containers share it only when they
    /// share the file system layer it is on.
    pub file: FileId,
    /// Its processes by PID, never empty.
    pub processes: Vec<Running>,
}

/// A process in a list: known by PID alone, and gone any moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The PID in goalloc's PID namespace.
    pub pid: u32,
    /// The name of its executable.
    pub exe: ExeName,
}

/// What was found in `/proc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The executables, in order of their first PID.
    pub executables: Vec<RunningExe>,
    /// Processes that goalloc may not look into (CAP_SYS_PTRACE).
    pub unreadable: usize,
}

impl Scan {
    /// Looks at every process of this PID namespace. Kernel threads and
    /// processes that end meanwhile are left out.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn of_host() -> io::Result<Self> {
        let mut pids = Vec::new();
        for entry in fs::read_dir("/proc")? {
            pids.extend(
                entry?
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse::<u32>().ok()),
            );
        }
        pids.sort_unstable();

        let mut scan = Self::default();
        let mut by_file: BTreeMap<FileId, usize> = BTreeMap::new();
        for pid in pids {
            let (file, running) = match look_at(pid) {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    scan.unreadable += 1;
                    continue;
                }
                // No executable, or no process any more.
                Err(_) => continue,
            };
            let next = scan.executables.len();
            let index = *by_file.entry(file).or_insert(next);
            match scan.executables.get_mut(index) {
                Some(known) => known.processes.push(running),
                None => scan.executables.push(RunningExe {
                    file,
                    processes: vec![running],
                }),
            }
        }
        Ok(scan)
    }

    /// The processes that run that file now, by PID.
    #[must_use]
    pub fn running(&self, file: FileId) -> &[Running] {
        let found = self.executables.iter().find(|exe| exe.file == file);
        found.map_or(&[], |exe| &exe.processes)
    }
}

fn look_at(pid: u32) -> io::Result<(FileId, Running)> {
    let path = exe_file(pid);
    let link = fs::read_link(&path)?;
    let metadata = fs::metadata(&path)?;
    Ok((
        FileId::from(&metadata),
        Running {
            pid,
            exe: ExeName::of(pid, &link),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::sleeper::Sleeper;

    #[test]
    fn finds_this_process_and_its_namesakes() {
        let sleeper = Sleeper::sleep();
        let scan = Scan::of_host().unwrap();
        let of = |path: &std::path::Path| {
            let file = FileId::from(&fs::metadata(path).unwrap());
            scan.running(file)
                .iter()
                .map(|process| process.pid)
                .collect::<Vec<_>>()
        };
        assert!(of(&std::env::current_exe().unwrap()).contains(&std::process::id()));
        assert!(of(&which::which("sleep").unwrap()).contains(&sleeper.0.id()));
    }

    #[test]
    fn lists_each_file_and_each_process_once() {
        let scan = Scan::of_host().unwrap();
        let mut files: Vec<_> = scan.executables.iter().map(|exe| exe.file).collect();
        let mut pids: Vec<_> = scan
            .executables
            .iter()
            .flat_map(|exe| &exe.processes)
            .collect();
        let (file_count, pid_count) = (files.len(), pids.len());
        files.sort_unstable();
        files.dedup();
        pids.sort_unstable_by_key(|process| process.pid);
        pids.dedup_by_key(|process| process.pid);
        assert_eq!((files.len(), pids.len()), (file_count, pid_count));
    }
}
