//! Where results go: standard output, or a file that appears whole or not at all.
//!
//! A file is written under another name beside its place and moved there when
//! all is written, so that nobody ever reads half of it, and an error leaves
//! nothing behind. An [`Output`] is opened before the work begins, so that a
//! bad path fails at once.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

#[cfg(test)]
pub mod golden;

/// Where results go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    #[default]
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Destination {
    /// Of an `-o` argument: `-` and none are standard output.
    #[must_use]
    pub fn of(argument: Option<PathBuf>) -> Self {
        match argument {
            Some(path) if path != Path::new("-") => Self::File(path),
            _ => Self::Stdout,
        }
    }
}

/// What to do where a file is already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse.
    #[default]
    Refuse,
    /// Replace it (`--force`).
    Replace,
}

/// Who may read the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone (mode 0600): recordings, which name what a process does.
    Owner,
    /// Whom the umask lets: what is made for showing.
    Umask,
}

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// Something is there already.
    #[error("{} is there already; --force replaces it", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// A directory is there.
    #[error("{} is a directory", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
    },
    /// Any other failure.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The path, `standard output` for that.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// An open [`Destination`]. Dropped without [`Output::commit`], a file under
/// construction is removed.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    /// `None` once the reader has gone.
    Stdout(Option<BufWriter<io::Stdout>>),
    /// A device or pipe, which cannot be replaced and is written to in place.
    Device(BufWriter<File>),
    Whole {
        temp: BufWriter<NamedTempFile>,
        overwrite: Overwrite,
    },
}

impl Output {
    /// Opens `destination`. A symbolic link is followed.
    ///
    /// # Errors
    /// When a file is there and not to be replaced, or the path is not writable.
    pub fn open(
        destination: &Destination,
        overwrite: Overwrite,
        access: Access,
    ) -> Result<Self, OutputError> {
        let path = match destination {
            Destination::Stdout => {
                let sink = Sink::Stdout(Some(BufWriter::new(io::stdout())));
                return Ok(Self {
                    path: PathBuf::from("standard output"),
                    sink,
                });
            }
            Destination::File(path) => path.clone(),
        };
        match existing(&path, overwrite)? {
            Existing::Device => {
                let file = OpenOptions::new().write(true).open(&path);
                let file = file.map_err(|source| OutputError::Write {
                    path: path.clone(),
                    source,
                })?;
                Ok(Self {
                    path,
                    sink: Sink::Device(BufWriter::new(file)),
                })
            }
            Existing::Nothing => Self::open_whole(path, Overwrite::Refuse, access),
            Existing::File(real) => Self::open_whole(real, Overwrite::Replace, access),
        }
    }

    fn open_whole(
        path: PathBuf,
        overwrite: Overwrite,
        access: Access,
    ) -> Result<Self, OutputError> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mode = match access {
            Access::Owner => 0o600,
            Access::Umask => 0o666,
        };
        let temp = tempfile::Builder::new()
            .prefix(".goalloc-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory)
            .map_err(|source| OutputError::Write {
                path: path.clone(),
                source,
            })?;
        Ok(Self {
            path,
            sink: Sink::Whole {
                temp: BufWriter::new(temp),
                overwrite,
            },
        })
    }

    /// Ends the output: what is buffered is written, and a file gets its name.
    ///
    /// # Errors
    /// When that fails, or when a file has appeared there since.
    pub fn commit(self) -> Result<(), OutputError> {
        let path = self.path;
        let failed = |source| OutputError::Write {
            path: path.clone(),
            source,
        };
        match self.sink {
            Sink::Stdout(mut stdout) => quiet(&mut stdout, |out| out.flush()).map_err(failed),
            Sink::Device(mut file) => file.flush().map_err(failed),
            Sink::Whole { temp, overwrite } => {
                let temp = temp
                    .into_inner()
                    .map_err(|error| failed(error.into_error()))?;
                temp.as_file().sync_all().map_err(failed)?;
                let named = match overwrite {
                    Overwrite::Refuse => temp.persist_noclobber(&path),
                    Overwrite::Replace => temp.persist(&path),
                };
                match named {
                    Ok(_) => Ok(()),
                    Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                        Err(OutputError::Exists { path })
                    }
                    Err(error) => Err(OutputError::Write {
                        path,
                        source: error.error,
                    }),
                }
            }
        }
    }
}

/// Standard output whose reader has gone takes everything and keeps nothing:
/// `goalloc report FILE | head` is no error.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(stdout) => quiet(stdout, |out| out.write_all(bytes)).map(|()| bytes.len()),
            Sink::Device(file) => file.write(bytes),
            Sink::Whole { temp, .. } => temp.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stdout) => quiet(stdout, |out| out.flush()),
            Sink::Device(file) => file.flush(),
            Sink::Whole { temp, .. } => temp.flush(),
        }
    }
}

/// Does `write` unless the reader has gone, which is found out here.
fn quiet<W: Write>(
    stdout: &mut Option<BufWriter<W>>,
    write: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>,
) -> io::Result<()> {
    let Some(out) = stdout else {
        return Ok(());
    };
    match write(out) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            if let Some(out) = stdout.take() {
                // What is buffered has no reader; a drop would try to write it.
                let _ = out.into_parts();
            }
            Ok(())
        }
        result => result,
    }
}

/// What is at a path.
enum Existing {
    Nothing,
    Device,
    /// A file that may be replaced, by its path without symbolic links.
    File(PathBuf),
}

fn existing(path: &Path, overwrite: Overwrite) -> Result<Existing, OutputError> {
    let failed = |source| OutputError::Write {
        path: path.to_owned(),
        source,
    };
    let metadata: Metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Existing::Nothing),
        Err(source) => return Err(failed(source)),
    };
    if metadata.is_dir() {
        return Err(OutputError::Directory {
            path: path.to_owned(),
        });
    }
    if !metadata.is_file() {
        return Ok(Existing::Device);
    }
    match overwrite {
        Overwrite::Refuse => Err(OutputError::Exists {
            path: path.to_owned(),
        }),
        Overwrite::Replace => path.canonicalize().map(Existing::File).map_err(failed),
    }
}

/// Writes all of `bytes` to `destination`.
///
/// # Errors
/// As [`Output::open`] and [`Output::commit`].
pub fn write(
    destination: &Destination,
    overwrite: Overwrite,
    access: Access,
    bytes: &[u8],
) -> Result<(), OutputError> {
    let mut output = Output::open(destination, overwrite, access)?;
    if let Err(source) = output.write_all(bytes) {
        return Err(OutputError::Write {
            path: output.path,
            source,
        });
    }
    output.commit()
}

#[cfg(test)]
mod tests;
