use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn file(path: &Path) -> Destination {
    Destination::File(path.to_owned())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_dash_and_nothing_are_standard_output() {
    assert_eq!(Destination::of(None), Destination::Stdout);
    assert_eq!(Destination::of(Some("-".into())), Destination::Stdout);
    assert_eq!(
        Destination::of(Some("a".into())),
        Destination::File("a".into())
    );
}

#[test]
fn the_file_appears_when_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let mut output = Output::open(&file(&path), Overwrite::Refuse, Access::Owner).unwrap();
    output.write_all(b"all").unwrap();
    output.flush().unwrap();
    assert!(!path.exists());
    output.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"all");
    assert_eq!(names(directory.path()), ["out"]);
}

#[test]
fn an_abandoned_output_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let mut output = Output::open(&file(&path), Overwrite::Refuse, Access::Owner).unwrap();
    output.write_all(b"half").unwrap();
    drop(output);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn recordings_are_for_their_owner_alone_and_stay_so_when_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    write(&file(&path), Overwrite::Refuse, Access::Owner, b"1").unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    write(&file(&path), Overwrite::Replace, Access::Owner, b"2").unwrap();
    assert_eq!(mode(), 0o600);
    assert_eq!(fs::read(&path).unwrap(), b"2");
}

#[test]
fn what_is_there_is_refused_before_any_work_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    fs::write(&path, b"old").unwrap();
    let error = Output::open(&file(&path), Overwrite::Refuse, Access::Umask).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} is there already; --force replaces it", path.display())
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_file_that_appears_meanwhile_is_kept_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let output = Output::open(&file(&path), Overwrite::Refuse, Access::Umask).unwrap();
    fs::write(&path, b"other").unwrap();
    assert!(matches!(output.commit(), Err(OutputError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"other");
    assert_eq!(names(directory.path()), ["out"]);
}

#[test]
fn devices_are_written_to_and_links_are_followed() {
    write(
        &file(Path::new("/dev/null")),
        Overwrite::Replace,
        Access::Owner,
        b"x",
    )
    .unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("out"), directory.path().join("link"));
    fs::write(&path, b"old").unwrap();
    symlink(&path, &link).unwrap();
    write(&file(&link), Overwrite::Replace, Access::Owner, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn directories_and_missing_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let open = |path: &Path| Output::open(&file(path), Overwrite::Replace, Access::Umask);
    assert!(matches!(
        open(directory.path()),
        Err(OutputError::Directory { .. })
    ));
    let missing = directory.path().join("no/such");
    assert!(matches!(open(&missing), Err(OutputError::Write { .. })));
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
    let mut stdout = Some(BufWriter::with_capacity(4, Gone));
    quiet(&mut stdout, |out| out.write_all(b"more than four")).unwrap();
    assert!(stdout.is_none());
    quiet(&mut stdout, |out| out.write_all(b"and on")).unwrap();
}
