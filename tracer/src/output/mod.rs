//! Where results go: standard output, or a file that appears whole or not at all.
//!
//! A file is written under another name beside its place and moved there when
//! all is written, so that nobody ever reads half of it and an error leaves
//! nothing behind. An [`Output`] is made before the work begins, so that a bad
//! path fails at once. A recording is on the disk before it has its name; what can be
//! made of it again, which may be a gigabyte, is not waited for.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

#[cfg(test)]
pub mod golden;

/// How much is written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// Its owner alone (mode 0600): recordings, which name what a process does, and
    /// cannot be made again.
    Private,
    /// Whom the umask lets: what is made of recordings, for showing.
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
    #[error("cannot write {}", path.display())]
    Write {
        /// The path, `standard output` for that.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A place made ready for a result. Dropped without [`Output::commit`], it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Stdout,
    /// A device or pipe, which cannot be replaced and is written to in place.
    Device(File),
    /// To become the file at the path, `replace` or not what is there.
    Whole {
        temp: NamedTempFile,
        replace: bool,
        /// Whether it has to be on the disk first.
        is_synced: bool,
    },
}

impl Output {
    /// Makes `path` ready; `-` is standard output, symbolic links are followed.
    /// A file that is there already is replaced only with `force`.
    ///
    /// # Errors
    /// When a file is there and not to be replaced, or the path is not writable.
    pub fn create(path: &Path, force: bool, permissions: Permissions) -> Result<Self, OutputError> {
        if path == Path::new("-") {
            return Ok(Self {
                path: PathBuf::from("standard output"),
                sink: Sink::Stdout,
            });
        }
        match existing(path, force)? {
            Existing::Device => {
                let file = OpenOptions::new().write(true).open(path);
                Ok(Self {
                    sink: Sink::Device(file.map_err(|source| write_error(path, source))?),
                    path: path.to_owned(),
                })
            }
            Existing::Nothing => Self::whole(path, false, permissions),
            Existing::File(real) => Self::whole(&real, true, permissions),
        }
    }

    fn whole(path: &Path, replace: bool, permissions: Permissions) -> Result<Self, OutputError> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mode = match permissions {
            Permissions::Private => 0o600,
            Permissions::Umask => 0o666,
        };
        let temp = tempfile::Builder::new()
            .prefix(".goalloc-")
            .permissions(std::fs::Permissions::from_mode(mode))
            .tempfile_in(directory)
            .map_err(|source| write_error(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            sink: Sink::Whole {
                temp,
                replace,
                is_synced: permissions == Permissions::Private,
            },
        })
    }

    /// Writes all of `bytes`, and gives a file its name.
    ///
    /// # Errors
    /// When that fails, or when a file has appeared there since. A reader of
    /// standard output that has gone is no error: `goalloc report FILE | head`.
    pub fn commit(self, bytes: &[u8]) -> Result<(), OutputError> {
        let path = self.path.clone();
        self.stream(|out| {
            let written = out.write_all(bytes);
            written.map_err(|source| write_error(&path, source))
        })
    }

    /// Has `write` write, and gives a file its name.
    ///
    /// # Errors
    /// Those of `write`, and those of [`Output::commit`].
    pub fn stream<E: From<OutputError>>(
        self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path;
        let failed = |source| E::from(write_error(&path, source));
        match self.sink {
            Sink::Stdout => stream_to_reader(io::stdout().lock(), write, failed),
            Sink::Device(file) => stream_to_reader(file, write, failed),
            Sink::Whole {
                mut temp,
                replace,
                is_synced,
            } => {
                let mut out = BufWriter::with_capacity(BUFFER_BYTES, &mut temp);
                write(&mut out)?;
                out.flush().map_err(failed)?;
                drop(out);
                if is_synced {
                    temp.as_file().sync_all().map_err(failed)?;
                }
                name(temp, &path, replace).map_err(E::from)
            }
        }
    }
}

/// Gives a file that is written its name.
fn name(temp: NamedTempFile, path: &Path, replace: bool) -> Result<(), OutputError> {
    let named = if replace {
        temp.persist(path)
    } else {
        temp.persist_noclobber(path)
    };
    match named {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(OutputError::Exists {
            path: path.to_owned(),
        }),
        Err(error) => Err(write_error(path, error.error)),
    }
}

/// Has `write` write to what may have a reader that goes when it has seen enough.
fn stream_to_reader<E>(
    sink: impl Write,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    failed: impl FnOnce(io::Error) -> E,
) -> Result<(), E> {
    let reader = Reader { sink, gone: false };
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, reader);
    write(&mut out)?;
    out.flush().map_err(failed)
}

/// What is read as it is written. When the reader has gone the rest goes nowhere.
struct Reader<W> {
    sink: W,
    gone: bool,
}

impl<W: Write> Reader<W> {
    fn unless_gone<T>(
        &mut self,
        or_else: T,
        act: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.gone {
            return Ok(or_else);
        }
        match act(&mut self.sink) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(or_else)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Reader<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |sink| sink.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), Write::flush)
    }
}

/// What is at a path.
enum Existing {
    Nothing,
    Device,
    /// A file that may be replaced, by its path without symbolic links.
    File(PathBuf),
}

fn existing(path: &Path, force: bool) -> Result<Existing, OutputError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Existing::Nothing),
        Err(source) => return Err(write_error(path, source)),
    };
    if metadata.is_dir() {
        return Err(OutputError::Directory {
            path: path.to_owned(),
        });
    }
    if !metadata.is_file() {
        return Ok(Existing::Device);
    }
    if !force {
        return Err(OutputError::Exists {
            path: path.to_owned(),
        });
    }
    path.canonicalize()
        .map(Existing::File)
        .map_err(|source| write_error(path, source))
}

fn write_error(path: &Path, source: io::Error) -> OutputError {
    OutputError::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
