//! `goalloc explain` on a program with one of each thing that the compiler says
//! nothing of, compiled here and now.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use xtask::go::Toolchain;

use crate::common::{
    self, Slot,
    build::{self, Variant},
    goalloc::{goalloc, output},
};

/// The fixture, recorded exactly into `alloc.pb.gz` in a folder.
fn recorded(minor: u32) -> Option<(Toolchain, TempDir)> {
    let (_slot, executable) = common::traceable(Slot::take, minor, Variant::PLAIN, "blindspots")?;
    let toolchain = common::toolchain(minor)?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = goalloc();
    run.args(["run", "--max-overhead", "none", "-o"])
        .arg(folder.path().join("alloc.pb.gz"))
        .arg("--")
        .arg(&executable);
    output(&mut run, &[0]);
    Some((toolchain, folder))
}

/// The fixture, recorded exactly, and what the compiler of Go 1.`minor` says of it: as
/// text and as JSON.
fn explained(minor: u32) -> Option<[Value; 2]> {
    let (toolchain, folder) = recorded(minor)?;
    let path = |name: &str| folder.path().join(name);
    let compile = |flag: &str| {
        let mut go: Command = toolchain.command();
        go.current_dir(build::sources().join("blindspots"))
            .arg("build")
            .arg(format!("-gcflags={flag}"))
            .args(["-buildvcs=false", "-o"])
            .arg(path("program"))
            .arg(".");
        let output = go.output().expect("go starts");
        assert!(output.status.success(), "{output:?}");
        output.stderr
    };
    std::fs::write(path("log"), compile("-m=2")).expect("it can be written");
    compile(&format!("-json=0,{}", path("json").display()));

    let explain = |option: &str, name: &str| {
        let mut explain = goalloc();
        explain.arg("explain").arg(path("alloc.pb.gz"));
        explain
            .arg(option)
            .arg(path(name))
            .args(["--format", "json"]);
        serde_json::from_str(&output(&mut explain, &[0])).expect("JSON")
    };
    Some([
        explain("--build-log", "log"),
        explain("--build-json", "json"),
    ])
}

fn bytes(of: &Value) -> u64 {
    of["bytes"].as_u64().expect("bytes")
}

fn list<'a>(found: &'a Value, name: &str) -> &'a [Value] {
    found[name].as_array().expect("a list")
}

fn assert_explains(minor: u32) {
    let Some(both) = explained(minor) else {
        return;
    };
    for found in &both {
        let lists = list(found, "costly").iter().chain(list(found, "blind"));
        assert_eq!(lists.map(bytes).sum::<u64>(), bytes(&found["totals"]));

        let blind: Vec<_> = list(found, "blind")
            .iter()
            .filter(|spot| {
                spot["function"]
                    .as_str()
                    .is_some_and(|it| it.starts_with("main."))
            })
            .map(|spot| (&spot["function"], &spot["cause"], &spot["why"]))
            .collect();
        for (function, cause) in [
            ("main.growsMap", "map growth"),
            ("main.insertsLargeKeys", "map insert"),
            ("main.appends", "append growth"),
            ("main.starts", "goroutine"),
        ] {
            let is_it = |&&(name, why, reason): &&(&Value, &Value, &Value)| {
                name == function && why == cause && reason == "run-time"
            };
            // Announced since go1.25 (src/cmd/compile/internal/escape/escape.go:326).
            let is_announced = function == "main.appends" && minor >= 25;
            let is_blind = blind.iter().any(|it| is_it(&it));
            assert_eq!(is_blind, !is_announced, "{function}: {blind:?}");
        }
        let costly: Vec<_> = list(found, "costly")
            .iter()
            .flat_map(|row| list(row, "escapes"))
            .map(|escape| escape["message"].as_str().expect("a message"))
            .collect();
        for what in ["&node{...}", "make([]byte, n)"] {
            assert!(
                costly.iter().any(|it| it.contains(what)),
                "{what}: {costly:?}"
            );
        }
        let never: Vec<_> = list(found, "never_ran")
            .iter()
            .map(|escape| escape["message"].as_str().expect("a message"))
            .collect();
        assert!(
            never.iter().any(|it| it.contains("make([]int64, n)")),
            "{never:?}"
        );
    }
}

#[test]
fn blind_spots_are_told_from_escapes_go1_19() {
    assert_explains(19);
}

#[test]
fn blind_spots_are_told_from_escapes_go1_24() {
    assert_explains(24);
}

#[test]
fn blind_spots_are_told_from_escapes_go1_27() {
    assert_explains(27);
}

/// Compiled by goalloc, all packages are in the log: what the runtime does for itself
/// and what `fmt` prints with too.
#[test]
fn a_package_is_compiled_for_its_log() {
    let Some((toolchain, folder)) = recorded(27) else {
        return;
    };
    let mut explain = goalloc();
    explain
        .arg("explain")
        .arg(folder.path().join("alloc.pb.gz"))
        .arg("--build")
        .arg(build::sources().join("blindspots"))
        .args(["--format", "json"])
        .env("PATH", toolchain.goroot().join("bin"))
        .env("GOTOOLCHAIN", "local")
        .env_remove("GOROOT");
    let found: Value = serde_json::from_str(&output(&mut explain, &[0])).expect("JSON");
    let lists = list(&found, "costly").iter().chain(list(&found, "blind"));
    assert_eq!(lists.map(bytes).sum::<u64>(), bytes(&found["totals"]));
    let missing: Vec<_> = list(&found, "blind")
        .iter()
        .filter(|spot| spot["why"] == "not-in-log")
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
