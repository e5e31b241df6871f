//! Types made at run time, read while their process lives.

use std::collections::HashMap;

use crate::addr::ProcAddr;
use crate::collect::RuntimeTypeBytes;
use crate::target::{Memory, Process};

/// Reads type descriptors out of live processes, keeping their memory open.
pub(super) fn type_reader() -> impl FnMut(u32, ProcAddr) -> Option<RuntimeTypeBytes> {
    let mut open: HashMap<u32, Option<Memory>> = HashMap::new();
    move |pid, address| {
        let memory = open
            .entry(pid)
            .or_insert_with(|| Process::open(pid).and_then(|process| process.memory()).ok());
        let mut bytes = [0; 48];
        memory.as_ref()?.read_exact_at(address, &mut bytes)?;
        Some(bytes)
    }
}
