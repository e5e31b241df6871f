//! A process for tests to look at.

use std::path::Path;
use std::process::{Child, Command};

use super::Process;

/// A program that does nothing until it is dropped.
pub(super) struct Sleeper(pub(super) Child);

impl Sleeper {
    pub(super) fn start(program: &Path) -> Self {
        let sleeper = Self(Command::new(program).arg("60").spawn().unwrap());
        // The kernel lets go of the parent before it maps the child's file.
        while sleeper.process().maps().unwrap().files().len() < 2 {
            std::thread::yield_now();
        }
        sleeper
    }

    pub(super) fn sleep() -> Self {
        Self::start(&which::which("sleep").unwrap())
    }

    pub(super) fn process(&self) -> Process {
        Process::open(self.0.id()).unwrap()
    }

    pub(super) fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
