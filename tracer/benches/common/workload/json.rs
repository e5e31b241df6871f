//! The benchmarks of Go's own `encoding/json` on its large document.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;
use xtask::command;

use super::{Outcome, Reference, Size, Workload, toolchain};
use crate::common::program::Program;
use crate::common::tracing::{self, Tracing};

/// Its name on the command line.
pub const NAME: &str = "json";

/// Which of them: encoding and decoding of a document of 2 MB.
const BENCHMARKS: [&str; 5] = [
    "CodeEncoder",
    "CodeMarshal",
    "CodeDecoder",
    "CodeUnmarshal",
    "CodeUnmarshalReuse",
];

/// The test binary, built.
#[derive(Debug)]
pub struct Json {
    executable: PathBuf,
    /// Where it finds its document.
    sources: PathBuf,
    _folder: TempDir,
}

impl Json {
    /// Builds it.
    pub fn build() -> Result<Self> {
        let toolchain = toolchain()?;
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join("json.test");
        let mut build = toolchain.command();
        build.args(["test", "-c", "-o"]).arg(&executable);
        command::output(
            build.arg("encoding/json"),
            "fetch the toolchain again with `cargo xtask setup --go 1.26.6`",
        )?;
        Ok(Self {
            executable,
            sources: toolchain.goroot().join("src/encoding/json"),
            _folder: folder,
        })
    }
}

impl Json {
    /// The test binary.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Decoding, for longer than anybody looks.
    pub fn endless(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args(["-test.run", "^$", "-test.bench", "^BenchmarkCodeUnmarshal$"])
            .args(["-test.benchtime", "1000000x"])
            .current_dir(&self.sources);
        command
    }
}

impl Workload for Json {
    fn name(&self) -> &str {
        NAME
    }

    fn title(&self) -> String {
        "encoding/json's own benchmarks".to_owned()
    }

    fn unit(&self) -> &'static str {
        "operation"
    }

    /// Operations of each benchmark.
    fn amount(&self, size: Size) -> u64 {
        match size {
            Size::Full => 100,
            Size::Reduced => 5,
            Size::Long => 550,
        }
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        let pattern = format!("^Benchmark({})$", BENCHMARKS.join("|"));
        let times = format!("-test.benchtime={amount}x");
        let program = Program {
            file: self.executable.clone(),
            args: ["-test.run", "^$", "-test.bench", &pattern, &times]
                .map(Into::into)
                .to_vec(),
            folder: self.sources.clone(),
            env: Vec::new(),
        };
        let (usage, traced) = tracing::run(&program, tracing)?;
        Ok(Outcome {
            units: amount * BENCHMARKS.len() as u64,
            usage,
            traced,
            ..Outcome::default()
        })
    }

    fn reference(&self) -> Reference {
        Reference::ExactRun
    }
}
