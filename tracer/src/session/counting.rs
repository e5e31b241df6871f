//! The runtime's counters of one target, as far as they can be had.

use std::sync::Arc;

use crate::counters::{CounterReader, Counters};
use crate::golang::GoBinary;
use crate::target::Process;

/// Reads the runtime's counters, from when the runtime is there until it is gone.
pub(super) struct CounterSource {
    pid: u32,
    binary: Arc<GoBinary>,
    reader: Option<CounterReader>,
    last: Option<Counters>,
    /// Why they cannot be read: said once.
    refused: bool,
}

impl CounterSource {
    /// Of a process that runs, or with `from_zero` of one that is yet to become
    /// the program.
    pub fn new(pid: u32, binary: Arc<GoBinary>, from_zero: bool) -> Self {
        Self {
            pid,
            binary,
            reader: None,
            last: from_zero.then(Counters::default),
            refused: false,
        }
    }

    /// The counters now; if they cannot be read now, as they were read last.
    pub fn read(&mut self) -> Option<Counters> {
        if self.reader.is_none() {
            self.open();
        }
        if let Some(reader) = &mut self.reader
            && let Ok(counters) = reader.read()
        {
            self.last = Some(counters);
        }
        self.last.clone()
    }

    fn open(&mut self) {
        let Ok(process) = Process::open(self.pid) else {
            return;
        };
        match CounterReader::open(&process, &self.binary) {
            Ok(reader) => self.reader = Some(reader),
            Err(error) => {
                if !std::mem::replace(&mut self.refused, true) {
                    tracing::debug!(%error, "the runtime's counters cannot be read yet");
                }
            }
        }
    }
}
