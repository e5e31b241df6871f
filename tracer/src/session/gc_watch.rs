//! Garbage collections of a target whose calls are traced.

use std::time::Duration;

use super::prepare::Error;
use crate::addr::LoadBias;
use crate::attach;
use crate::counters::CollectionReader;
use crate::golang::GoBinary;
use crate::target::Process;
use crate::trace::{Collection, CollectionWatch};

/// How often is looked whether a collection has ended.
pub(super) const PERIOD: Duration = Duration::from_millis(1);

/// Looks whether collections have ended.
pub(super) struct GcWatch {
    reader: CollectionReader,
    watch: CollectionWatch,
    /// One that is yet to be told of, behind the calls before it.
    noticed: Option<Collection>,
}

impl GcWatch {
    /// Begins to look.
    pub fn start(process: &Process, bias: LoadBias, binary: &GoBinary) -> Result<Self, Error> {
        let mut reader = CollectionReader::open(process.memory()?, bias, binary)?;
        let ended = reader.look()?;
        Ok(Self {
            reader,
            watch: CollectionWatch::new(ended, attach::now_ns()),
            noticed: None,
        })
    }

    /// The probes are on: what has ended before is not told of.
    pub fn begin(&mut self) {
        self.look();
        self.noticed = None;
    }

    /// Why there are no sizes of the heap, where that is so.
    pub fn no_heap_sizes(&self) -> Option<String> {
        self.reader.no_heap_sizes().map(ToString::to_string)
    }

    /// Looks, unless there is one to be told of first. `true` when there is.
    pub fn look(&mut self) -> bool {
        // A target that has ended collects no more.
        if self.noticed.is_none()
            && let Ok(ended) = self.reader.look()
        {
            self.noticed = self.watch.look(ended, attach::now_ns());
        }
        self.noticed.is_some()
    }

    /// When the one that is to be told of was noticed, by the monotonic clock.
    pub fn noticed_ns(&self) -> Option<u64> {
        self.noticed.as_ref().map(|it| it.noticed_ns)
    }

    /// The one that is to be told of.
    pub fn take(&mut self) -> Option<Collection> {
        self.noticed.take()
    }
}
