//! The test programs, built by every installed Go release.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use xtask::go::Toolchain;

/// What this process has built: tests that run at the same time must not see
/// each other's half-written files. Across processes Go's build cache makes a
/// second build cheap.
static BUILT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Every installed Go release, the oldest first.
pub fn go_toolchains() -> Vec<Toolchain> {
    let found = Toolchain::installed().expect("the toolchains can be listed");
    assert!(
        !found.is_empty(),
        "no Go toolchain: run `cargo xtask setup --go`"
    );
    found
}

/// The 26 of Go 1.26.6.
pub fn minor(toolchain: &Toolchain) -> u32 {
    toolchain.version().release().1
}

/// A program with inlining, generics, closures, wrappers and a dozen types.
pub fn shapes(toolchain: &Toolchain, name: &str, flags: &[&str]) -> PathBuf {
    // Only with cgo does `go build` use the system's linker.
    let cgo = flags.iter().any(|flag| flag.contains("linkmode=external"));
    build(toolchain, "shapes", name, cgo, flags)
}

/// A program with C code, linked by the system's linker.
pub fn with_c(toolchain: &Toolchain, name: &str, flags: &[&str]) -> PathBuf {
    build(toolchain, "withc", name, true, flags)
}

fn build(toolchain: &Toolchain, program: &str, name: &str, cgo: bool, flags: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("go{}", toolchain.version()));
    std::fs::create_dir_all(&folder).expect("the tests' own folder is writable");
    let executable = folder.join(format!("{program}-{name}"));
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.contains(&executable) {
        let mut go = toolchain.command();
        go.arg("build").args(flags).arg("-o").arg(&executable);
        go.env("CGO_ENABLED", if cgo { "1" } else { "0" })
            .env_remove("GOEXPERIMENT");
        run(go.current_dir(source(program)).arg("."));
        built.push(executable.clone());
    }
    executable
}

fn source(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golang_binaries/programs")
        .join(program)
}

fn run(command: &mut Command) {
    let output = command.output().expect("go runs");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
