//! A terminal with a shell in it, by tmux.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{lines::wait_for, skip};

/// What the shell prints when it waits for a command.
const PROMPT: &str = "ready> ";

/// A terminal. It is closed on drop.
#[derive(Debug)]
pub struct Terminal {
    folder: TempDir,
}

impl Terminal {
    /// Opens one of this size, with a shell in an empty folder. `None`, with the reason
    /// printed, if there is no tmux; then the test is to end.
    pub fn open(width: u16, height: u16) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            skip("no tmux: run `cargo xtask setup --test`");
            return None;
        }
        let terminal = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let (width, height) = (width.to_string(), height.to_string());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "-u",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            // Job control is the shell's, so it has to be an interactive one.
            &format!("env PS1='{PROMPT}' LC_ALL=C.UTF-8 bash --norc --noprofile -i"),
        ]);
        terminal.wait_for_shell();
        Some(terminal)
    }

    /// Where the shell is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs tmux in it, and returns what that prints.
    fn tmux(&self, args: &[&str]) -> String {
        let socket = self.folder.path().join(".tmux");
        let output = Command::new("tmux")
            .arg("-S")
            .arg(&socket)
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("tmux starts");
        assert!(
            output.status.success(),
            "tmux {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by tmux's names for them.
    pub fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types text.
    pub fn text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Types a command and runs it.
    pub fn run(&self, command: &str) {
        self.text(command);
        self.press(&["Enter"]);
    }

    /// What it shows.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with the sequences that colour it.
    pub fn coloured_screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// Waits until what it shows gives an answer.
    pub fn wait_until<T>(&self, what: &str, mut ask: impl FnMut(&str) -> Option<T>) -> T {
        let mut last = String::new();
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(what, || {
                last = self.screen();
                ask(&last)
            })
        }));
        answer.unwrap_or_else(|_| panic!("no {what} on the screen:\n{last}"))
    }

    /// Waits until it shows a text.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text).then_some(()));
    }

    /// Waits until the shell waits for a command.
    pub fn wait_for_shell(&self) {
        self.wait_until("prompt", |screen| {
            let last = screen.trim_end().lines().last()?;
            (last.trim_end() == PROMPT.trim_end()).then_some(())
        });
    }

    /// Fails unless the terminal is as a shell wants it: not the alternate screen, and
    /// with a cursor.
    pub fn assert_given_back(&self) {
        let state = self.tmux(&[
            "display-message",
            "-p",
            "alternate #{alternate_on} cursor #{cursor_flag}",
        ]);
        assert_eq!(state.trim(), "alternate 0 cursor 1");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let socket = self.folder.path().join(".tmux");
        let mut tmux = Command::new("tmux");
        // The test has failed before if there is none any more.
        let _ = tmux.arg("-S").arg(socket).arg("kill-server").output();
    }
}
