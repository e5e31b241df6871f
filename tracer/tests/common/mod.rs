//! What integration tests share: Go toolchains and the programs built with them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The programs that this process has built.
static BUILT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An installed Go distribution.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// `1.26.6`; for Debian's, `1.19`.
    pub version: String,
    goroot: PathBuf,
}

/// Every Go distribution that the set-up fetched, and Debian's Go 1.19, the
/// oldest first.
///
/// # Panics
/// When there is none.
pub fn go_toolchains() -> Vec<Toolchain> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cache"),
        PathBuf::from,
    );
    let fetched = std::fs::read_dir(cache.join("goalloc/go"))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some(Toolchain {
                version: entry.file_name().into_string().ok()?,
                goroot: entry.path().join("go"),
            })
        });
    let debian = Toolchain {
        version: "1.19".to_owned(),
        goroot: PathBuf::from("/usr/lib/go-1.19"),
    };
    let mut found: Vec<_> = fetched
        .chain([debian])
        .filter(|toolchain| toolchain.go().is_file())
        .collect();
    found.sort_by_key(Toolchain::minor);
    assert!(
        !found.is_empty(),
        "no Go toolchain found; `cargo xtask setup` fetches them"
    );
    found
}

impl Toolchain {
    /// The 26 of 1.26.6.
    pub fn minor(&self) -> u32 {
        let minor = self.version.split('.').nth(1).expect("1.N");
        minor.parse().expect("a number")
    }

    fn go(&self) -> PathBuf {
        self.goroot.join("bin/go")
    }

    /// Builds the program in `source` with these arguments of `go build`, as
    /// `name`, into the tests' own directory. Once per process: tests that run at
    /// the same time must not see each other's half-written files. Go's build
    /// cache makes a build by a later process cheap.
    ///
    /// # Panics
    /// When it does not build.
    pub fn build(&self, source: &Path, name: &str, cgo: bool, arguments: &[&str]) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("go{}", self.version));
        std::fs::create_dir_all(&directory).expect("the tests' directory is writable");
        let output = directory.join(name);
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if !built.contains(&output) {
            self.go_build(source, &output, cgo, arguments);
            built.push(output.clone());
        }
        output
    }

    fn go_build(&self, source: &Path, output: &Path, cgo: bool, arguments: &[&str]) {
        let built = Command::new(self.go())
            .current_dir(source)
            .env("GOROOT", &self.goroot)
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=mod -buildvcs=false")
            .env("CGO_ENABLED", if cgo { "1" } else { "0" })
            .env_remove("GOEXPERIMENT")
            .arg("build")
            .arg("-o")
            .arg(output)
            .args(arguments)
            .arg(".")
            .output()
            .expect("go runs");
        assert!(
            built.status.success(),
            "go {} cannot build {}: {}",
            self.version,
            output.display(),
            String::from_utf8_lossy(&built.stderr)
        );
    }
}
