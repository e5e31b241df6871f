//! The small Go service that is recorded for people to look at.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use xtask::{
    go::{self, Toolchain},
    paths,
};

use super::setup;

/// The service's source, relative to the workspace.
const SOURCE: &str = "testdata/go/service";

/// How long the service may take to fail before it counts as running.
const START: Duration = Duration::from_millis(500);

/// Builds it with the newest Go on this machine, as `executable`.
pub fn build(executable: &Path) -> Result<()> {
    let toolchain = newest_go()?;
    println!("building a service with Go {}", toolchain.version());
    // Its paths are then the same wherever it is built.
    toolchain.build(&paths::workspace().join(SOURCE), executable, &["-trimpath"])
}

/// The newest Go on this machine; one is fetched if there is none.
fn newest_go() -> Result<Toolchain> {
    let mut found = Toolchain::installed()?;
    found.extend(Toolchain::in_path());
    if let Some(newest) = found.into_iter().max_by_key(Toolchain::version) {
        return Ok(newest);
    }
    let [newest, ..] = go::FETCHED;
    setup::fetch_go(&[newest])?;
    go::install(newest)
}

/// The running service; it is killed when this goes, on failure as well.
pub struct Service(Child);

impl Service {
    /// Starts it and waits until it runs.
    pub fn start(executable: &Path) -> Result<Self> {
        fs::metadata(executable)
            .with_context(|| format!("there is no {}", executable.display()))?;
        let child = Command::new(executable)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", executable.display()))?;
        let mut service = Self(child);
        thread::sleep(START);
        if let Some(status) = service.0.try_wait()? {
            bail!("{} ended at once ({status})", executable.display());
        }
        Ok(service)
    }

    /// Its process.
    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
