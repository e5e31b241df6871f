//! npm's esbuild, bundling a large application.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use xtask::npm;

use super::modules;
use super::{Outcome, Reference, Size, Workload};
use crate::common::program::Program;
use crate::common::tracing::{self, Tracing};

/// Its name on the command line.
pub const NAME: &str = "esbuild";

/// esbuild, and the application.
#[derive(Debug)]
pub struct Esbuild {
    modules: u64,
    executable: PathBuf,
    folder: TempDir,
}

impl Esbuild {
    /// Writes the application.
    pub fn build(size: Size) -> Result<Self> {
        let executable = npm::ESBUILD.unpacked()?.join("bin/esbuild");
        ensure!(
            executable.exists(),
            "{} is not there: cargo xtask setup --bench",
            executable.display()
        );
        let folder = tempfile::tempdir()?;
        modules::write(folder.path(), modules(size))?;
        Ok(Self {
            modules: modules(size),
            executable,
            folder,
        })
    }
}

fn modules(size: Size) -> u64 {
    match size {
        Size::Reduced => 300,
        Size::Full => 5_000,
        Size::Long => 20_000,
    }
}

impl Workload for Esbuild {
    fn name(&self) -> &str {
        NAME
    }

    fn title(&self) -> String {
        format!("esbuild bundling {} modules", self.modules)
    }

    fn unit(&self) -> &'static str {
        "module"
    }

    /// Modules.
    fn amount(&self, size: Size) -> u64 {
        modules(size).min(self.modules)
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        let entry = modules::write_entry(self.folder.path(), amount)?;
        let output = self.folder.path().join("bundle.js");
        let mut args = ["--bundle", "--minify", "--sourcemap", "--target=es2017"]
            .map(Into::into)
            .to_vec();
        args.extend(["--log-level=error".into(), entry.into()]);
        args.push(format!("--outfile={}", output.display()).into());
        let program = Program {
            file: self.executable.clone(),
            args,
            folder: self.folder.path().to_owned(),
            env: Vec::new(),
        };
        let (usage, traced) = tracing::run(&program, tracing)?;
        Ok(Outcome {
            units: amount,
            usage,
            traced,
            ..Outcome::default()
        })
    }

    fn reference(&self) -> Reference {
        Reference::ExactRun
    }
}
