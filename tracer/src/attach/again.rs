//! A program that is refused because a signal came is offered again.

use std::io;

use rustix::io::Errno;

/// Times that one is offered. Signals that come by chance hit two in a row rarely.
const MOST_TIMES: usize = 10;

/// Loads a program by `load`; `errno_of` gives the number of an error, if it has one.
///
/// The verifier gives up with EAGAIN when a signal is pending for the thread that loads
/// (linux 6.6 `kernel/bpf/verifier.c`, `do_check`): so do a stop by job control and the
/// freezer of a control group. That says nothing of the program.
pub(super) fn load<T, E>(
    mut load: impl FnMut() -> Result<T, E>,
    errno_of: impl Fn(&E) -> Option<i32>,
) -> Result<T, E> {
    let mut loaded = load();
    for _ in 1..MOST_TIMES {
        if !loaded
            .as_ref()
            .is_err_and(|it| is_interrupted(errno_of(it)))
        {
            break;
        }
        loaded = load();
    }
    loaded
}

/// Whether an error of this number says that a signal came.
pub(super) fn is_interrupted(errno: Option<i32>) -> bool {
    errno == Some(Errno::AGAIN.raw_os_error())
}

/// The number of an error of the system.
pub(super) fn errno_of(error: &io::Error) -> Option<i32> {
    error.raw_os_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads what fails with these numbers, one after the other, and then no more. Returns
    /// the number it fails with in the end, and how often it was tried.
    fn loaded(errors: &[Errno]) -> (Option<i32>, usize) {
        let mut tried = 0;
        let result = load(
            || {
                tried += 1;
                let error = errors.get(tried - 1);
                error.map_or(Ok(()), |errno| Err(io::Error::from(*errno)))
            },
            errno_of,
        );
        (result.err().as_ref().and_then(errno_of), tried)
    }

    #[test]
    fn a_signal_refuses_nothing() {
        assert_eq!(loaded(&[]), (None, 1));
        assert_eq!(loaded(&[Errno::AGAIN; 3]), (None, 4));
    }

    #[test]
    fn other_errors_are_final() {
        let invalid = Some(Errno::INVAL.raw_os_error());
        assert_eq!(loaded(&[Errno::INVAL]), (invalid, 1));
        assert_eq!(loaded(&[Errno::AGAIN, Errno::INVAL]), (invalid, 2));
    }

    #[test]
    fn signals_without_end_are_an_error() {
        let interrupted = Some(Errno::AGAIN.raw_os_error());
        assert_eq!(loaded(&[Errno::AGAIN; 99]), (interrupted, MOST_TIMES));
    }
}
