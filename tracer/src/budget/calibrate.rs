//! What a hit costs on this machine: measured at start, on a function of
//! goalloc's own, with the programs that the target will run.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use thiserror::Error;
use tracer_ebpf::wire::{ProbeSpec, gate};

use super::cost::HitCost;
use crate::addr::{FileOffset, ProcAddr};
use crate::attach::{self, Loaded, Scope, Site};
use crate::target::{self, Process};

/// Hits per measurement, and measurements per figure; the fastest counts,
/// because whatever else runs only adds.
const HITS: u64 = 500;
const ROUNDS: usize = 4;

/// The same of hits that go through the ring, which has room for few.
const NEW_HITS: u64 = 100;

/// Frames on the stack of the shallow and of the deep measurements.
const SHALLOW: usize = 4;
const DEEP: usize = 68;

/// Words from one frame to the next: as close as they can be, and as far as makes
/// each a read of its own.
const DENSE: usize = 2;
const SPARSE: usize = 32;

/// Frames in one read of the stack, when they are dense: 256 bytes.
const FRAMES_PER_READ: f64 = 16.0;
/// Reads of the shallow stack: where the probe is, and the frames.
const SHALLOW_READS: f64 = 2.0;

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
    // rdi: how often, rsi: the innermost frame, rdx: added to its return address
    // each time, rcx: added to the size each time
    "goalloc_calibration_call:",
    "push rbp",
    "push rbx",
    "mov rbp, rsi",
    "xor ebx, ebx",   // no type
    "mov r8d, 64", // bytes
    "2:",
    "mov rax, r8",
    "call 3f",
    "add [rsi + 8], rdx",
    "add r8, rcx",
    "dec rdi",
    "jnz 2b",
    "pop rbx",
    "pop rbp",
    "ret",
    "3:",
    "cmp rsp, 0",
    ".globl goalloc_calibration_probe",
    "goalloc_calibration_probe:",
    "jbe 4f",
    "4:",
    "ret",
);

unsafe extern "C" {
    fn goalloc_calibration_call(
        times: u64,
        frame: *mut u64,
        return_address_step: u64,
        size_step: u64,
    );
    static goalloc_calibration_probe: u8;
}

/// What the hits of a measurement have in common.
#[derive(Clone, Copy)]
enum Hits {
    /// Everything: they are one count.
    Alike,
    /// The stack: each starts a count.
    OfNewSizes,
    /// The size: each has a stack of its own to send, and starts a count.
    OnNewStacks,
}

/// Measures. What the hits left in the programs' maps is the caller's to drop.
///
/// # Errors
///
/// The probe cannot be put on.
pub fn calibrate(loaded: &mut Loaded) -> Result<HitCost, Error> {
    let pid = std::process::id();
    let exe = Path::new("/proc/self/exe");
    let site = Site {
        program: "alloc",
        offset: probe_offset(&Process::open(pid)?)?,
        spec: ProbeSpec {
            tests_flags: 1,
            gate: gate::WINDOW,
            ..ProbeSpec::default()
        },
    };
    let scope = NonZeroU32::new(pid).map_or(Scope::EveryProcess, Scope::Process);
    let probes = loaded.spare(exe, site, scope)?.on()?;
    let mut shallow = Chain::new(SHALLOW, DENSE);
    let mut dense = Chain::new(DEEP, DENSE);
    let mut sparse = Chain::new(DEEP, SPARSE);
    let turned_away_ns = shallow.ns_per_call(Hits::Alike);
    loaded.gates().open(gate::WINDOW, u64::MAX);
    let shallow_ns = shallow.ns_per_call(Hits::Alike);
    let dense_ns = dense.ns_per_call(Hits::Alike);
    let sparse_ns = sparse.ns_per_call(Hits::Alike);
    let new_size_ns = shallow.ns_per_call(Hits::OfNewSizes);
    let new_stack_ns = shallow.ns_per_call(Hits::OnNewStacks);
    loaded.gates().shut(gate::WINDOW);
    // That waits for the kernel; nothing calls the function any more.
    std::thread::spawn(move || drop(probes));
    let per_frame = |deep_ns: f64| (deep_ns - shallow_ns) / (DEEP - SHALLOW) as f64;
    // A dense frame takes a part of a read, a sparse one a whole one.
    let read_ns = (per_frame(sparse_ns) - per_frame(dense_ns)) / (1.0 - 1.0 / FRAMES_PER_READ);
    let read_ns = read_ns.max(0.0);
    let frame_ns = (per_frame(dense_ns) - read_ns / FRAMES_PER_READ).max(0.0);
    let walk_ns = frame_ns * SHALLOW as f64 + read_ns * SHALLOW_READS;
    Ok(HitCost {
        turned_away_ns,
        counted_ns: (shallow_ns - walk_ns).max(turned_away_ns),
        frame_ns,
        read_ns,
        new_key_ns: (new_size_ns - shallow_ns).max(0.0),
        sent_stack_ns: (new_stack_ns - new_size_ns - walk_ns).max(0.0),
    })
}

fn probe_offset(own: &Process) -> Result<FileOffset, Error> {
    let address = ProcAddr(&raw const goalloc_calibration_probe as u64);
    let maps = own.maps()?;
    let file = maps.file_at(address).ok_or(Error::NotMapped)?;
    let mapping = file
        .mappings
        .iter()
        .find(|mapping| (mapping.start..mapping.end).contains(&address))
        .ok_or(Error::NotMapped)?;
    Ok(FileOffset(mapping.offset.0 + (address.0 - mapping.start.0)))
}

/// A stack as the walk expects it.
struct Chain {
    /// Frames, each with the address of the next and a return address.
    words: Box<[u64]>,
}

impl Chain {
    /// A chain that makes for `count` return addresses, with that of the call
    /// itself; from one frame to the next there are so many words.
    fn new(count: usize, stride: usize) -> Self {
        // As far as the last read goes.
        let mut words = vec![0; count * stride + SPARSE].into_boxed_slice();
        for index in 0..count - 1 {
            let at = index * stride;
            if index + 2 < count {
                words[at] = words.as_ptr().wrapping_add(at + stride) as u64;
            }
            words[at + 1] = 0x1000 + index as u64;
        }
        Self { words }
    }

    fn ns_per_call(&mut self, hits: Hits) -> f64 {
        let (times, return_address_step, size_step) = match hits {
            Hits::Alike => (HITS, 0, 0),
            Hits::OfNewSizes => (NEW_HITS, 0, 8),
            Hits::OnNewStacks => (NEW_HITS, 1 << 20, 0),
        };
        let fastest = (0..ROUNDS)
            .map(|_| {
                // Sizes begin anew each time, on a stack of their own.
                self.words[1] += 1 << 40;
                let innermost = self.words.as_mut_ptr();
                let started = Instant::now();
                // SAFETY: the function keeps the C calling convention and touches no
                // memory but the return address of `innermost`, which is in `words`.
                // The probe checks what it follows.
                unsafe {
                    goalloc_calibration_call(times, innermost, return_address_step, size_step);
                }
                started.elapsed()
            })
            .min();
        fastest.map_or(0.0, |elapsed| elapsed.as_nanos() as f64 / times as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_runs_without_a_probe() {
        for hits in [Hits::Alike, Hits::OfNewSizes, Hits::OnNewStacks] {
            assert!(Chain::new(SHALLOW, DENSE).ns_per_call(hits) < 1e6);
        }
    }

    #[test]
    fn the_probe_is_the_branch_in_the_file() {
        use std::os::unix::fs::FileExt as _;
        let own = Process::open(std::process::id()).unwrap();
        let offset = probe_offset(&own).unwrap();
        let mut code = [0; 2];
        own.open_exe()
            .unwrap()
            .read_exact_at(&mut code, offset.0)
            .unwrap();
        // `jbe` with a displacement of zero
        assert_eq!(code, [0x76, 0]);
    }
}
