//! What runs in the guest: the live tests of `tracer/tests/live`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use xtask::{bpf, command, paths};

use super::initramfs::{self, Initramfs};

/// What runs unless something else is asked for: each shape the allocator had
/// from one release to the next, and what is not the same on every kernel. Not
/// what takes a Go toolchain, or minutes of all cores.
pub const SELECTION: [&str; 12] = [
    "exact::go1_19",
    "exact::go1_27",
    "sites::go1_22",
    "losses::",
    "load::killed_tracer_leaves_no_probe",
    "pgo::mallocgc_inlined_go1_24",
    "targets::",
    "counters::go1_19",
    "counters::go1_27",
    "windows::spans_have_totals",
    "windows::spans_of_a_guided_build",
    "ends::by_exiting",
];

/// What of these is left out: tests that count on a machine which is as fast as it
/// seems. Emulated, a thread may stand still in the middle of anything for
/// milliseconds.
pub const LEFT_OUT: [&str; 2] = ["::busy", "targets::new_processes_are_found_under_a_bound"];

/// Where the fixtures of the host go when they are built, and where the guest
/// finds them: see `tracer/tests/common/build.rs`.
const COLLECT_FIXTURES: &str = "GOALLOC_COLLECT_FIXTURES";
const PREBUILT_FIXTURES: &str = "GOALLOC_PREBUILT_FIXTURES";

/// With this set, a live test that cannot run fails.
const REQUIRE_LIVE: &str = "GOALLOC_REQUIRE_LIVE";

/// Programs built by cargo.
#[derive(Debug)]
pub struct Programs {
    /// The test program.
    live: PathBuf,
    goalloc: PathBuf,
}

impl Programs {
    /// Builds them exactly as `cargo test --workspace` does.
    pub fn build() -> Result<Self> {
        let mut cargo = Command::new(bpf::cargo());
        cargo
            .current_dir(paths::workspace())
            .args(["test", "--workspace", "--test", "live", "--no-run"])
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit());
        let messages = command::output(&mut cargo, "mend what the compiler says")?;
        let find = |name| {
            executable(&messages, name).with_context(|| format!("cargo built no program {name}"))
        };
        Ok(Self {
            live: find("live")?,
            goalloc: find("goalloc")?,
        })
    }

    /// Builds the Go programs that the tests will trace, and puts them into
    /// `folder`.
    pub fn collect_fixtures(&self, filters: &[&str], folder: &Path) -> Result<()> {
        println!("building the Go programs");
        let mut live = Command::new(&self.live);
        live.args(filters)
            .current_dir(package())
            .env(COLLECT_FIXTURES, folder)
            .env(REQUIRE_LIVE, "1");
        command::output(&mut live, "run the same tests here: `cargo xtask test`").map(drop)
    }

    /// Adds everything the tests need to the guest's files.
    pub fn install(&self, filters: &[&str], skipped: &[&str], guest: &Initramfs) -> Result<()> {
        guest.add_program(&self.live)?;
        guest.add_program(&self.goalloc)?;
        for fixture in initramfs::files(&guest.fixtures())? {
            guest.add_libraries(&fixture)?;
        }
        // Tests read where a fixture allocates.
        guest.add_folder(&paths::workspace().join("testdata/go"))?;
        let mut test = Command::new(&self.live);
        test.args(["--test-threads", "2"]).args(filters);
        for name in skipped {
            test.args(["--skip", name]);
        }
        let script = format!(
            "export {PREBUILT_FIXTURES}={} {REQUIRE_LIVE}=1\nexec {}\n",
            initramfs::FIXTURES,
            command::display(&test)
        );
        guest.write("/tests.sh", &script)
    }
}

/// The folder that cargo runs the tests in.
fn package() -> PathBuf {
    paths::workspace().join("tracer")
}

/// The executable of a target, from what cargo says as it builds.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let named = message["target"]["name"] == target;
        let path = message["executable"].as_str()?;
        named.then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_executable_among_cargo_s_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"live"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/o"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"live"},"executable":"/l"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "live"), Some(PathBuf::from("/l")));
        assert_eq!(executable(messages, "none"), None);
    }
}
