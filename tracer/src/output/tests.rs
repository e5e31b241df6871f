use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn write(path: &Path, force: bool, bytes: &[u8]) -> Result<(), OutputError> {
    Output::create(path, force, Permissions::Private)?.commit(bytes)
}

#[test]
fn the_file_appears_when_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let output = Output::create(&path, false, Permissions::Private).unwrap();
    assert!(!path.exists());
    output.commit(b"all").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"all");
    assert_eq!(names(directory.path()), ["out"]);
}

#[test]
fn an_abandoned_output_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    drop(Output::create(&path, false, Permissions::Private).unwrap());
    assert!(names(directory.path()).is_empty());
}

#[test]
fn recordings_are_for_their_owner_alone_and_stay_so_when_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    write(&path, false, b"1").unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    write(&path, true, b"2").unwrap();
    assert_eq!(mode(), 0o600);
    assert_eq!(fs::read(&path).unwrap(), b"2");
}

#[test]
fn what_is_there_is_refused_before_any_work_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    fs::write(&path, b"old").unwrap();
    let error = Output::create(&path, false, Permissions::Umask).unwrap_err();
    let expected = format!("{} is there already; --force replaces it", path.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_file_that_appears_meanwhile_is_kept_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let output = Output::create(&path, false, Permissions::Umask).unwrap();
    fs::write(&path, b"other").unwrap();
    assert!(matches!(
        output.commit(b"mine"),
        Err(OutputError::Exists { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"other");
    assert_eq!(names(directory.path()), ["out"]);
}

#[test]
fn devices_are_written_to_in_place() {
    write(Path::new("/dev/null"), true, b"x").unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn links_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("out"), directory.path().join("link"));
    fs::write(&path, b"old").unwrap();
    symlink(&path, &link).unwrap();
    write(&link, true, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn directories_and_missing_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let create = |path: &Path| Output::create(path, true, Permissions::Umask);
    assert!(matches!(
        create(directory.path()),
        Err(OutputError::Directory { .. })
    ));
    let missing = directory.path().join("no/such");
    assert!(matches!(create(&missing), Err(OutputError::Write { .. })));
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let much = vec![0; 2 * BUFFER_BYTES];
    let write = |out: &mut dyn Write| out.write_all(&much);
    stream_to_reader(Gone, write, |error| error).unwrap();
}
