//! What a hit costs on this machine: measured at start, on a function of
//! goalloc's own, with the programs that the target will run.

use std::num::NonZeroU32;
use std::path::Path;

use thiserror::Error;
use tracer_ebpf::wire::{ProbeSpec, gate};

use super::clock::CpuClock;
use super::cost::HitCost;
use crate::addr::{FileOffset, ProcAddr};
use crate::attach::{self, Loaded, Probes, Scope, Site};
use crate::target::{self, Process};

/// Hits per measurement, and measurements per figure; the median counts. The fastest
/// would tell what a hit costs when nobody else uses the machine.
const HITS: u64 = 500;
const ROUNDS: usize = 5;

/// Return addresses on the stack, and words from one frame to the next: some share
/// a read of the stack, as Go's do.
const FRAMES: usize = 16;
const STRIDE: usize = 16;

/// Words that one read of the stack takes in.
const READ_WORDS: usize = 32;

/// What is read between two hits, so that they find the caches as they are in a
/// program that works. A trap right behind another costs 441 ns on the machine of
/// docs/overhead.md, in etcd 560, and so does one here.
const WORKING_SET_BYTES: usize = 256 << 10;
const CACHE_LINE_BYTES: usize = 64;

/// Why the cost could not be measured.
#[derive(Debug, Error)]
pub enum Error {
    /// The probe could not be put on.
    #[error(transparent)]
    Attach(#[from] attach::Error),
    /// This process could not be looked into.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The function is in no file mapping of this process.
    #[error("cannot find goalloc's own code in its executable")]
    NotMapped,
}

// The probed function has the shape of Go's: a stack check whose `jbe` is not
// taken. Its caller stands on a chain of frames that it is given.
std::arch::global_asm!(
    ".p2align 4",
    ".globl goalloc_calibration_call",
    // rdi: the innermost frame
    "goalloc_calibration_call:",
    "push rbp",
    "push rbx",
    "mov rbp, rdi",
    "xor ebx, ebx", // no type
    "mov eax, 64",  // bytes
    "call 3f",
    "pop rbx",
    "pop rbp",
    "ret",
    "3:",
    "cmp rsp, 0",
    ".globl goalloc_calibration_probe",
    "goalloc_calibration_probe:",
    "jbe 4f",
    "4:",
    ".globl goalloc_calibration_return",
    "goalloc_calibration_return:",
    "ret",
);

unsafe extern "C" {
    fn goalloc_calibration_call(frame: *const u64);
    static goalloc_calibration_probe: u8;
    static goalloc_calibration_return: u8;
}

/// Measures. What the hits left in the programs' maps is the caller's to drop.
///
/// # Errors
///
/// The probe cannot be put on.
pub fn calibrate(loaded: &mut Loaded) -> Result<HitCost, Error> {
    let chain = frames();
    let untraced_ns = ns_per_call(&chain);
    let probes = probe(loaded, &raw const goalloc_calibration_probe, "alloc", 1)?;
    let turned_away_ns = ns_per_call(&chain);
    loaded.gates().open(gate::WINDOW, u64::MAX, None);
    let counted_ns = ns_per_call(&chain);
    loaded.gates().shut(gate::WINDOW);
    // That waits for the kernel; nothing calls the function any more.
    std::thread::spawn(move || drop(probes));
    Ok(HitCost {
        turned_away_ns: (turned_away_ns - untraced_ns).max(0.0),
        work_ns: (counted_ns - turned_away_ns).max(0.0),
    })
}

/// What a hit at a `ret` costs that is turned away, nanoseconds.
///
/// # Errors
///
/// The probe cannot be put on.
pub fn calibrate_return(loaded: &mut Loaded) -> Result<f64, Error> {
    let chain = frames();
    let untraced_ns = ns_per_call(&chain);
    let at = &raw const goalloc_calibration_return;
    let probes = probe(loaded, at, "trace_return", 0)?;
    let turned_away_ns = ns_per_call(&chain);
    std::thread::spawn(move || drop(probes));
    Ok((turned_away_ns - untraced_ns).max(0.0))
}

fn probe(
    loaded: &mut Loaded,
    at: *const u8,
    program: &'static str,
    tests_flags: u8,
) -> Result<Probes, Error> {
    let pid = std::process::id();
    let site = Site {
        program,
        offset: probe_offset(&Process::open(pid)?, at)?,
        spec: ProbeSpec {
            tests_flags,
            gate: gate::WINDOW,
            ..ProbeSpec::default()
        },
    };
    let scope = NonZeroU32::new(pid).map_or(Scope::EveryProcess, Scope::Process);
    let exe = Path::new("/proc/self/exe");
    Ok(loaded.spare(exe, site, scope)?.on()?)
}

fn probe_offset(own: &Process, at: *const u8) -> Result<FileOffset, Error> {
    let address = ProcAddr(at as u64);
    let maps = own.maps()?;
    let file = maps.file_at(address).ok_or(Error::NotMapped)?;
    let mapping = file
        .mappings
        .iter()
        .find(|mapping| (mapping.start..mapping.end).contains(&address))
        .ok_or(Error::NotMapped)?;
    Ok(FileOffset(mapping.offset.0 + (address.0 - mapping.start.0)))
}

/// A chain of frames as the walk expects it, each with the address of the next and
/// a return address.
fn frames() -> Box<[u64]> {
    let mut words = vec![0; FRAMES * STRIDE + READ_WORDS].into_boxed_slice();
    for index in 1..FRAMES {
        let at = (index - 1) * STRIDE;
        if index + 1 < FRAMES {
            words[at] = words.as_ptr().wrapping_add(at + STRIDE) as u64;
        }
        words[at + 1] = 0x1000 + index as u64;
    }
    words
}

fn ns_per_call(chain: &[u64]) -> f64 {
    // Not the wall's: on a busy machine others come in between.
    let clock = CpuClock::of_the_asking_thread();
    let working_set = vec![0_u8; WORKING_SET_BYTES];
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started_ns = clock.now_ns().unwrap_or_default();
            for _ in 0..HITS {
                for line in working_set.iter().step_by(CACHE_LINE_BYTES) {
                    std::hint::black_box(*line);
                }
                // SAFETY: the function keeps the C calling convention, reads no
                // memory, and hands the chain to the probe, which checks what it
                // follows.
                unsafe { goalloc_calibration_call(chain.as_ptr()) };
            }
            clock
                .now_ns()
                .unwrap_or_default()
                .saturating_sub(started_ns)
        })
        .collect();
    times.sort_unstable();
    let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
    median as f64 / HITS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_runs_without_a_probe() {
        assert!(ns_per_call(&frames()) < 1e6);
    }

    #[test]
    fn the_probes_are_the_branch_and_the_return_in_the_file() {
        use std::os::unix::fs::FileExt as _;
        let own = Process::open(std::process::id()).unwrap();
        let code_at = |at| {
            let offset = probe_offset(&own, at).unwrap();
            let mut code = [0; 2];
            let exe = own.open_exe().unwrap();
            exe.read_exact_at(&mut code, offset.0).unwrap();
            code
        };
        // `jbe` with a displacement of zero
        assert_eq!(code_at(&raw const goalloc_calibration_probe), [0x76, 0]);
        assert_eq!(code_at(&raw const goalloc_calibration_return)[0], 0xc3);
    }
}
