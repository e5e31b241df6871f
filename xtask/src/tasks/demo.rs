//! `demo`: records a small Go service for some seconds, and leaves a
//! recording, a flame graph, a page and a printed report.

use std::{path::Path, process::Command};

use anyhow::Result;
use xtask::{bpf, command, paths};

use super::service::{self, Service};

/// goalloc's exit codes for "done" and "done, but events were lost", which the
/// report then says.
const GOOD_CODES: [i32; 2] = [0, 3];

/// Runs the task.
pub fn run() -> Result<()> {
    let workspace = paths::workspace();
    println!("building goalloc");
    let mut build = Command::new(bpf::cargo());
    build
        .current_dir(&workspace)
        .args(["build", "--release", "--package", "tracer"]);
    command::run(&mut build, "mend what the compiler says above")?;
    let executable = workspace.join("demo/service");
    service::build(&executable)?;
    record(&workspace, &executable)
}

fn record(workspace: &Path, executable: &Path) -> Result<()> {
    let service = Service::start(executable)?;
    let profile = "demo/alloc.pb.gz";
    let (flame_graph, page) = ("demo/flamegraph.svg", "demo/alloc.html");

    let goalloc = |args: &[&str]| {
        let mut goalloc = Command::new(paths::target().join("release/goalloc"));
        goalloc.current_dir(workspace).args(args);
        command::run_for_codes(&mut goalloc, &GOOD_CODES, "run `goalloc doctor`")
    };
    let pid = service.pid();
    goalloc(&[
        "record",
        "-p",
        &pid,
        "-d",
        "8s",
        "--interval",
        "1s",
        "-o",
        profile,
        "--force",
    ])?;
    drop(service);
    for (format, file) in [("svg", flame_graph), ("html", page)] {
        let to = ["--format", format, "-o", file, "--force"];
        goalloc(&[&["export", profile], to.as_slice()].concat())?;
    }
    goalloc(&["report", profile])?;
    println!("\nrecording:   {profile} (opens in `go tool pprof` too)");
    println!("flame graph: {flame_graph} (open it in a browser)");
    println!("page:        {page} (flame graph, tables and timeline)");
    Ok(())
}
