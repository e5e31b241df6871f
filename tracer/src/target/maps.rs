//! Where a process has its files mapped, and what the loader added to their
//! addresses.
//!
//! Own code rather than the procfs crate's parser: that one panics on some file
//! names (`/SYSVx`) and gives up on others (not UTF-8), and a target may map a
//! file of any name.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::process::{in_root, proc_path};
use super::{FileId, Process};
use crate::addr::{FileOffset, LoadBias, ProcAddr};

/// One mapping of a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its first address.
    pub start: ProcAddr,
    /// The address behind its last.
    pub end: ProcAddr,
    /// The file offset of its first byte.
    pub offset: FileOffset,
    /// Whether code runs from it.
    pub executable: bool,
}

/// A file and where it is mapped, in order of address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// Which file. The device can differ from the one `stat(2)` gives on file
    /// systems with several of them (btrfs, overlayfs).
    pub file: FileId,
    /// The text of the maps line, ` (deleted)` included.
    pub path: PathBuf,
    /// Where.
    pub mappings: Vec<Mapping>,
}

/// All files a process has mapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    files: Vec<MappedFile>,
}

/// A line of `/proc/PID/maps` that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a mapping")]
pub struct MalformedLine {
    /// Its number, from 1.
    pub line: usize,
}

impl Maps {
    /// Reads the text of `/proc/PID/maps` (proc_pid_maps(5)).
    ///
    /// # Errors
    /// [`MalformedLine`] for the first line that is not a mapping.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedLine> {
        let mut files: Vec<MappedFile> = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let (file, path, mapping) =
                parse_line(line).ok_or(MalformedLine { line: index + 1 })?;
            // Anonymous memory, the stack, the vdso.
            if file.inode == 0 {
                continue;
            }
            match files
                .iter_mut()
                .rfind(|known| known.file == file && known.path == path)
            {
                Some(known) => known.mappings.push(mapping),
                None => {
                    let path = path.to_owned();
                    files.push(MappedFile {
                        file,
                        path,
                        mappings: vec![mapping],
                    });
                }
            }
        }
        Ok(Self { files })
    }

    /// Every mapped file, in order of first address.
    #[must_use]
    pub fn files(&self) -> &[MappedFile] {
        &self.files
    }

    /// The file the process was started from. `None` when it is not mapped
    /// (any more), as with a process that is just starting.
    #[must_use]
    pub fn exe(&self, process: &Process) -> Option<&MappedFile> {
        self.exe_of(process.exe_id(), process.exe_link())
    }

    fn exe_of(&self, id: FileId, link: &Path) -> Option<&MappedFile> {
        let by_id = self.files.iter().find(|file| file.file == id);
        // Where stat and maps disagree on the device, the name decides: the
        // kernel makes both texts the same way from the same file.
        by_id.or_else(|| {
            self.files
                .iter()
                .find(|file| file.file.inode == id.inode && file.path == link)
        })
    }

    /// The other files that code runs from: shared libraries, as a rule.
    pub fn libraries<'a>(&'a self, process: &'a Process) -> impl Iterator<Item = &'a MappedFile> {
        let exe = self.exe(process).map(|exe| exe.file);
        self.files.iter().filter(move |file| {
            Some(file.file) != exe && file.mappings.iter().any(|mapping| mapping.executable)
        })
    }

    /// The file mapped at an address.
    #[must_use]
    pub fn file_at(&self, address: ProcAddr) -> Option<&MappedFile> {
        self.files.iter().find(|file| file.contains(address))
    }
}

impl MappedFile {
    /// Whether the file is mapped at that address.
    #[must_use]
    pub fn contains(&self, address: ProcAddr) -> bool {
        self.mappings
            .iter()
            .any(|mapping| (mapping.start..mapping.end).contains(&address))
    }

    /// What the loader added to the file's addresses. `bias_of` answers for one
    /// mapping, given its file offset and its start; the reader of the file
    /// knows (`GoBinary::load_bias`).
    ///
    /// `None` when it has no answer for any executable mapping, or when two
    /// answers disagree: the file is loaded twice.
    #[must_use]
    pub fn load_bias(
        &self,
        bias_of: impl Fn(FileOffset, ProcAddr) -> Option<LoadBias>,
    ) -> Option<LoadBias> {
        let code = self.mappings.iter().filter(|mapping| mapping.executable);
        let mut biases = code.filter_map(|mapping| bias_of(mapping.offset, mapping.start));
        let first = biases.next()?;
        biases.all(|other| other == first).then_some(first)
    }

    /// Opens the file, whichever way leads to it: by the mapping itself, by its
    /// name in the process's root, by its name in goalloc's. `None` when none
    /// does, or leads to another file.
    #[must_use]
    pub fn open(&self, process: &Process) -> Option<File> {
        let pid = process.pid();
        let mapping = self.mappings.first()?;
        // Right for deleted and replaced files, but only the administrator may.
        let range = format!("map_files/{:x}-{:x}", mapping.start.0, mapping.end.0);
        let ways = [
            proc_path(pid, &range),
            in_root(pid, &self.path),
            self.path.clone(),
        ];
        ways.iter().find_map(|path| {
            // A name can have come to mean a device or a pipe: look before opening.
            let is_same =
                |metadata: &fs::Metadata| metadata.is_file() && metadata.ino() == self.file.inode;
            fs::metadata(path).ok().filter(is_same)?;
            let file = File::open(path).ok()?;
            is_same(&file.metadata().ok()?).then_some(file)
        })
    }
}

/// `start-end perms offset major:minor inode   path`, numbers but the inode in
/// hexadecimal (proc_pid_maps(5)).
fn parse_line(line: &[u8]) -> Option<(FileId, &Path, Mapping)> {
    let mut rest = line;
    let mut word = || {
        let end = rest
            .iter()
            .position(|&byte| byte == b' ')
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at_checked(end)?;
        rest = tail.strip_prefix(b" ").unwrap_or(tail);
        str::from_utf8(word).ok()
    };
    let (start, end) = word()?.split_once('-')?;
    let permissions = word()?;
    let offset = word()?;
    let (major, minor) = word()?.split_once(':')?;
    let inode = word()?;
    // A path follows after blanks that pad the columns, and begins with `/`.
    let path = rest.trim_ascii_start();

    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let device = |text: &str| u32::from_str_radix(text, 16).ok();
    let mapping = Mapping {
        start: ProcAddr(hex(start)?),
        end: ProcAddr(hex(end)?),
        offset: FileOffset(hex(offset)?),
        executable: permissions.as_bytes().get(2)? == &b'x',
    };
    let file = FileId {
        device: rustix::fs::makedev(device(major)?, device(minor)?),
        inode: inode.parse().ok()?,
    };
    (mapping.start < mapping.end).then_some((file, Path::new(OsStr::from_bytes(path)), mapping))
}

#[cfg(test)]
mod tests;
