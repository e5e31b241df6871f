//! A program to run, and what it takes to run it again and again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub file: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// What it has in its environment on top.
    pub env: Vec<(&'static str, OsString)>,
}

impl Program {
    /// The program as it is.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        command.args(&self.args);
        self.place(&mut command);
        command
    }

    /// Gives `command` the folder and the environment of the program.
    pub fn place(&self, command: &mut Command) {
        command.current_dir(&self.folder);
        for (name, value) in &self.env {
            command.env(name, value);
        }
    }
}
