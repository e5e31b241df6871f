//! The CPU time of a process.

use std::io;

use libc::{clockid_t, pid_t, timespec};

/// The clock that runs while threads of one process do, or one thread.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock {
    id: clockid_t,
}

impl CpuClock {
    /// The clock of a process (clock_getcpuclockid(3)).
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: u32) -> io::Result<Self> {
        let pid = pid_t::try_from(pid).map_err(io::Error::other)?;
        let mut id = 0;
        // SAFETY: `id` is a live local of the type the call writes.
        let error = unsafe { libc::clock_getcpuclockid(pid, &raw mut id) };
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        Ok(Self { id })
    }

    /// The clock that runs while the thread does that asks it.
    #[must_use]
    pub fn of_the_asking_thread() -> Self {
        Self {
            id: libc::CLOCK_THREAD_CPUTIME_ID,
        }
    }

    /// CPU time that all its threads have used so far, nanoseconds; `None` once
    /// the process is gone.
    #[must_use]
    pub fn now_ns(&self) -> Option<u64> {
        let mut time = timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a live local of the type the call writes.
        if unsafe { libc::clock_gettime(self.id, &raw mut time) } != 0 {
            return None;
        }
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanoseconds = u64::try_from(time.tv_nsec).ok()?;
        Some(seconds * 1_000_000_000 + nanoseconds)
    }
}

/// CPU time of the thread that asks, nanoseconds.
#[must_use]
pub fn own_cpu_ns() -> u64 {
    CpuClock::of_the_asking_thread()
        .now_ns()
        .unwrap_or_default()
}

/// CPUs there are for this process.
#[must_use]
pub fn cpus() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cpus| cpus.get() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_while_this_process_does() {
        let clock = CpuClock::of(std::process::id()).unwrap();
        let before = clock.now_ns().unwrap();
        let mut sum = 0u64;
        while clock.now_ns().unwrap() < before + 2_000_000 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }

    #[test]
    fn a_thread_has_no_more_than_its_process() {
        let thread_ns = CpuClock::of_the_asking_thread().now_ns().unwrap();
        let process = CpuClock::of(std::process::id()).unwrap();
        assert!((1..=process.now_ns().unwrap()).contains(&thread_ns));
    }

    #[test]
    fn no_process_no_clock() {
        assert!(CpuClock::of(1 << 23).is_err());
    }
}
