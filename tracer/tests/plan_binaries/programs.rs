//! The programs beside this file, built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use xtask::command;
use xtask::go::Toolchain;

/// Every installed toolchain, the oldest first.
pub fn toolchains() -> Vec<Toolchain> {
    let found = Toolchain::installed().expect("the toolchains can be listed");
    assert!(
        !found.is_empty(),
        "no Go toolchain: run `cargo xtask setup`"
    );
    found
}

/// The toolchains of these releases of Go 1 that are installed; with
/// `GOALLOC_REQUIRE_LIVE=1` all have to be.
pub fn toolchains_of(minors: &[u32]) -> Vec<Toolchain> {
    let installed = toolchains();
    let found: Vec<_> = installed
        .into_iter()
        .filter(|go| minors.contains(&minor(go)))
        .collect();
    let all_needed = std::env::var_os("GOALLOC_REQUIRE_LIVE").is_some_and(|it| it == "1");
    assert!(
        !all_needed || found.len() == minors.len(),
        "of Go 1.{minors:?} only {found:?} are installed: run `cargo xtask setup`"
    );
    found
}

/// The 26 of 1.26.6.
pub fn minor(go: &Toolchain) -> u32 {
    go.version().release().1
}

/// How a program is built.
#[derive(Clone, Debug, Default)]
pub struct Build<'a> {
    /// Names the executable among those of its program.
    pub name: &'a str,
    /// Arguments of `go build`.
    pub flags: Vec<String>,
    /// The `GOEXPERIMENT` variable.
    pub experiment: &'a str,
}

/// Builds the program in `programs/NAME`. Go's build cache makes a second
/// build cheap. The file appears whole: another test may be running it.
pub fn build(go: &Toolchain, program: &str, how: &Build<'_>) -> PathBuf {
    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan_binaries/programs");
    let executable = folder(go).join(format!("{program}-{}", how.name));
    let number = BUILDS.fetch_add(1, Ordering::Relaxed);
    let new = executable.with_extension(format!("{}-{number}.new", process::id()));
    let mut build = go.command();
    build
        .current_dir(sources)
        .env("CGO_ENABLED", "0")
        .env("GOEXPERIMENT", how.experiment)
        .args(["build", "-buildvcs=false"])
        .args(&how.flags)
        .arg("-o")
        .arg(&new)
        .arg(format!("./{program}"));
    command::output(&mut build, "see what go says").unwrap_or_else(|error| panic!("{error:#}"));
    fs::rename(&new, &executable).expect("the executable can be kept");
    executable
}

/// Where what this toolchain makes is kept.
pub fn folder(go: &Toolchain) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plan/go{}", go.version()));
    fs::create_dir_all(&folder).expect("the tests' directory is writable");
    folder
}
