//! A process's memory, read from outside.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::addr::ProcAddr;

/// The memory of one process, read-only.
///
/// The target runs on while it is read: two reads need not agree with each
/// other. After the process has exited every read is a miss.
#[derive(Debug)]
pub struct Memory {
    /// `/proc/PID/mem`, opened for reading only.
    file: File,
}

impl Memory {
    pub(super) fn new(file: File) -> Self {
        Self { file }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Process;
    use crate::target::sleeper::Sleeper;

    #[test]
    fn reads_this_process_and_misses_what_is_not_there() {
        let memory = Process::open(std::process::id()).unwrap().memory().unwrap();
        let value = Box::new(0x0123_4567_89ab_cdef_u64);
        let address = ProcAddr(std::ptr::from_ref(value.as_ref()) as u64);
        assert_eq!(memory.read_u64(address), Some(*value));
        for nowhere in [0, 1 << 62, 1 << 63, u64::MAX - 7, u64::MAX] {
            assert_eq!(memory.read_u64(ProcAddr(nowhere)), None, "{nowhere:#x}");
        }
    }

    #[test]
    fn a_process_that_has_exited_is_a_miss() {
        let mut sleeper = Sleeper::sleep();
        let process = sleeper.process();
        let memory = process.memory().unwrap();
        let maps = process.maps().unwrap();
        let start = maps.files()[0].mappings[0].start;
        assert!(memory.read_u64(start).is_some());
        sleeper.end();
        assert_eq!(memory.read_u64(start), None);
        assert!(process.maps().is_err());
    }
}
