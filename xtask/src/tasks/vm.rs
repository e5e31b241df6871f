//! `vm`: live tests on another kernel than this machine's. QEMU, which emulates
//! the processor, boots one of Debian's kernels; its initramfs holds the test
//! program, goalloc, and the Go programs to be traced, built here.

mod initramfs;
mod kernel;
mod programs;
mod qemu;

use std::{path::Path, time::Instant};

use anyhow::{Result, bail};
use xtask::debian;

use super::setup;
use initramfs::Initramfs;
use programs::Programs;

/// The emulator. Of its package, and that it is installed, nothing else takes
/// note.
const QEMU_PACKAGE: &str = "qemu-system-x86";

/// The guest's user space. Unpacked, not installed: it would take the place of
/// the package `busybox`.
const BUSYBOX_PACKAGE: &str = "busybox-static";

/// The oldest kernel that Debian has and goalloc supports.
const DEFAULT_KERNEL: &str = "6.1";

/// Arguments of `vm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Debian's kernel of this version, such as 6.1 or 6.12.117; or the path of
    /// a bzImage
    #[arg(long, default_value = DEFAULT_KERNEL)]
    kernel: String,
    /// Passed on to the test program, such as `exact::go1_27`, in place of the
    /// selection
    #[arg(last = true)]
    filters: Vec<String>,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    setup::for_tests()?;
    debian::install(&[QEMU_PACKAGE])?;
    let busybox = debian::unpack(BUSYBOX_PACKAGE)?.join("bin/busybox");
    let kernel = kernel::find(&args.kernel)?;

    let (filters, skipped): (Vec<&str>, &[&str]) = match args.filters.as_slice() {
        [] => (programs::SELECTION.to_vec(), &programs::LEFT_OUT),
        filters => (filters.iter().map(String::as_str).collect(), &[]),
    };
    let programs = Programs::build()?;
    let guest = Initramfs::new(&busybox)?;
    programs.collect_fixtures(&filters, &guest.fixtures())?;
    programs.install(&filters, skipped, &guest)?;
    let archive = guest.pack()?;
    boot(&kernel, archive.path())
}

/// What `vm` needs beyond the other tests.
pub fn set_up() -> Result<()> {
    debian::install(&[QEMU_PACKAGE])?;
    debian::unpack(BUSYBOX_PACKAGE)?;
    kernel::find(DEFAULT_KERNEL).map(drop)
}

fn boot(kernel: &Path, initramfs: &Path) -> Result<()> {
    let start = Instant::now();
    let code = qemu::run(kernel, initramfs)?;
    let seconds = start.elapsed().as_secs();
    if code != 0 {
        bail!(
            "the tests failed on {} (exit code {code}, {seconds} s); see above",
            kernel.display()
        );
    }
    println!("the tests passed on {} ({seconds} s)", kernel.display());
    Ok(())
}
