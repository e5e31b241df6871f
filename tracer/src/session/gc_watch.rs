//! Garbage collections of a target whose calls are traced.

use std::time::Duration;

use super::prepare::Error;
use crate::addr::LoadBias;
use crate::attach;
use crate::collect::{CallRecord, CallRing, RingPosition};
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
    noticed: Option<Noticed>,
}

/// A collection that is yet to be told of: behind all calls from before it was noticed.
/// Records come out in the order in which they were begun, which on several CPUs is not
/// quite the order of their times.
struct Noticed {
    collection: Collection,
    /// When the ring is emptied up to here, none from before it will come any more.
    until: RingPosition,
    /// Records that came out meanwhile and are from after it.
    later: Vec<CallRecord>,
}

impl Noticed {
    /// Keeps back the records of a later time, and returns the others.
    fn keep_later(&mut self, records: Vec<CallRecord>) -> Vec<CallRecord> {
        let is_earlier = |it: &CallRecord| it.time_ns() <= self.collection.noticed_ns;
        let (earlier, later): (Vec<_>, Vec<_>) = records.into_iter().partition(is_earlier);
        self.later.extend(later);
        earlier
    }
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
    pub fn begin(&mut self, ring: &CallRing) {
        self.look(ring);
        self.noticed = None;
    }

    /// Why there are no sizes of the heap, where that is so.
    pub fn no_heap_sizes(&self) -> Option<String> {
        self.reader.no_heap_sizes().map(ToString::to_string)
    }

    /// Looks, unless there is one to be told of first. `true` when there is.
    pub fn look(&mut self, ring: &CallRing) -> bool {
        // A target that has ended collects no more.
        if self.noticed.is_none()
            && let Ok(ended) = self.reader.look()
        {
            let collection = self.watch.look(ended, attach::now_ns());
            self.noticed = collection.map(|collection| Noticed {
                collection,
                until: ring.begun(),
                later: Vec::new(),
            });
        }
        self.noticed.is_some()
    }

    /// Keeps back those of the ring's next records that are to be told of behind the
    /// collection, and returns the others.
    pub fn keep_later(&mut self, records: Vec<CallRecord>) -> Vec<CallRecord> {
        match &mut self.noticed {
            Some(noticed) => noticed.keep_later(records),
            None => records,
        }
    }

    /// The one that is to be told of, and the records behind it, once all before it have
    /// come out.
    pub fn take(&mut self, ring: &CallRing) -> Option<(Collection, Vec<CallRecord>)> {
        let noticed = self.noticed.take_if(|it| ring.has_passed(it.until));
        noticed.map(|it| (it.collection, it.later))
    }

    /// The same when none will come any more.
    pub fn take_last(&mut self) -> Option<(Collection, Vec<CallRecord>)> {
        let noticed = self.noticed.take();
        noticed.map(|it| (it.collection, it.later))
    }
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::wire::Activation;

    use super::*;
    use crate::collect::Return;

    fn record(time_ns: u64) -> CallRecord {
        CallRecord::Return(Return {
            time_ns,
            probe: 0,
            activation: Activation::default(),
            registers: [0; 3],
        })
    }

    fn times_ns(records: &[CallRecord]) -> Vec<u64> {
        records.iter().map(CallRecord::time_ns).collect()
    }

    #[test]
    fn records_of_before_come_first_whenever_they_come_out() {
        let mut noticed = Noticed {
            collection: Collection {
                noticed_ns: 10,
                late_ns: 1,
                number: 1,
                collections: 1,
                forced: 0,
                heap: None,
            },
            until: RingPosition::default(),
            later: Vec::new(),
        };
        let mut earlier = noticed.keep_later([8, 12, 9, 11].map(record).to_vec());
        earlier.extend(noticed.keep_later([13, 10].map(record).to_vec()));
        assert_eq!(times_ns(&earlier), [8, 9, 10]);
        assert_eq!(times_ns(&noticed.later), [12, 11, 13]);
    }
}
