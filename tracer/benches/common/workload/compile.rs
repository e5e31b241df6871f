//! The Go compiler on one package: one process, as `go build` runs it.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;
use xtask::command;
use xtask::go::Toolchain;

use super::{Outcome, Reference, Size, Workload, toolchain};
use crate::common::program::Program;
use crate::common::tracing::{self, Tracing};

/// Its name on the command line.
pub const NAME: &str = "compile";

/// What it compiles, and what it does where that takes too short a time.
const PACKAGE: &str = "net/http";
const LARGE_PACKAGE: &str = "cmd/compile/internal/ssa";

/// The compiler, and all that it reads.
#[derive(Debug)]
pub struct Compile {
    package: &'static str,
    program: Program,
    _folder: TempDir,
}

impl Compile {
    /// Builds what the package imports.
    pub fn build(size: Size) -> Result<Self> {
        let package = match size {
            Size::Long => LARGE_PACKAGE,
            Size::Full | Size::Reduced => PACKAGE,
        };
        let toolchain = toolchain()?;
        let folder = tempfile::tempdir()?;
        let imports = folder.path().join("importcfg");
        std::fs::write(&imports, import_configuration(&toolchain, package)?)?;
        // A copy: a probe of bpftrace is on every process that runs the file.
        let compiler = folder.path().join("compile");
        std::fs::copy(tool(&toolchain)?, &compiler)?;
        // As go1.26.6 cmd/go/internal/work/gc.go, (gcToolchain).gc has them.
        let mut args: Vec<OsString> = ["-p", package, "-std", "-complete", "-c=2", "-pack"]
            .map(Into::into)
            .to_vec();
        args.extend(["-o".into(), folder.path().join("package.a").into()]);
        args.extend(["-importcfg".into(), imports.into()]);
        let files = list(&toolchain, &["-f", r#"{{join .GoFiles "\n"}}"#, package])?;
        args.extend(files.lines().map(OsString::from));
        Ok(Self {
            package,
            program: Program {
                file: compiler,
                args,
                folder: toolchain.goroot().join("src").join(package),
                env: vec![("GOROOT", toolchain.goroot().into())],
            },
            _folder: folder,
        })
    }
}

/// Where the compiled packages are that the package imports, all of them.
fn import_configuration(toolchain: &Toolchain, package: &str) -> Result<String> {
    const FILES: &str = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}";
    const VENDORED: &str =
        r#"{{range $from, $to := .ImportMap}}importmap {{$from}}={{$to}}{{"\n"}}{{end}}"#;
    let files = list(toolchain, &["-deps", "-export", "-f", FILES, package])?;
    let vendored = list(toolchain, &["-f", VENDORED, package])?;
    Ok(format!("{files}\n{vendored}\n"))
}

fn list(toolchain: &Toolchain, args: &[&str]) -> Result<String> {
    let mut list = toolchain.command();
    command::output(
        list.arg("list").args(args),
        "fetch the toolchain again with `cargo xtask setup --go 1.26.6`",
    )
}

/// The compiler itself: `go tool` would start it as another process.
fn tool(toolchain: &Toolchain) -> Result<PathBuf> {
    let mut print = toolchain.command();
    let path = command::output(print.args(["tool", "-n", "compile"]), "")?;
    Ok(path.into())
}

impl Workload for Compile {
    fn name(&self) -> &str {
        NAME
    }

    fn title(&self) -> String {
        format!("the Go compiler on {}", self.package)
    }

    fn unit(&self) -> &'static str {
        "compilation"
    }

    /// Compilations, which are one.
    fn amount(&self, _size: Size) -> u64 {
        1
    }

    fn run(&self, tracing: Tracing, amount: u64) -> Result<Outcome> {
        let (usage, traced) = tracing::run(&self.program, tracing)?;
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
