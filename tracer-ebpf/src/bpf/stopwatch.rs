//! How long a hit takes that counts, measured on the target itself: caches are
//! cold or warm, stacks deep or new as it goes there, and the budget pays what it
//! really costs.

use aya_ebpf::helpers::generated::{bpf_get_prandom_u32, bpf_ktime_get_ns};
use tracer_ebpf::wire::counter;

use super::forget::forget;
use super::maps::add;

/// One hit in so many is timed: a power of two. At random, or a target that
/// allocates in turns could have the same site timed always.
const ONE_IN: u32 = 16;

/// More than this was not spent on the hit: another thread came in between.
const MOST_NS: u64 = 50_000;

/// Times a hit, or does not.
#[derive(Clone, Copy)]
pub struct Stopwatch {
    /// Whether it runs.
    runs: bool,
    /// When it was started. Any number if it was not: a zero would make the verifier
    /// follow all that comes behind twice.
    start_ns: u64,
}

impl Stopwatch {
    #[inline(always)]
    pub fn start() -> Self {
        // SAFETY: the helper takes nothing and touches no memory of ours.
        let random = unsafe { bpf_get_prandom_u32() };
        let start_ns = if random.is_multiple_of(ONE_IN) {
            // SAFETY: as above.
            unsafe { bpf_ktime_get_ns() }
        } else {
            u64::from(random)
        };
        Self {
            runs: forget(random.is_multiple_of(ONE_IN)),
            start_ns,
        }
    }

    #[inline(always)]
    pub fn stop(self) {
        if !self.runs {
            return;
        }
        // SAFETY: the helper takes nothing and touches no memory of ours.
        let elapsed_ns = unsafe { bpf_ktime_get_ns() }.wrapping_sub(self.start_ns);
        add(counter::TIMED, 1);
        add(counter::TIMED_NS, elapsed_ns.min(MOST_NS));
    }
}
