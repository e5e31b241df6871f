//! The toolchain that compiles for BPF: a stable rustc with its `rust-src`,
//! and bpf-linker.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{command, paths};

/// The target triple of the BPF programs.
pub const TARGET: &str = "bpfel-unknown-none";

/// bpf-linker's version: the newest that builds against [`LLVM_MAJOR`].
pub const BPF_LINKER_VERSION: &str = "0.13.0";

/// LLVM's version, as in Debian's `llvm-22-dev`. bpf-linker reads the bitcode
/// rustc writes, so it must not be older than rustc's own LLVM.
pub const LLVM_MAJOR: u32 = 22;

/// Debian's own compiler (packages `rustc-web` and `rust-web-src`), for
/// machines whose rustup has no `rust-src` and cannot fetch it.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

const MEND: &str = "run `cargo xtask setup --bpf`";

/// A compiler with its standard library's sources, and the linker.
#[derive(Debug)]
pub struct Toolchain {
    rustc: Rustc,
    sysroot: PathBuf,
    linker: PathBuf,
    objcopy: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rustc {
    /// The one cargo uses by itself.
    Default,
    /// [`DEBIAN_RUSTC`].
    Debian,
}

impl Rustc {
    fn command(self) -> Command {
        Command::new(match self {
            Self::Default => "rustc",
            Self::Debian => DEBIAN_RUSTC,
        })
    }

    /// The sysroot, if the sources of `core` are in it.
    fn sysroot_with_sources(self) -> Option<PathBuf> {
        let mut command = self.command();
        command.current_dir(paths::workspace());
        let sysroot = command::output(command.args(["--print", "sysroot"]), MEND).ok()?;
        let sysroot = PathBuf::from(sysroot);
        let core = "lib/rustlib/src/rust/library/core/src/lib.rs";
        sysroot.join(core).exists().then_some(sysroot)
    }
}

/// Whether a compiler that can build `core` from source is there.
pub fn has_core_sources() -> bool {
    find_rustc().is_some()
}

/// bpf-linker, from `PATH` or from where `cargo install` puts it, if it is
/// there at all.
pub fn find_linker() -> Option<PathBuf> {
    which::which("bpf-linker").ok().or_else(|| {
        let installed = paths::cargo_home().ok()?.join("bin/bpf-linker");
        installed.exists().then_some(installed)
    })
}

/// Whether the linker at `path` is the one the object is built with.
pub fn is_wanted_linker(path: &Path) -> bool {
    command::output(Command::new(path).arg("--version"), MEND)
        .is_ok_and(|it| it == format!("bpf-linker {BPF_LINKER_VERSION}"))
}

/// llvm-objcopy, from LLVM's own folder in Debian or from `PATH`.
fn find_objcopy() -> Option<PathBuf> {
    let debian = PathBuf::from(format!("/usr/lib/llvm-{LLVM_MAJOR}/bin/llvm-objcopy"));
    if debian.exists() {
        return Some(debian);
    }
    which::which("llvm-objcopy").ok()
}

fn find_rustc() -> Option<(Rustc, PathBuf)> {
    [Rustc::Default, Rustc::Debian]
        .into_iter()
        .find_map(|rustc| Some((rustc, rustc.sysroot_with_sources()?)))
}

impl Toolchain {
    /// Finds rustup's compiler or else Debian's, and bpf-linker.
    pub fn find() -> Result<Self> {
        let Some((rustc, sysroot)) = find_rustc() else {
            bail!("no rustc with the sources of `core` (rust-src); {MEND}");
        };
        let linker = find_linker().with_context(|| format!("bpf-linker not found; {MEND}"))?;
        let objcopy = find_objcopy().with_context(|| format!("llvm-objcopy not found; {MEND}"))?;
        Ok(Self {
            rustc,
            sysroot,
            linker,
            objcopy,
        })
    }

    /// `rustc --version`.
    pub fn rustc_version(&self) -> Result<String> {
        let mut command = self.rustc.command();
        command.current_dir(paths::workspace());
        command::output(command.arg("--version"), MEND)
    }

    /// `bpf-linker --version`.
    pub fn linker_version(&self) -> Result<String> {
        command::output(Command::new(&self.linker).arg("--version"), MEND)
    }

    /// Whether cargo's own clippy can check what this compiler built.
    pub fn has_clippy(&self) -> bool {
        self.rustc == Rustc::Default
    }

    /// `cargo SUBCOMMAND` on the BPF programs, with outputs in `target_dir`.
    pub fn cargo(&self, subcommand: &str, target_dir: &Path) -> Command {
        let mut cargo = Command::new(cargo());
        cargo
            .current_dir(paths::workspace())
            .arg(subcommand)
            .args(["--package", "tracer-ebpf", "--lib", "--bin", "probes"])
            .args(["--release", "--target", TARGET, "-Zbuild-std=core"])
            .arg("--target-dir")
            .arg(target_dir)
            // build-std is unstable; this lets a stable compiler do it.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &self.linker)
            // Full debug information becomes BTF with line numbers, which the
            // kernel's verifier quotes.
            .env("CARGO_PROFILE_RELEASE_DEBUG", "2")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
            .env("CARGO_ENCODED_RUSTFLAGS", self.rustflags())
            .env_remove("RUSTFLAGS");
        if self.rustc == Rustc::Debian {
            cargo.env("RUSTC", DEBIAN_RUSTC);
        }
        cargo
    }

    /// Removes the DWARF sections: the BTF made from them is all the kernel
    /// and the loader read.
    pub fn strip_dwarf(&self, object: &Path, stripped: &Path) -> Result<()> {
        let mut objcopy = Command::new(&self.objcopy);
        objcopy.arg("--strip-debug").arg(object).arg(stripped);
        command::output(&mut objcopy, MEND).map(drop)
    }

    /// Flags separated as `CARGO_ENCODED_RUSTFLAGS` wants them. The paths of
    /// this machine are mapped away, so that the object depends on the
    /// sources and the versions alone.
    fn rustflags(&self) -> OsString {
        let mut flags = vec![
            OsString::from("--cfg=bpf_target_arch=\"x86_64\""),
            OsString::from("-Clink-arg=--btf"),
        ];
        let cargo_home = paths::cargo_home().unwrap_or_default();
        let mut mapped = vec![
            (self.sysroot.join("lib/rustlib/src/rust"), "rust"),
            (paths::workspace(), "goalloc"),
        ];
        // One folder for each registry, named after its host.
        let registries = fs::read_dir(cargo_home.join("registry/src"));
        for registry in registries.into_iter().flatten().flatten() {
            mapped.push((registry.path(), "registry"));
        }
        for (from, to) in mapped {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flags.push(flag);
        }
        flags.join(&OsString::from("\x1f"))
    }
}

/// The cargo that runs this program, or the one in `PATH`.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}
