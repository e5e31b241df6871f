//! What the runtime had counted when it ended the process.

use aya::maps::{Array, MapData};
use tracer_ebpf::wire::AtExit;

use super::drain::{Error, TakeMap, take, wrong};
use crate::counters::ExitCopy;

/// The kernel side's copy of that, once there is one.
pub struct ExitCopies {
    map: Array<MapData, AtExit>,
    /// Bytes that are copied.
    bytes: usize,
}

impl ExitCopies {
    /// Takes the map out of the loaded object. Its probes copy so many bytes.
    ///
    /// # Errors
    ///
    /// The object lacks it.
    pub fn new(take_map: TakeMap<'_>, bytes: u16) -> Result<Self, Error> {
        Ok(Self {
            map: Array::try_from(take(take_map, "AT_EXIT")?).map_err(wrong("AT_EXIT"))?,
            bytes: bytes.into(),
        })
    }

    /// The copy; `None` while the process goes on, and when it ended in another way.
    #[must_use]
    pub fn get(&self) -> Option<ExitCopy> {
        let copy = self.map.get(&0, 0).ok().filter(|it| it.is_whole != 0)?;
        Some(ExitCopy {
            generation: copy.generation,
            heap_stats: copy.heap_stats.get(..self.bytes)?.to_vec(),
        })
    }
}
