//! The CPU time of a command that was run.

use std::time::Duration;

use libc::{RUSAGE_CHILDREN, getrusage, rusage, timeval};

/// CPU time, user and system, of the child processes that have been waited for;
/// `None` when the kernel does not tell. `goalloc run` has one child, the command.
pub fn of_children() -> Option<Duration> {
    // SAFETY: `rusage` is plain integers, for which zero is a value.
    let mut usage: rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live local of the type the call writes.
    if unsafe { getrusage(RUSAGE_CHILDREN, &raw mut usage) } != 0 {
        return None;
    }
    Some(duration(usage.ru_utime)? + duration(usage.ru_stime)?)
}

fn duration(time: timeval) -> Option<Duration> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let microseconds = u64::try_from(time.tv_usec).ok()?;
    Some(Duration::from_secs(seconds) + Duration::from_micros(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_works_takes_time() {
        let before = of_children().unwrap();
        let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        std::process::Command::new("sh")
            .args(["-c", script])
            .status()
            .unwrap();
        assert!(of_children().unwrap() > before);
    }
}
