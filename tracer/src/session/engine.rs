//! The tracing of one target, on a thread of its own: windows open and close,
//! what they count is added up, the runtime's counters are read around them.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracer_ebpf::wire::{MAX_FRAMES, gate};

use super::counting::CounterSource;
use super::cuts::CutLog;
use super::prepare::Error;
use super::so_far::SoFar;
use crate::attach::{self, Groups, Loaded, Probes};
use crate::budget::{self, CpuClock, Meter, Schedule, Spent};
use crate::collect::{
    Collector, News, Pieces, RawRecording, Totals, frames_to_keep, regardless_of_cpu,
};
use crate::counters::Counters;
use crate::estimate::{Accumulated, Accumulator, ByKind, Gap};
use crate::target::Pidfd;

/// Everything the tracing of one target takes.
pub(super) struct Engine {
    pub loaded: Loaded,
    pub groups: Groups,
    pub collector: Collector,
    /// What hits cost.
    pub meter: Meter,
    /// `None` to trace everything.
    pub schedule: Option<Schedule>,
    /// The clock of the target, where it is one process.
    pub clock: Option<CpuClock>,
    /// The target, where it is one process.
    pub target: Option<Pidfd>,
    pub counters: Option<CounterSource>,
    /// Cuts the recording into pieces, where that is asked for.
    pub cuts: Option<CutLog>,
    /// Whether the probe of this index is on all the time.
    pub is_always: Vec<bool>,
    /// Told when the first window is open.
    pub ready: Option<oneshot::Sender<()>>,
    /// What to do beside tracing; closed when the recording is to end.
    pub orders: Receiver<Order>,
    /// Where what there is so far is handed over to, where anybody asks for it.
    pub so_far: Option<Sender<SoFar>>,
    /// Totals so far, for progress.
    pub progress: Arc<Mutex<Totals>>,
}

/// What an engine can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To hand over what there is so far, as soon as that holds nothing up.
    HandOver,
}

/// A finished tracing, or one as it stands. Stacks and types are those that were not
/// handed over before.
#[derive(Debug)]
pub(super) struct Finished {
    pub raw: RawRecording,
    /// From the first window's opening to the end.
    pub recorded: Duration,
    /// Time in which every allocation was traced.
    pub traced: Duration,
    pub windows: u64,
    /// Frames walked at most, in the end.
    pub most_frames: u64,
    /// What was spent in hits, of how much CPU time of the target, nanoseconds.
    pub overhead: Option<(f64, f64)>,
    /// How long before the end the runtime's counters were read last.
    pub unread: Duration,
}

/// What a [`Finished`] is put together from.
pub(super) struct Parts {
    pub accumulated: Accumulated,
    pub news: News,
    /// Hits that must have been counted.
    pub hits: u64,
    /// The runtime's counters at the end.
    pub end: Option<Counters>,
    /// How long before it they were read last.
    pub unread: Duration,
    pub recorded: Duration,
    pub traced: Duration,
    pub windows: u64,
    pub large_is_exact: bool,
    pub pieces: Pieces,
}

/// What is going on while the thread runs.
pub(super) struct Run {
    pub engine: Engine,
    pub all: Accumulator,
    /// On unless large objects have become too dear.
    pub always: Option<Probes>,
    pub started: Instant,
    pub traced: Duration,
    /// Whether anything was allocated that was not traced.
    pub sampled: bool,
    pub last: Look,
    pub start_cpu_ns: Option<u64>,
    pub start_counters: Option<Counters>,
    /// Counters at the end of the last window.
    pub window_counters: Option<Counters>,
    /// When the last window ended, by [`attach::now_ns`].
    pub window_end_ns: u64,
    /// CPU time that reading the runtime's counters took.
    pub counters_took: Duration,
    /// Frames that are walked at most.
    pub most_frames: u64,
    /// CPUs there are.
    pub cpus: f64,
    /// Whether to hand over what there is so far.
    pub is_asked: bool,
    /// Hits when that was last done: they have been counted by now, if they ever are.
    pub handed_over_hits: u64,
}

/// The state of affairs at one look.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub at: Instant,
    pub cpu_ns: u64,
    pub spent: Spent,
}

/// Why a wait ended.
#[derive(PartialEq, Eq)]
pub(super) enum Waited {
    Through,
    Stopped,
}

impl Engine {
    /// Traces until told to stop.
    pub fn run(self) -> Result<Finished, Error> {
        raise_priority();
        let now = Instant::now();
        let run = Run {
            all: Accumulator::default(),
            always: None,
            started: now,
            traced: Duration::ZERO,
            sampled: false,
            last: Look {
                at: now,
                cpu_ns: 0,
                spent: Spent::default(),
            },
            start_cpu_ns: None,
            start_counters: None,
            window_counters: None,
            window_end_ns: 0,
            counters_took: Duration::ZERO,
            most_frames: MAX_FRAMES as u64,
            cpus: budget::cpus(),
            is_asked: false,
            handed_over_hits: 0,
            engine: self,
        };
        run.run()
    }

    fn spent(&self) -> Result<(Spent, Totals), Error> {
        let totals = self.collector.totals()?;
        let gates = self.loaded.gates();
        let spent = Spent {
            traps: totals.traps,
            counted: gates.taken(gate::WINDOW) + gates.taken(gate::ALWAYS),
            timed: totals.timed,
            timed_ns: totals.timed_ns,
            at_returns: 0,
        };
        Ok((spent, totals))
    }

    /// Whether there is no target any more.
    pub fn has_ended(&self) -> bool {
        self.target
            .as_ref()
            .is_some_and(|target| target.has_exited().unwrap_or(true))
    }

    pub fn cpu_ns(&self) -> Option<u64> {
        self.clock.as_ref().and_then(CpuClock::now_ns)
    }
}

impl Run {
    fn run(mut self) -> Result<Finished, Error> {
        self.begin()?;
        loop {
            let window = match self.open_window() {
                Ok(window) => window,
                // It ended before its next window.
                Err(_) if self.engine.ready.is_none() && self.engine.has_ended() => {
                    let now = self.read_counters();
                    let behind = self.gap_behind(now.as_ref());
                    return self.finish(Some(behind));
                }
                Err(error) => return Err(error),
            };
            let waited = self.watch_window(&window)?;
            self.close_window(window)?;
            if waited == Waited::Stopped {
                return self.finish(None);
            }
            self.sampled = true;
            if self.wait_for_next()? == Waited::Stopped {
                let now = self.read_counters();
                let behind = self.gap_behind(now.as_ref());
                return self.finish(Some(behind));
            }
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        if !self.engine.groups.always.is_empty() {
            self.always = Some(self.engine.groups.always.on()?);
        }
        self.last = self.look()?.0;
        Ok(())
    }

    /// Puts everything together. `behind`: the time since the last window.
    fn finish(mut self, behind: Option<Gap>) -> Result<Finished, Error> {
        let end = self.read_counters();
        // Now: what follows takes a while.
        let unread = self.unread();
        let ended = Instant::now();
        let recorded = ended.duration_since(self.started);
        self.engine.loaded.gates().shut(gate::ALWAYS);
        let large_is_exact = self.always.is_some();
        drop(self.always.take());
        self.account()?;
        let streamed = self.engine.collector.take(false)?;
        let kept = self.engine.collector.take_kept()?;
        self.all.add_exact(regardless_of_cpu(&streamed));
        self.all.add_exact(kept);
        let pieces = self.finish_cuts(ended, end.as_ref())?;
        let news = self.engine.collector.news()?;
        let all = std::mem::take(&mut self.all);
        Ok(self.put_together(Parts {
            windows: all.windows(),
            accumulated: all.finish(behind.unwrap_or_default()),
            hits: news.totals.hits,
            news,
            end,
            unread,
            recorded,
            traced: self.traced,
            large_is_exact,
            pieces,
        }))
    }

    /// For how long the runtime's counters have not been read.
    pub fn unread(&self) -> Duration {
        let source = self.engine.counters.as_ref();
        source.map_or(Duration::ZERO, CounterSource::unread)
    }

    /// All that is known at one moment, as one.
    pub fn put_together(&self, parts: Parts) -> Finished {
        let source = self.engine.counters.as_ref();
        let no_heap_sizes = source.and_then(CounterSource::no_heap_sizes);
        let were_read = self
            .engine
            .counters
            .as_ref()
            .is_some_and(CounterSource::is_open);
        let runtime = match (&self.start_counters, &parts.end) {
            (Some(start), Some(end)) if were_read => Some(end.since(start)),
            _ => None,
        };
        let overhead = self.start_cpu_ns.map(|start| {
            (
                self.engine.meter.total_ns(),
                self.last.cpu_ns.saturating_sub(start) as f64,
            )
        });
        let Parts {
            accumulated, news, ..
        } = parts;
        Finished {
            raw: RawRecording {
                counts: accumulated.tallies,
                stacks: news.stacks,
                runtime_types: news.runtime_types,
                hits: parts.hits,
                lost_events: news.totals.lost_events
                    + news.undecodable
                    + news.dropped
                    + accumulated.dropped,
                sampled: self.sampled,
                large_is_exact: parts.large_is_exact,
                runtime,
                pieces: parts.pieces,
                no_heap_sizes,
            },
            recorded: parts.recorded,
            traced: parts.traced.min(parts.recorded),
            windows: parts.windows,
            most_frames: self.most_frames,
            overhead,
            unread: parts.unread,
        }
    }

    /// Empties the ring. When room runs out, stacks are walked less far from now on.
    pub fn drain(&mut self) {
        self.engine.collector.drain();
        let room = self.engine.collector.room().min(self.all.room());
        let most_frames = frames_to_keep(room);
        if most_frames < self.most_frames {
            self.most_frames = most_frames;
            self.engine.loaded.gates().walk(most_frames);
        }
    }

    /// Takes in what has happened since the last look.
    pub fn account(&mut self) -> Result<(), Error> {
        let (now, totals) = self.look()?;
        let wall_ns = (now.at - self.last.at).as_nanos() as f64;
        let cpu_ns = now.cpu_ns.saturating_sub(self.last.cpu_ns) as f64;
        let spent_ns = self.engine.meter.take(now.spent.since(self.last.spent));
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.account(wall_ns, cpu_ns, spent_ns);
        }
        self.last = now;
        *self
            .engine
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = totals;
        Ok(())
    }

    pub fn look(&self) -> Result<(Look, Totals), Error> {
        let (spent, totals) = self.engine.spent()?;
        let look = Look {
            at: Instant::now(),
            // A target that has ended uses no more.
            cpu_ns: self.engine.cpu_ns().unwrap_or(self.last.cpu_ns),
            spent,
        };
        Ok((look, totals))
    }

    /// The runtime's counters now, or when they could be read last.
    pub fn read_counters(&mut self) -> Option<Counters> {
        self.engine.counters.as_mut()?.read()
    }

    /// The time since the last window, by the counters of now.
    pub fn gap_behind(&self, now: Option<&Counters>) -> Gap {
        Gap {
            ns: attach::now_ns().saturating_sub(self.window_end_ns) as f64,
            objects: self.untraced_until(now, &ByKind::default()),
        }
    }

    /// Objects allocated since the last window beside the `counted` ones, by the
    /// runtime's counters.
    pub fn untraced_until(&self, now: Option<&Counters>, counted: &ByKind) -> Option<ByKind> {
        let (from, to) = (self.window_counters.as_ref()?, now?);
        let mut all = to.since(from);
        if self.always.is_some() {
            all.large_objects = 0;
        }
        let mut untraced = ByKind::of_counters(&all);
        untraced.add(counted, -1.0);
        Some(untraced)
    }
}

/// This thread before others: when the target keeps every CPU busy, a window that
/// closes late costs it more than this thread ever takes. Not being allowed to is
/// no error; windows then cost more of the budget and are fewer.
fn raise_priority() {
    if let Err(error) = rustix::process::setpriority_process(None, -20) {
        tracing::debug!(%error, "windows close later: no permission to raise the priority");
    }
}
