//! Building fixtures, each once per toolchain, variant and state of its
//! sources.
//!
//! For a machine without toolchains they are built beforehand: the tests that
//! are to run there are first run here with [`COLLECT`], which only builds
//! what they need, and then there with [`PREBUILT`].

use std::{
    collections::hash_map::DefaultHasher,
    env,
    ffi::OsStr,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use xtask::{command, go::Toolchain, paths};

/// Names the folder that fixtures are copied to when they are built; the tests
/// then do not run.
const COLLECT: &str = "GOALLOC_COLLECT_FIXTURES";

/// Names the folder of fixtures built beforehand; then none is built.
const PREBUILT: &str = "GOALLOC_PREBUILT_FIXTURES";

/// Where the fixtures of one Go release come from.
#[derive(Clone, Debug)]
pub enum Go {
    /// Built by this toolchain.
    Toolchain(Toolchain),
    /// Built beforehand, in this folder.
    Prebuilt(PathBuf),
}

/// A way to build a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Names its folder.
    pub name: &'static str,
    /// For `go build`.
    pub flags: &'static [&'static str],
    /// Whether binutils' `strip` goes over it.
    pub strip: bool,
    /// Whether a CPU profile guides the compiler: that of the program
    /// `pgoload`, which is told what to allocate.
    pub pgo: Option<&'static str>,
}

impl Variant {
    /// As `go build` does it by itself.
    pub const PLAIN: Self = Self {
        name: "plain",
        flags: &[],
        strip: false,
        pgo: None,
    };
}

/// Where the fixtures' sources are.
pub fn sources() -> PathBuf {
    paths::workspace().join("testdata/go")
}

/// Whether fixtures are only built, to be run elsewhere.
pub fn collects() -> bool {
    env::var_os(COLLECT).is_some()
}

/// The folder of what Go 1.`minor` has built beforehand, if fixtures are.
pub fn prebuilt(minor: u32) -> Option<PathBuf> {
    Some(release_folder(&env::var_os(PREBUILT)?, minor))
}

/// The fixtures of a release, as collected.
fn release_folder(collected: &OsStr, minor: u32) -> PathBuf {
    Path::new(collected).join(format!("go1.{minor}"))
}

/// The executable of the fixture `program`, built if need be.
pub fn fixture(go: &Go, variant: Variant, program: &str) -> PathBuf {
    match go {
        Go::Toolchain(toolchain) => {
            let executable = built(toolchain, variant, program);
            if let Some(collected) = env::var_os(COLLECT) {
                let (_, minor) = toolchain.version().release();
                let folder = release_folder(&collected, minor).join(variant.name);
                fs::create_dir_all(&folder).expect("the folder can be made");
                fs::copy(&executable, folder.join(program)).expect("it can be copied");
            }
            executable
        }
        Go::Prebuilt(folder) => {
            let executable = folder.join(variant.name).join(program);
            assert!(
                executable.exists(),
                "{} was not built beforehand: run this test with {COLLECT} first",
                executable.display()
            );
            executable
        }
    }
}

/// The executable as the toolchain builds it, from the cache or new.
fn built(toolchain: &Toolchain, variant: Variant, program: &str) -> PathBuf {
    let source = sources().join(program);
    let mut hasher = DefaultHasher::new();
    variant.hash(&mut hasher);
    hash_files(&source, &mut hasher);
    hash_files(&sources().join("truth"), &mut hasher);
    if variant.pgo.is_some() {
        hash_files(&sources().join("pgoload"), &mut hasher);
    }
    let folder = folder(toolchain, variant);
    let executable = folder.join(format!("{program}-{:016x}", hasher.finish()));
    if executable.exists() {
        return executable;
    }
    let profile = variant.pgo.map(|load| profile(toolchain, load));
    let guided = profile.map(|it| format!("-pgo={}", it.display()));
    let mut flags = variant.flags.to_vec();
    flags.extend(guided.as_deref());
    if variant.strip {
        let whole = executable.with_extension("whole");
        build(toolchain, &source, &whole, &flags);
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(&executable).arg(&whole);
        command::output(&mut strip, "install binutils").expect("the fixture can be stripped");
    } else {
        build(toolchain, &source, &executable, &flags);
    }
    executable
}

/// A CPU profile of a program that only allocates, by this very toolchain: the
/// profile names calls by line, and the runtime's lines move. It holds the calls
/// that are to be inlined, and no others.
fn profile(toolchain: &Toolchain, load: &str) -> PathBuf {
    let calls = match load {
        "large" => NEWOBJECT_TO_MALLOCGC,
        _ => MALLOCGC_TO_ITS_PARTS,
    };
    let program = built(toolchain, Variant::PLAIN, "pgoload");
    let profile = program.with_extension(format!("{load}.pprof"));
    if !profile.exists() {
        let pid = std::process::id();
        let whole = program.with_extension(format!("{load}.{pid}.whole"));
        let new = program.with_extension(format!("{load}.{pid}.new"));
        let mut run = Command::new(&program);
        run.arg(load).arg(&whole);
        command::output(&mut run, "see what it printed").expect("the load for PGO runs");
        toolchain
            .narrow_profile(&whole, calls, &new)
            .expect("pprof reads its own profiles");
        fs::rename(&new, &profile).expect("the profile can be kept");
        fs::remove_file(&whole).expect("the profile can be removed");
    }
    profile
}

/// The allocator into `newobject`.
const NEWOBJECT_TO_MALLOCGC: &str = r"^(main\..*|runtime\.(newobject|mallocgc))$";

/// Parts of the allocator into it.
const MALLOCGC_TO_ITS_PARTS: &str = r"^runtime\.mallocgc";

fn build(toolchain: &Toolchain, source: &Path, executable: &Path, flags: &[&str]) {
    toolchain
        .build(source, executable, flags)
        .unwrap_or_else(|error| panic!("{error:#}"));
}

fn folder(toolchain: &Toolchain, variant: Variant) -> PathBuf {
    paths::target().join(format!("live/go{}/{}", toolchain.version(), variant.name))
}

fn hash_files(folder: &Path, hasher: &mut DefaultHasher) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("no fixture in {}: {error}", folder.display());
    });
    let mut files: Vec<_> = entries.map(|it| it.expect("readable").path()).collect();
    files.sort();
    for file in files {
        file.file_name().hash(hasher);
        fs::read(&file).expect("readable").hash(hasher);
    }
}
