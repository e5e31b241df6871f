//! The usual tool to do it with.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tracer::golang::GoBinary;

/// How long it may take to attach.
const STARTS: Duration = Duration::from_secs(60);

/// How long it may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// It says that it is attached before its last probe is on.
const SETTLES: Duration = Duration::from_secs(1);

/// A running bpftrace that sums bytes by stack at the entry of
/// `runtime.mallocgc`. It is killed on drop.
#[derive(Debug)]
pub struct Bpftrace {
    child: Child,
}

impl Bpftrace {
    /// Attaches to whatever runs this executable.
    pub fn attach(executable: &Path) -> Result<Self> {
        let script = format!(
            "uprobe:{}:{} {{ @[ustack(perf)] = sum(reg(\"ax\")); }} \
             BEGIN {{ printf(\"attached\\n\"); }}",
            executable.display(),
            probe(executable)?
        );
        let mut child = Command::new("bpftrace")
            // An address of a program without symbols, it takes no other way.
            .args(["--unsafe", "-e", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("bpftrace is not there: cargo xtask setup --bench")?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?);
        let bpftrace = Self { child };
        let (sender, attached) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while !line.contains("attached") {
                line.clear();
                // Its end drops the sender, which says so.
                if lines.read_line(&mut line)? == 0 {
                    return Ok(0);
                }
            }
            let _ = sender.send(());
            // What follows is read and dropped, so that it never blocks on it.
            std::io::copy(&mut lines, &mut std::io::sink())
        });
        attached
            .recv_timeout(STARTS)
            .with_context(|| format!("bpftrace cannot attach to {}", executable.display()))?;
        std::thread::sleep(SETTLES);
        Ok(bpftrace)
    }

    /// Ends it.
    pub fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let deadline = Instant::now() + PATIENCE;
        // bpftrace 0.17 now and then misses the signal; the figures are taken
        // already.
        while self.child.try_wait()?.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Bpftrace {
    fn drop(&mut self) {
        // It has ended, or is to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The function as bpftrace finds it: by name, or in a stripped program by its
/// offset in the file.
fn probe(executable: &Path) -> Result<String> {
    const FUNCTION: &str = "runtime.mallocgc";
    let binary = GoBinary::open(executable)?;
    if binary.has_symtab() {
        return Ok(FUNCTION.to_owned());
    }
    let functions = binary.functions_named(&[FUNCTION]);
    let entry = functions.first().context("no runtime.mallocgc")?.entry();
    let offset = binary.file_offset(entry).context("not in the file")?;
    Ok(format!("{:#x}", offset.0))
}
