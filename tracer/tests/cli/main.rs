//! The command line as a user meets it: bad input gets one clear line and exit
//! code 1, and leaves nothing behind; the README names the commands there are.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn goalloc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .args(args)
        .output()
        .expect("goalloc is built")
}

/// Runs goalloc in vain and returns the one line it says.
fn refused(args: &[&str]) -> String {
    let output = goalloc(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?} printed to stdout");
    let lines: Vec<_> = said.lines().collect();
    let [line] = lines.as_slice() else {
        panic!("{args:?} says more than one line:\n{said}");
    };
    assert!(line.starts_with("goalloc: "), "{args:?}: {line}");
    (*line).to_owned()
}

fn assert_says(args: &[&str], words: &[&str]) {
    let line = refused(args);
    for word in words {
        assert!(
            line.contains(word),
            "{args:?} does not say {word:?}: {line}"
        );
    }
}

/// A folder with a file of each bad sort.
fn bad_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let own = fs::read("/proc/self/exe").expect("this test");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("it can be written");
    };
    write("empty", b"");
    write("text", b"#!/bin/sh\nexit 0\n");
    write("truncated", &own[..own.len() / 2]);
    write("header", &own[..64]);
    let mut arm = own[..4096].to_vec();
    arm[18] = 0xb7;
    write("aarch64", &arm);
    folder
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_process_that_is_not_there() {
    assert_says(&["record", "-p", "4194304", "-o", "-"], &["4194304"]);
    assert_says(&["plan", "-p", "4194304"], &["4194304"]);
    assert_says(&["trace", "-p", "4194304"], &["4194304"]);
    assert_says(&["verify", "-p", "4194304"], &["4194304"]);
    assert_says(&["gc", "-p", "4194304"], &["4194304"]);
    assert_says(&["advise", "-p", "4194304"], &["4194304"]);
}

#[test]
fn a_process_that_is_not_go() {
    let folder = bad_files();
    let output = path(folder.path(), "out.pb.gz");
    let own = std::process::id().to_string();
    assert_says(&["record", "-p", &own, "-o", &output], &["Go"]);
    assert_says(&["verify", "-p", &own, "-o", &output], &["Go"]);
    assert_says(&["gc", "-p", &own, "-o", &output], &["Go"]);
    assert!(!Path::new(&output).exists(), "something was written");
}

#[test]
fn a_kernel_thread() {
    // kthreadd, in the initial PID namespace; in another it is some process
    // of its own, which is not Go either.
    refused(&["plan", "-p", "2"]);
}

#[test]
fn files_that_are_no_go_programs() {
    let folder = bad_files();
    for name in ["empty", "text", "truncated", "header", "aarch64", "missing"] {
        let file = path(folder.path(), name);
        assert_says(&["plan", "--exe", &file], &[name]);
        let output = path(folder.path(), "out.pb.gz");
        refused(&["record", "--exe", &file, "-d", "1ms", "-o", &output]);
        assert!(
            !Path::new(&output).exists(),
            "{name}: something was written"
        );
    }
    assert_says(
        &["plan", "--exe", &path(folder.path(), "aarch64")],
        &["x86-64"],
    );
}

#[test]
fn files_that_are_no_recordings() {
    let folder = bad_files();
    for name in ["empty", "text", "truncated", "missing"] {
        let file = path(folder.path(), name);
        assert_says(&["report", &file], &[name]);
        assert_says(&["check", &file, "--against", &file], &[name]);
        assert_says(&["explain", &file, "--build-log", &file], &[name]);
        let output = path(folder.path(), "out.svg");
        assert_says(
            &["export", &file, "--format", "svg", "-o", &output],
            &[name],
        );
        assert!(
            !Path::new(&output).exists(),
            "{name}: something was written"
        );
    }
}

#[test]
fn budgets_that_are_none() {
    let folder = bad_files();
    for (name, text, words) in [
        ("empty", "", &["no [[rule]]"][..]),
        ("text", "#!/bin/sh\nexit 0\n", &["line 2"]),
        ("free", "[[rule]]\nname = 'free'\n", &["free", "max_bytes"]),
    ] {
        let file = path(folder.path(), name);
        fs::write(&file, text).expect("it can be written");
        assert_says(
            &["check", "-", "--budget", &file],
            &[&[name], words].concat(),
        );
    }
}

#[test]
fn an_output_that_cannot_be_written_fails_before_the_work() {
    let own = std::process::id().to_string();
    assert_says(
        &["record", "-p", &own, "-o", "/nonexistent/alloc.pb.gz"],
        &["/nonexistent"],
    );
}

#[test]
fn a_command_that_cannot_be_run() {
    assert_says(
        &["run", "-o", "/dev/null", "--", "no-such-command-anywhere"],
        &["no-such-command-anywhere"],
    );
}

#[test]
fn sizes_that_make_no_sense() {
    for (flag, value) in [("--ring-size", "5000"), ("--map-entries", "0")] {
        assert_says(&["record", "-p", "1", "-o", "-", flag, value], &[flag]);
    }
}

#[test]
fn a_live_view_takes_a_terminal() {
    assert_says(&["top", "-p", "1"], &["no terminal", "--batch"]);
    assert_says(
        &["top", "-p", "1", "--batch", "--width", "20"],
        &["--width must be at least 60"],
    );
    assert_says(
        &["top", "-p", "1", "--interval", "1ms"],
        &["--interval", "100ms"],
    );
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in [
        &["record"][..],
        &["record", "-p", "one"],
        &["record", "-p", "1", "--exe", "/bin/true"],
        &["record", "-p", "1", "--probes", "everything"],
        &["trace"],
        &["trace", "-p", "1", "--limit", "0"],
        &["trace", "-p", "1", "--for", "soon"],
        &["report"],
        &["check", "alloc.pb.gz"],
        &[
            "check",
            "alloc.pb.gz",
            "--budget",
            "b",
            "--max-growth",
            "5%",
        ],
        &["check", "alloc.pb.gz", "--against", "b", "--ops", "0"],
        &["explain", "alloc.pb.gz"],
        &["explain", "alloc.pb.gz", "--build", ".", "--build-log", "b"],
        &["nonsense"],
    ] {
        assert_eq!(goalloc(args).status.code(), Some(2), "{args:?}");
    }
}

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help = goalloc(&["--help"]);
    let help = String::from_utf8(help.stdout).expect("text");
    let commands: Vec<String> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .map(str::to_owned)
        .collect();
    assert!(commands.len() >= 7, "{help}");
    commands
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = path(folder.path(), "man1");
    let write = ["man", "--folder", &to];
    assert!(goalloc(&write).status.success());
    let page = |name: &str| fs::read_to_string(format!("{to}/{name}.1")).expect("a page");
    for command in commands() {
        assert!(page("goalloc").contains(&format!("goalloc\\-{command}(1)")));
        assert!(page(&format!("goalloc-{command}")).contains("SYNOPSIS"));
    }
    assert!(page("goalloc-record").contains("max\\-overhead"));
    assert_says(&write, &["--force"]);
    let printed = goalloc(&["man", "record"]).stdout;
    assert_eq!(String::from_utf8_lossy(&printed), page("goalloc-record"));
    assert_says(&["man", "nothing"], &["nothing", "--help"]);
}

#[test]
fn completions_are_for_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = goalloc(&["completions", shell]).stdout;
        let script = String::from_utf8(script).expect("text");
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("max-overhead"), "{shell}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = path(folder.path(), "goalloc.bash");
    assert!(
        goalloc(&["completions", "bash", "-o", &script])
            .status
            .success()
    );
    // What bash itself offers behind `goalloc rec`.
    let offered = Command::new("bash")
        .args(["--noprofile", "--norc", "-c"])
        .arg(format!(
            "source {script}; COMP_WORDS=(goalloc rec); COMP_CWORD=1; \
             _goalloc goalloc rec goalloc; echo ${{COMPREPLY[@]}}"
        ))
        .output()
        .expect("bash");
    assert_eq!(String::from_utf8_lossy(&offered.stdout), "record\n");
}

/// Every command of `--help` is in the README, and no other.
#[test]
fn the_readme_names_the_commands_there_are() {
    let commands = commands();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("there is a README");
    for command in &commands {
        assert!(
            readme.contains(&format!("goalloc {command}")),
            "the README lacks {command}"
        );
    }
    for line in readme.lines() {
        if let Some(rest) = line.trim_start_matches("# ").strip_prefix("goalloc ")
            && line.starts_with("# goalloc ")
        {
            let command = rest.split_whitespace().next().unwrap_or_default();
            assert!(
                commands.iter().any(|it| it == command),
                "the README has {command}"
            );
        }
    }
}
