//! `demo`: records a small Go service for some seconds, and leaves a
//! recording, a flame graph and a printed report.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use xtask::{
    bpf, command,
    go::{self, Toolchain},
    paths,
};

use super::setup;

/// The service's source, relative to the workspace.
const SERVICE: &str = "testdata/go/service";

/// How long the service may take to fail before it counts as running.
const SERVICE_START: Duration = Duration::from_millis(500);

/// goalloc's exit codes for "done" and "done, but events were lost", which the
/// report then says.
const GOOD_CODES: [i32; 2] = [0, 3];

/// Runs the task.
pub fn run() -> Result<()> {
    let workspace = paths::workspace();
    let toolchain = newest_go()?;
    println!("building goalloc");
    let mut build = Command::new(bpf::cargo());
    build
        .current_dir(&workspace)
        .args(["build", "--release", "--package", "tracer"]);
    command::run(&mut build, "mend what the compiler says above")?;

    println!("building a service with Go {}", toolchain.version());
    let demo = workspace.join("demo");
    let service = demo.join("service");
    toolchain.build(&workspace.join(SERVICE), &service, &[])?;
    record(&workspace, &service)
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

fn record(workspace: &Path, executable: &Path) -> Result<()> {
    let service = Service::start(executable)?;
    let pid = service.0.id().to_string();
    let profile = "demo/alloc.pb.gz";
    let flame_graph = "demo/flamegraph.svg";

    let goalloc = |args: &[&str]| {
        let mut goalloc = Command::new(paths::target().join("release/goalloc"));
        goalloc.current_dir(workspace).args(args);
        command::run_for_codes(&mut goalloc, &GOOD_CODES, "run `goalloc doctor`")
    };
    goalloc(&["record", "-p", &pid, "-d", "8s", "-o", profile, "--force"])?;
    drop(service);
    let svg = ["--format", "svg", "-o", flame_graph, "--force"];
    goalloc(&[&["export", profile], svg.as_slice()].concat())?;
    goalloc(&["report", profile])?;
    println!("\nrecording:   {profile} (opens in `go tool pprof` too)");
    println!("flame graph: {flame_graph} (open it in a browser)");
    Ok(())
}

/// The running service; it is killed when this goes, on failure as well.
struct Service(Child);

impl Service {
    fn start(executable: &Path) -> Result<Self> {
        fs::metadata(executable)?;
        let child = Command::new(executable)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", executable.display()))?;
        let mut service = Self(child);
        thread::sleep(SERVICE_START);
        if let Some(status) = service.0.try_wait()? {
            bail!("{} ended at once ({status})", executable.display());
        }
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
