//! Booting a guest and waiting for its word.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;
use xtask::command;

/// How long a guest may run.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The tests say what goes wrong; of the kernel only errors. A panic ends it.
///
/// No huge pages: while the kernel puts one together in place of a stack's
/// pages, a probe cannot read that stack. The hit is counted, its call chain
/// cut, and the exact tests want every chain.
const KERNEL_ARGUMENTS: &str = "console=ttyS0 quiet panic=-1 transparent_hugepage=never";

/// Boots and returns the tests' exit code. What the guest prints is printed.
///
/// The processor is emulated: a machine that is virtual itself can seldom have
/// guests of its own, and the result is to be the same everywhere.
pub fn run(kernel: &Path, initramfs: &Path) -> Result<i32> {
    let word = NamedTempFile::new()?;
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"])
        .args(["-m", "2G", "-nodefaults", "-display", "none", "-no-reboot"])
        .args(["-serial", "stdio", "-serial"])
        .arg(format!("file:{}", word.path().display()))
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", KERNEL_ARGUMENTS])
        .stdin(Stdio::null());
    eprintln!("+ {}", command::display(&qemu));
    let mend = "run `cargo xtask setup --vm`";
    let child = qemu
        .spawn()
        .with_context(|| format!("cannot start QEMU; {mend}"))?;
    Guest(child).wait()?;
    exit_code(&fs::read_to_string(word.path())?)
}

/// A running QEMU; it is killed on drop.
struct Guest(Child);

impl Guest {
    fn wait(mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            if let Some(status) = self.0.try_wait()? {
                if !status.success() {
                    bail!("QEMU failed ({status})");
                }
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("the guest was still running after {LIMIT:?}");
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // It has ended by itself, mostly.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the guest wrote to its second serial port.
fn exit_code(word: &str) -> Result<i32> {
    let word = word.trim();
    word.parse().with_context(|| {
        format!("the guest ended without the exit code of its tests (it said `{word}`)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_exit_code_it_is_a_failure() {
        assert_eq!(exit_code("0\r\n").unwrap(), 0);
        assert_eq!(exit_code("101\n").unwrap(), 101);
        assert!(exit_code("").is_err());
    }
}
