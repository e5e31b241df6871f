//! A recording cut at the ends of its target's garbage collections.

use std::time::{Duration, Instant};

use super::counting::CounterSource;
use super::engine::Run;
use super::prepare::Error;
use crate::collect::{Counts, CycleCut};
use crate::counters::{Collections, Counters, Ended};

/// How often is looked whether a collection has ended.
pub(super) const PERIOD: Duration = Duration::from_millis(1);

/// Counts kept of all cycles together; those of later ones are dropped.
const MOST_COUNTS: usize = 1 << 21;

/// The cuts so far.
pub(super) struct CycleLog {
    started: Instant,
    last: Option<Last>,
    kept: usize,
    pub cuts: Vec<CycleCut>,
}

/// The state of affairs at the last look.
struct Last {
    collections: Collections,
    looked: Instant,
    /// At the last cut.
    counters: Counters,
}

impl CycleLog {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            last: None,
            kept: 0,
            cuts: Vec::new(),
        }
    }

    /// The recording begins.
    fn begin(&mut self, collections: Collections, counters: Counters) {
        self.started = Instant::now();
        self.last = Some(Last {
            collections,
            looked: self.started,
            counters,
        });
    }

    /// Whether there is something to cut off; that it was looked is remembered.
    fn is_new(&mut self, collections: Collections) -> bool {
        let Some(last) = &mut self.last else {
            return false;
        };
        if last.collections.completed == collections.completed {
            last.looked = Instant::now();
            return false;
        }
        true
    }

    fn cut(&mut self, ended: Ended, counters: Counters, counts: Counts) {
        let collections = ended.collections;
        let Some(last) = &mut self.last else {
            return;
        };
        let now = Instant::now();
        let mut counts: Vec<_> = counts.into_iter().collect();
        let is_whole = self.kept + counts.len() <= MOST_COUNTS;
        if is_whole {
            self.kept += counts.len();
        } else {
            counts.clear();
        }
        let since = |now: u32, before: u32| now.wrapping_sub(before);
        self.cuts.push(CycleCut {
            number: collections.completed,
            collections: since(collections.completed, last.collections.completed),
            forced: since(collections.forced, last.collections.forced),
            at: now - self.started,
            within: now - last.looked,
            heap: ended.heap,
            allocated: counters.since(&last.counters),
            counts,
            is_whole,
        });
        *last = Last {
            collections,
            looked: now,
            counters,
        };
    }
}

impl Run {
    /// The recording begins: what is counted from now on belongs to the first cycle.
    pub(super) fn begin_cycles(&mut self) {
        let source = self.engine.counters.as_mut();
        let ended = source.and_then(CounterSource::collections);
        let counters = self.start_counters.clone();
        if let (Some(log), Some(ended), Some(counters)) = (&mut self.engine.cycles, ended, counters)
        {
            log.begin(ended.collections, counters);
        }
    }

    /// Cuts off what was counted if a collection has ended.
    pub(super) fn cut_cycle(&mut self) -> Result<(), Error> {
        let (Some(log), Some(source)) = (&mut self.engine.cycles, &mut self.engine.counters) else {
            return Ok(());
        };
        let ended = source.collections();
        let Some(ended) = ended.filter(|it| log.is_new(it.collections)) else {
            return Ok(());
        };
        let counters = source.read();
        let counts = self.engine.collector.cut()?;
        if let Some(counters) = counters {
            log.cut(ended, counters, counts);
        }
        Ok(())
    }

    /// What no collection has followed yet, once all counts have been taken.
    pub(super) fn finish_cycles(&mut self, end: Option<&Counters>) -> Result<Vec<CycleCut>, Error> {
        let Some(log) = &mut self.engine.cycles else {
            return Ok(Vec::new());
        };
        let counts = self.engine.collector.cut()?;
        if let (Some(last), Some(end)) = (&log.last, end) {
            let none = Ended {
                collections: last.collections,
                heap: None,
            };
            log.cut(none, end.clone(), counts);
        }
        Ok(std::mem::take(&mut log.cuts))
    }
}
