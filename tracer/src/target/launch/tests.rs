use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::target::Process;

/// Set for a child of these tests.
const CHILD: &str = "GOALLOC_TEST_HELD";

/// Not a test of its own but what the child runs, since a test binary has no
/// subcommands. Passes at once elsewhere.
#[test]
fn held_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let args = std::env::args_os().skip_while(|arg| arg != "--").skip(1);
    match exec_held(args) {
        Err(None) => std::process::exit(1),
        Err(Some(message)) => panic!("{message}"),
    }
}

fn hold(command: &str, args: &[&str]) -> Result<Held, Error> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut helper = Command::new("/proc/self/exe");
    helper
        .env(CHILD, "1")
        .args(["target::launch::tests::held_child", "--exact", "--"]);
    Held::prepare_with(helper, OsStr::new(command), &args)
}

/// A script that writes what it sees to a file, and that file.
fn witness(dir: &Path) -> (String, PathBuf) {
    let out = dir.join("out");
    let script = format!(
        "echo $0 $1 $$ > {0}; ls -l /proc/$$/fd >> {0}",
        out.display()
    );
    (script, out)
}

#[tokio::test]
async fn runs_the_program_once_released() {
    let dir = tempfile::tempdir().unwrap();
    let (script, out) = witness(dir.path());
    let held = hold("sh", &["-c", &script, "zero", "-one"]).unwrap();
    assert_eq!(held.exe(), which::which("sh").unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!out.exists(), "ran before its release");

    let mut launched = held.release().unwrap();
    assert!(launched.wait().await.unwrap().success());
    assert!(launched.try_wait().unwrap().is_some());
    let seen = fs::read_to_string(&out).unwrap();
    let first = seen.lines().next().unwrap();
    assert_eq!(
        first,
        format!("zero -one {}", launched.pid()),
        "same PID, same arguments"
    );
    assert!(
        !seen.contains("socket:"),
        "the gate leaked into the program: {seen}"
    );
}

#[tokio::test]
async fn the_process_is_the_program_after_release() {
    let mut launched = hold("sleep", &["60"]).unwrap().release().unwrap();
    let process = Process::open(launched.pid()).unwrap();
    let sleep = fs::canonicalize(which::which("sleep").unwrap()).unwrap();
    assert_eq!(process.exe().path, sleep);
    assert_eq!(process.args(), ["sleep", "60"]);
    assert!(launched.try_wait().unwrap().is_none());
    assert_eq!(launched.ran_for(), None);
    launched.child.kill().unwrap();
    assert!(!launched.wait().await.unwrap().success());
    let ran_for = launched.ran_for().unwrap();
    launched.wait().await.unwrap();
    assert_eq!(launched.ran_for(), Some(ran_for), "its end stays");
}

#[test]
fn dropping_it_runs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (script, out) = witness(dir.path());
    let held = hold("sh", &["-c", &script]).unwrap();
    let pid = held.pid();
    drop(held);
    assert!(!out.exists());
    assert!(matches!(
        Process::open(pid),
        Err(Error::NoSuchProcess { .. })
    ));
}

#[test]
fn the_child_leaves_when_the_parent_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (script, out) = witness(dir.path());
    let mut held = hold("sh", &["-c", &script]).unwrap();
    // What the kernel does to the descriptors of a parent that was killed.
    held.gate.shutdown(std::net::Shutdown::Both).unwrap();
    let status = held.child.as_mut().unwrap().wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(!out.exists());
}

#[test]
fn says_why_a_program_cannot_run() {
    let error = hold("no-such-program-here", &[]).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("script");
    fs::write(&file, "#!/no/such/interpreter\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&file, mode).unwrap();
    let error = hold(file.to_str().unwrap(), &[])
        .unwrap()
        .release()
        .unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn the_subcommand_needs_its_descriptor() {
    for args in [
        &[][..],
        &["3"],
        &["x", "f", "n"],
        &["0", "f", "n"],
        &["-1", "f", "n"],
        &["99999", "f", "n"],
    ] {
        assert!(
            matches!(exec_held(args.iter().map(OsString::from)), Err(Some(_))),
            "{args:?}"
        );
    }
}
