//! Running other programs: echoed before they run, and a failure names the
//! command and what mends it.

use std::{ffi::OsStr, process::Command};

use anyhow::{Context as _, Result, bail};

/// Runs `command` with its output shown. On failure the error names the
/// command and `mend`, a command (or a hint) that puts it right.
pub fn run(command: &mut Command, mend: &str) -> Result<()> {
    run_for_codes(command, &[0], mend)
}

/// Like [`run`], for programs that have more than one way to succeed: any of
/// the exit codes `good` will do.
pub fn run_for_codes(command: &mut Command, good: &[i32], mend: &str) -> Result<()> {
    let line = display(command);
    eprintln!("+ {line}");
    let status = command
        .status()
        .with_context(|| format!("could not start `{line}`; {mend}"))?;
    if !status.code().is_some_and(|code| good.contains(&code)) {
        bail!("`{line}` failed ({status}); {mend}");
    }
    Ok(())
}

/// Runs `command` quietly and returns what it wrote to stdout, trimmed.
pub fn output(command: &mut Command, mend: &str) -> Result<String> {
    let line = display(command);
    let output = command
        .output()
        .with_context(|| format!("could not start `{line}`; {mend}"))?;
    if !output.status.success() {
        bail!(
            "`{line}` failed ({}): {}; {mend}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{line}` wrote something that is not UTF-8"))?;
    Ok(text.trim().to_owned())
}

/// The command as one would type it, without its environment.
pub fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word as a shell wants it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains([' ', '"', '\'', '$', '*']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_command_and_mend() {
        let error = run(Command::new("sh").args(["-c", "exit 7"]), "try harder").unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("`sh -c 'exit 7'` failed"), "{text}");
        assert!(text.ends_with("try harder"), "{text}");
    }

    #[test]
    fn further_codes_may_be_good() {
        let mut three = Command::new("sh");
        three.args(["-c", "exit 3"]);
        run_for_codes(&mut three, &[0, 3], "").unwrap();
        run_for_codes(&mut three, &[0], "").unwrap_err();
        let mut killed = Command::new("sh");
        run_for_codes(killed.args(["-c", "kill -9 $$"]), &[0, 3], "").unwrap_err();
    }

    #[test]
    fn missing_program_names_mend() {
        let error = output(&mut Command::new("no-such-program-here"), "install it").unwrap_err();
        assert!(format!("{error:#}").contains("install it"));
    }

    #[test]
    fn output_is_trimmed() {
        assert_eq!(output(Command::new("echo").arg("a"), "").unwrap(), "a");
    }
}
