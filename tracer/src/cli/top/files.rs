//! Files that are written while the view goes on: never over another.

use std::path::{Path, PathBuf};

use tracer::export::{self, Export, Format, Value};
use tracer::output::{Output, OutputError, Permissions};
use tracer::profile::Profile;

/// Names tried before giving up.
const MOST_NAMES: u32 = 10_000;

/// What is written of a profile, and who may read it.
type Kind = (&'static str, Permissions, Format);

/// Saves a recording in a folder. Returns the file's path.
pub fn save(folder: &Path, pid: u32, profile: &Profile) -> anyhow::Result<PathBuf> {
    let kind = ("pb.gz", Permissions::Private, Format::Pprof);
    write(folder, pid, kind, profile)
}

/// Writes its flame graph. Returns the file's path.
pub fn flame_graph(folder: &Path, pid: u32, profile: &Profile) -> anyhow::Result<PathBuf> {
    let kind = ("svg", Permissions::Umask, Format::Svg);
    write(folder, pid, kind, profile)
}

/// Writes the first file `goalloc-PID-N` that is not there.
fn write(
    folder: &Path,
    pid: u32,
    (extension, permissions, format): Kind,
    profile: &Profile,
) -> anyhow::Result<PathBuf> {
    let export = Export {
        format,
        value: Value::Bytes,
        root: None,
    };
    // Once for all names that are tried.
    let mut bytes = Vec::new();
    export::write(profile, export, &mut bytes)?;
    for number in 1..=MOST_NAMES {
        let path = folder.join(format!("goalloc-{pid}-{number}.{extension}"));
        let written =
            Output::create(&path, false, permissions).and_then(|output| output.commit(&bytes));
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
