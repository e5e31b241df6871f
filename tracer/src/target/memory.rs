//! A process's memory, read from outside.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Pidfd;
use crate::addr::ProcAddr;

/// Most ranges of one `process_vm_readv(2)`: `UIO_MAXIOV`, Linux
/// include/uapi/linux/uio.h.
const MAX_RANGES: usize = 1024;

/// Consecutive bytes of a process's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// The first.
    pub start: ProcAddr,
    /// How many.
    pub bytes: usize,
}

/// The memory of one process, read-only.
///
/// The target runs on while it is read: two reads need not agree with each
/// other. After the process has exited every read is a miss.
#[derive(Debug)]
pub struct Memory {
    /// `/proc/PID/mem`, opened for reading only.
    file: File,
    pid: libc::pid_t,
    pidfd: Pidfd,
    /// Whether this kernel or its policy refuses `process_vm_readv(2)`.
    refused: AtomicBool,
}

impl Memory {
    pub(super) fn new(file: File, pid: u32, pidfd: Pidfd) -> Self {
        Self {
            file,
            pid: pid.cast_signed(),
            pidfd,
            refused: AtomicBool::new(false),
        }
    }

    /// Fills `buffer` with what is at `address`; `None` when any of it is not
    /// mapped or not readable.
    #[must_use]
    pub fn read_exact_at(&self, address: ProcAddr, buffer: &mut [u8]) -> Option<()> {
        self.file.read_exact_at(buffer, address.0).ok()
    }

    /// The eight bytes at `address` as a number.
    #[must_use]
    pub fn read_u64(&self, address: ProcAddr) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read_exact_at(address, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }

    /// Fills `buffer` with many ranges, one behind the other, in few system calls.
    /// They are read in their order (`process_vm_rw_core`, Linux v5.15
    /// mm/process_vm_access.c). `None` when any of them is not mapped or not
    /// readable, or when they do not fill the buffer exactly.
    #[must_use]
    pub fn read_ranges(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        let mut rest = buffer;
        for chunk in ranges.chunks(MAX_RANGES) {
            let bytes = chunk.iter().map(|range| range.bytes).sum::<usize>();
            let (filled, behind) = rest.split_at_mut_checked(bytes)?;
            self.read_chunk(chunk, filled)?;
            rest = behind;
        }
        rest.is_empty().then_some(())
    }

    fn read_chunk(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> Option<()> {
        if !self.refused.load(Ordering::Relaxed) {
            match self.process_vm_readv(ranges, buffer) {
                // Not a later process of the same PID: this one is still there.
                Ok(bytes) => {
                    let is_whole = bytes == buffer.len();
                    let is_alive = !self.pidfd.has_exited().ok()?;
                    return (is_whole && is_alive).then_some(());
                }
                Err(error) if is_refusal(&error) => self.refused.store(true, Ordering::Relaxed),
                Err(_) => return None,
            }
        }
        let mut rest = buffer;
        for range in ranges {
            let (filled, behind) = rest.split_at_mut_checked(range.bytes)?;
            self.read_exact_at(range.start, filled)?;
            rest = behind;
        }
        Some(())
    }

    /// How many bytes were read.
    fn process_vm_readv(&self, ranges: &[MemoryRange], buffer: &mut [u8]) -> io::Result<usize> {
        let local = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        let remote: Vec<libc::iovec> = ranges
            .iter()
            .map(|range| libc::iovec {
                iov_base: std::ptr::without_provenance_mut(range.start.0 as usize),
                iov_len: range.bytes,
            })
            .collect();
        // SAFETY: the kernel writes to the local range alone, which is `buffer` and
        // is borrowed for the call, and reads the remote array alone, which has the
        // length given. Remote addresses belong to the other process; the kernel
        // checks them.
        let read = unsafe {
            libc::process_vm_readv(
                self.pid,
                &raw const local,
                1,
                remote.as_ptr(),
                remote.len() as libc::c_ulong,
                0,
            )
        };
        usize::try_from(read).map_err(|_| io::Error::last_os_error())
    }
}

/// Whether the system call is not there, or forbidden (seccomp).
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Process;
    use crate::target::sleeper::Sleeper;

    fn range<T: ?Sized>(value: &T) -> MemoryRange {
        MemoryRange {
            start: ProcAddr(std::ptr::from_ref(value).cast::<u8>() as u64),
            bytes: size_of_val(value),
        }
    }

    fn own_memory() -> Memory {
        Process::open(std::process::id()).unwrap().memory().unwrap()
    }

    #[test]
    fn reads_this_process_and_misses_what_is_not_there() {
        let memory = own_memory();
        let value = Box::new(0x0123_4567_89ab_cdef_u64);
        let address = range(value.as_ref()).start;
        assert_eq!(memory.read_u64(address), Some(*value));
        for nowhere in [0, 1 << 62, 1 << 63, u64::MAX - 7, u64::MAX] {
            assert_eq!(memory.read_u64(ProcAddr(nowhere)), None, "{nowhere:#x}");
        }
    }

    #[test]
    fn ranges_are_read_one_behind_the_other() {
        let memory = own_memory();
        // More than one system call takes.
        let numbers: Vec<u32> = (0..3000).collect();
        let ranges: Vec<_> = numbers.iter().rev().map(range).collect();
        let mut buffer = vec![0; 4 * ranges.len()];
        for refused in [false, true] {
            buffer.fill(0);
            memory.refused.store(refused, Ordering::Relaxed);
            assert_eq!(memory.read_ranges(&ranges, &mut buffer), Some(()));
            let found = buffer
                .chunks_exact(4)
                .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()));
            assert!(found.eq((0..3000).rev()));
            assert_eq!(memory.refused.load(Ordering::Relaxed), refused);
        }
    }

    #[test]
    fn a_range_that_is_not_there_is_a_miss() {
        let memory = own_memory();
        let value = 1_u64;
        let nowhere = MemoryRange {
            start: ProcAddr(8),
            bytes: 8,
        };
        let read = |ranges: &[_]| memory.read_ranges(ranges, &mut [0; 16]);
        let there = range(&value);
        assert_eq!(read(&[there, there]), Some(()));
        assert_eq!(read(&[there, nowhere]), None);
        // Too few or too many bytes for the buffer.
        assert_eq!(read(&[there]), None);
        assert_eq!(read(&[there, there, there]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_process_that_has_exited_is_a_miss() {
        let mut sleeper = Sleeper::sleep();
        let process = sleeper.process();
        let memory = process.memory().unwrap();
        let maps = process.maps().unwrap();
        let start = maps.files()[0].mappings[0].start;
        let read = || memory.read_ranges(&[MemoryRange { start, bytes: 8 }], &mut [0; 8]);
        assert!(memory.read_u64(start).is_some());
        assert_eq!(read(), Some(()));
        sleeper.end();
        assert_eq!(memory.read_u64(start), None);
        assert_eq!(read(), None);
        assert!(process.maps().is_err());
    }
}
