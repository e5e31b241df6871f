//! Files that are written while the view goes on: never over another.

use std::path::{Path, PathBuf};

use tracer::export::{self, Value};
use tracer::output::{Output, OutputError, Permissions};
use tracer::profile::{Profile, pprof};

/// Names tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// Saves a recording in a folder. Returns the file's path.
pub fn save(folder: &Path, pid: u32, profile: &Profile) -> anyhow::Result<PathBuf> {
    write(
        folder,
        (pid, "pb.gz"),
        Permissions::Private,
        &pprof::encode(profile),
    )
}

/// Writes its flame graph. Returns the file's path.
pub fn flame_graph(folder: &Path, pid: u32, profile: &Profile) -> anyhow::Result<PathBuf> {
    let svg = export::to_svg(profile, Value::Bytes, None)?;
    write(folder, (pid, "svg"), Permissions::Umask, &svg)
}

/// Writes the first file `goalloc-PID-N` that is not there.
fn write(
    folder: &Path,
    (pid, extension): (u32, &str),
    permissions: Permissions,
    bytes: &[u8],
) -> anyhow::Result<PathBuf> {
    for number in 1..=MOST_NAMES {
        let path = folder.join(format!("goalloc-{pid}-{number}.{extension}"));
        let written =
            Output::create(&path, false, permissions).and_then(|output| output.commit(bytes));
        match written {
            Ok(()) => return Ok(path),
            Err(OutputError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("there are {MOST_NAMES} such files already: move them away")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let first = save(folder.path(), 7, &Profile::default()).unwrap();
        let before = std::fs::read(&first).unwrap();
        let changed = Profile {
            duration_ns: 1_000,
            ..Profile::default()
        };
        let second = save(folder.path(), 7, &changed).unwrap();
        assert!(first.ends_with("goalloc-7-1.pb.gz") && second.ends_with("goalloc-7-2.pb.gz"));
        assert_eq!(std::fs::read(&first).unwrap(), before);
        let nothing = flame_graph(folder.path(), 7, &changed).unwrap_err();
        assert_eq!(
            nothing.to_string(),
            "no flame graph of a recording without bytes"
        );
    }
}
