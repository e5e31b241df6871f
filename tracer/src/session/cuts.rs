//! A recording cut into pieces: at the ends of its target's garbage collections, or by
//! time.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::config::CutAt;
use super::counting::CounterSource;
use super::engine::Run;
use super::prepare::Error;
use crate::collect::{Counts, Cut, CyclesEnded, Pieces, join_slices};
use crate::counters::{Collections, Counters, Ended};

/// How often is looked whether a collection has ended.
const COLLECTIONS_PERIOD: Duration = Duration::from_millis(1);

/// Counts kept of all pieces together. Beyond that those of collections are dropped, and
/// slices of time joined.
const MOST_COUNTS: usize = 1 << 21;

/// Slices of time that are kept. When there are so many each two of them become one.
const MOST_SLICES: usize = 3600;

/// Slices that are not joined for want of room.
const LEAST_SLICES: usize = 64;

/// When the recording began, for all its targets: when the first of them did.
#[derive(Clone, Debug, Default)]
pub(super) struct Epoch(Arc<OnceLock<Instant>>);

impl Epoch {
    fn begin(&self) -> Instant {
        *self.0.get_or_init(Instant::now)
    }
}

/// The pieces so far.
pub(super) struct CutLog {
    at: CutAt,
    epoch: Epoch,
    /// `None` until the recording begins, and for ever if it is to be cut at collections
    /// and they cannot be told.
    last: Option<Last>,
    kept: usize,
    cuts: Vec<Cut>,
}

/// The state of affairs at the last look.
struct Last {
    began: Instant,
    looked: Instant,
    /// Since the recording began, the next slice ends.
    due: Duration,
    collections: Collections,
    /// At the last cut.
    counters: Option<Counters>,
}

impl Last {
    /// No collection has ended since.
    fn none_ended(&self) -> Ended {
        Ended {
            collections: self.collections,
            heap: None,
        }
    }
}

impl CutLog {
    pub fn new(at: CutAt, epoch: Epoch) -> Self {
        Self {
            at,
            epoch,
            last: None,
            kept: 0,
            cuts: Vec::new(),
        }
    }

    /// How long nothing has to be looked at.
    pub fn calm(&self) -> Duration {
        match (self.at, &self.last) {
            (CutAt::Collections, _) => COLLECTIONS_PERIOD,
            (CutAt::Every(_), Some(last)) => last.due.saturating_sub(last.began.elapsed()),
            (CutAt::Every(interval), None) => interval,
        }
    }

    /// The recording of this target begins.
    fn begin(&mut self, source: Option<&mut CounterSource>, counters: Option<Counters>) {
        let began = self.epoch.begin();
        let now = Instant::now();
        let mut last = Last {
            began,
            looked: now,
            due: Duration::ZERO,
            collections: Collections::default(),
            counters,
        };
        match self.at {
            CutAt::Collections => {
                let ended = source.and_then(CounterSource::collections);
                let (Some(ended), Some(_)) = (ended, &last.counters) else {
                    return;
                };
                last.collections = ended.collections;
            }
            CutAt::Every(_) => {
                // Others may have begun long before: slices are the same for all.
                let before = now - began;
                let mut end = Duration::ZERO;
                while let CutAt::Every(interval) = self.at
                    && end + interval <= before
                {
                    end += interval;
                    self.cuts.push(nothing_until(end));
                    self.make_room(end);
                }
            }
        }
        self.last = Some(last);
        self.set_due(now - began);
    }

    /// Whether there is something to cut off now, and which collections have ended; that
    /// it was looked is remembered.
    fn is_due(&mut self, source: Option<&mut CounterSource>) -> Option<Ended> {
        let last = self.last.as_mut()?;
        match self.at {
            CutAt::Collections => {
                let ended = source?.collections()?;
                if last.collections.completed == ended.collections.completed {
                    last.looked = Instant::now();
                    return None;
                }
                Some(ended)
            }
            CutAt::Every(_) => (last.began.elapsed() >= last.due).then_some(last.none_ended()),
        }
    }

    fn cut(&mut self, now: Instant, ended: Ended, counters: Option<Counters>, counts: Counts) {
        let Some(mut last) = self.last.take() else {
            return;
        };
        let collections = ended.collections;
        let mut counts: Vec<_> = counts.into_iter().collect();
        let is_whole = self.kept + counts.len() <= MOST_COUNTS;
        if is_whole {
            self.kept += counts.len();
        } else {
            counts.clear();
        }
        let since = |now: u32, before: u32| now.wrapping_sub(before);
        let at = now.duration_since(last.began);
        self.cuts.push(Cut {
            at,
            allocated: match (&counters, &last.counters) {
                (Some(now), Some(before)) => Some(now.since(before)),
                _ => None,
            },
            counts,
            is_whole,
            ended: (self.at == CutAt::Collections).then(|| CyclesEnded {
                number: collections.completed,
                collections: since(collections.completed, last.collections.completed),
                forced: since(collections.forced, last.collections.forced),
                within: now.duration_since(last.looked),
                heap: ended.heap,
            }),
        });
        last.looked = now;
        last.collections = collections;
        last.counters = counters;
        self.last = Some(last);
        self.make_room(at);
        self.set_due(at);
    }

    /// The next slice ends at a multiple of the interval.
    fn set_due(&mut self, now: Duration) {
        if let (CutAt::Every(interval), Some(last)) = (self.at, &mut self.last) {
            let slices = now.as_nanos() / interval.as_nanos().max(1);
            let slices = u32::try_from(slices).unwrap_or(u32::MAX);
            last.due = interval.saturating_mul(slices.saturating_add(1));
        }
    }

    /// Joins slices of time, of which the last has ended, when there are too many.
    fn make_room(&mut self, now: Duration) {
        let CutAt::Every(interval) = &mut self.at else {
            return;
        };
        let slices = self.cuts.len();
        let are_many =
            slices >= MOST_SLICES || self.kept > MOST_COUNTS / 2 && slices >= LEAST_SLICES;
        // One without its neighbour waits for it.
        let is_odd = (now.as_nanos() / interval.as_nanos().max(1)) % 2 == 1;
        if are_many && !is_odd {
            *interval *= 2;
            join_slices(&mut self.cuts, *interval);
            self.kept = self.cuts.iter().map(|cut| cut.counts.len()).sum();
        }
    }
}

/// A slice of the time in which others were recorded already.
fn nothing_until(end: Duration) -> Cut {
    Cut {
        at: end,
        allocated: Some(Counters::default()),
        counts: Vec::new(),
        is_whole: true,
        ended: None,
    }
}

impl Run {
    /// The recording begins: what is counted from now on belongs to the first piece.
    pub(super) fn begin_cuts(&mut self) {
        let counters = self.start_counters.clone();
        if let Some(log) = &mut self.engine.cuts {
            log.begin(self.engine.counters.as_mut(), counters);
        }
    }

    /// Cuts off what was counted if it is time to.
    pub(super) fn cut(&mut self) -> Result<(), Error> {
        let Some(log) = &mut self.engine.cuts else {
            return Ok(());
        };
        let source = &mut self.engine.counters;
        let Some(ended) = log.is_due(source.as_mut()) else {
            return Ok(());
        };
        let counters = source.as_mut().and_then(CounterSource::read);
        let counts = self.engine.collector.cut()?;
        log.cut(Instant::now(), ended, counters, counts);
        Ok(())
    }

    /// What is left behind the last cut, once all counts have been taken: it ends with the
    /// recording, at which `end` was read.
    pub(super) fn finish_cuts(
        &mut self,
        ended: Instant,
        end: Option<&Counters>,
    ) -> Result<Pieces, Error> {
        let Some(log) = &mut self.engine.cuts else {
            return Ok(Pieces::default());
        };
        let counts = self.engine.collector.cut()?;
        if let Some(last) = &log.last {
            log.cut(ended, last.none_ended(), end.cloned(), counts);
        }
        if let CutAt::Every(interval) = log.at {
            // The last slice is none if it only just began.
            join_slices(&mut log.cuts, interval);
        }
        Ok(Pieces {
            cuts: std::mem::take(&mut log.cuts),
            interval: match log.at {
                CutAt::Every(interval) => Some(interval),
                CutAt::Collections => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> CutLog {
        CutLog::new(CutAt::Every(Duration::from_secs(1)), Epoch::default())
    }

    /// A day in slices of a second.
    #[test]
    fn slices_double_when_there_are_too_many() {
        let mut log = log();
        let day = Duration::from_secs(86_400);
        let mut end = Duration::ZERO;
        while let CutAt::Every(interval) = log.at
            && end + interval <= day
        {
            end += interval;
            log.cuts.push(nothing_until(end));
            log.make_room(end);
            assert!(log.cuts.len() <= MOST_SLICES);
        }
        assert_eq!(log.at, CutAt::Every(Duration::from_secs(32)));
        assert_eq!(log.cuts.len(), 86_400 / 32);
        let ends = log.cuts.iter().zip(1..);
        for (cut, slice) in ends {
            assert_eq!(cut.at, Duration::from_secs(32) * slice);
        }
    }

    /// The first slice ends at the next multiple of the interval, for all targets alike.
    #[test]
    fn who_comes_late_has_nothing_in_the_slices_before() {
        let mut late = log();
        let began = late.epoch.begin();
        late.epoch = Epoch(Arc::new(OnceLock::from(
            began
                .checked_sub(Duration::from_millis(2_500))
                .unwrap_or(began),
        )));
        late.begin(None, None);
        let ends: Vec<_> = late.cuts.iter().map(|cut| cut.at.as_secs()).collect();
        assert_eq!(ends, [1, 2]);
        assert_eq!(late.last.unwrap().due, Duration::from_secs(3));
    }
}
