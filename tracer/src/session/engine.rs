//! The tracing of one target, on a thread of its own: windows open and close,
//! what they count is added up, the runtime's counters are read around them.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracer_ebpf::wire::{CountKey, flags, gate};

use super::counting::CounterSource;
use super::prepare::Error;
use crate::attach::{Groups, Loaded, Probes};
use crate::budget::{CpuClock, HitCost, Schedule, Spent};
use crate::collect::{Collector, Counts, RawRecording, Totals};
use crate::counters::Counters;
use crate::estimate::Accumulator;
use crate::target::Pidfd;

/// How often the ring is drained, and a window that is far from its end looked
/// at. At 5 ms the default ring has room for 3 million stacks a second.
const CALM_PERIOD: Duration = Duration::from_millis(5);

/// How often a window is looked at that may be used up any time.
const CLOSE_PERIOD: Duration = Duration::from_millis(1);

/// How often the runtime's counters are read while nothing is traced: should the
/// target end, so much of them is missed at most.
const COUNTERS_PERIOD: Duration = Duration::from_millis(20);

/// They take longer to read the more Ps there are. This many times that long passes
/// at least until they are read again.
const COUNTERS_REST: u32 = 400;

/// Share of the budget that large objects may take, which are traced all the
/// time. If they take more they are traced in windows like the others.
const MOST_FOR_LARGE: f64 = 0.5;

/// Everything the tracing of one target takes.
pub(super) struct Engine {
    pub loaded: Loaded,
    pub groups: Groups,
    pub collector: Collector,
    /// What a hit costs here.
    pub cost: HitCost,
    /// `None` to trace everything.
    pub schedule: Option<Schedule>,
    /// The clock of the target, where it is one process.
    pub clock: Option<CpuClock>,
    /// The target, where it is one process.
    pub target: Option<Pidfd>,
    pub counters: Option<CounterSource>,
    /// Whether the probe of this index is on all the time.
    pub is_always: Vec<bool>,
    /// Told when the first window is open.
    pub ready: Option<oneshot::Sender<()>>,
    /// Closed or written to when the recording is to end.
    pub stop: Receiver<()>,
    /// Totals so far, for progress.
    pub progress: Arc<Mutex<Totals>>,
}

/// What putting the probes on and off takes in all, more or less.
const CYCLE: Duration = Duration::from_millis(60);

/// A finished tracing.
#[derive(Debug)]
pub(super) struct Finished {
    pub raw: RawRecording,
    /// From the first window's opening to the end.
    pub recorded: Duration,
    /// Time in which every allocation was traced.
    pub traced: Duration,
    pub windows: u64,
    /// What was spent in hits, of how much CPU time of the target, nanoseconds.
    pub overhead: Option<(f64, f64)>,
}

/// What is going on while the thread runs.
struct Run {
    engine: Engine,
    all: Accumulator,
    /// On unless large objects have become too dear.
    always: Option<Probes>,
    started: Instant,
    traced: Duration,
    /// Whether anything was allocated that was not traced.
    sampled: bool,
    last: Look,
    start_cpu_ns: Option<u64>,
    start_counters: Option<Counters>,
    /// Counters at the end of the last window.
    window_counters: Option<Counters>,
    /// CPU time at the end of the last window.
    window_cpu_ns: u64,
    /// How long reading the runtime's counters took.
    counters_took: Duration,
}

/// The state of affairs at one look.
#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    cpu_ns: u64,
    spent: Spent,
}

/// A window that is open.
struct Open {
    probes: Vec<Probes>,
    at: Instant,
    cpu_ns: u64,
    spent: Spent,
}

/// Why a wait ended.
#[derive(PartialEq, Eq)]
enum Waited {
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
            window_cpu_ns: 0,
            counters_took: Duration::ZERO,
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
            frames: totals.frames,
        };
        Ok((spent, totals))
    }

    /// Whether there is no target any more.
    fn has_ended(&self) -> bool {
        self.target
            .as_ref()
            .is_some_and(|target| target.has_exited().unwrap_or(true))
    }

    fn cpu_ns(&self) -> Option<u64> {
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
                    let behind = self.untraced_since_window(0);
                    return self.finish(Some(behind));
                }
                Err(error) => return Err(error),
            };
            let waited = self.watch_window()?;
            self.close_window(window)?;
            if waited == Waited::Stopped {
                return self.finish(None);
            }
            self.sampled = true;
            if self.wait_for_next()? == Waited::Stopped {
                let behind = self.untraced_since_window(0);
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

    /// Puts the probes on and opens the gates.
    fn open_window(&mut self) -> Result<Open, Error> {
        let mut probes = vec![self.engine.groups.window.on()?];
        let is_first = self.engine.ready.is_some();
        if self.always.is_none() && !self.engine.groups.always.is_empty() {
            probes.push(self.engine.groups.always.on()?);
        }
        self.account()?;
        if is_first {
            self.start_cpu_ns = self.engine.cpu_ns();
            self.start_counters = self.read_counters();
            self.window_counters.clone_from(&self.start_counters);
            self.window_cpu_ns = self.start_cpu_ns.unwrap_or_default();
            self.started = Instant::now();
            self.engine.loaded.gates().open(gate::ALWAYS, u64::MAX);
        }
        let mut hits = u64::MAX;
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.open();
            hits = schedule.hits_left();
        }
        let gates = self.engine.loaded.gates();
        if self.always.is_none() {
            gates.open(gate::ALWAYS, hits);
        }
        gates.open(gate::WINDOW, hits);
        if let Some(ready) = self.engine.ready.take() {
            // Nobody waits for it any more when the recording has been given up.
            let _ = ready.send(());
        }
        Ok(Open {
            probes,
            at: Instant::now(),
            cpu_ns: self.last.cpu_ns,
            spent: self.last.spent,
        })
    }

    /// Waits until the window has used up what it may.
    fn watch_window(&mut self) -> Result<Waited, Error> {
        let mut period = CLOSE_PERIOD;
        loop {
            if self.wait(period) == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            self.engine.collector.drain();
            let before = self.last.spent.counted;
            self.account()?;
            let came = self.last.spent.counted - before;
            let gates = self.engine.loaded.gates();
            let Some(schedule) = &self.engine.schedule else {
                period = CALM_PERIOD;
                continue;
            };
            if schedule.is_used_up() || gates.is_exhausted(gate::WINDOW) {
                return Ok(Waited::Through);
            }
            let left = schedule.hits_left();
            gates.allow(gate::WINDOW, left);
            // Far from its end it need not be looked at so often.
            period = if came.saturating_mul(20) < left {
                CALM_PERIOD
            } else {
                CLOSE_PERIOD
            };
        }
    }

    /// Shuts the gates, takes the probes off and what they counted.
    fn close_window(&mut self, window: Open) -> Result<(), Error> {
        let gates = self.engine.loaded.gates();
        gates.shut(gate::WINDOW);
        let exhausted = gates.is_exhausted(gate::WINDOW);
        if self.always.is_none() {
            gates.shut(gate::ALWAYS);
        }
        self.traced += window.at.elapsed();
        self.sampled |= exhausted;
        // Until the probes are off every hit costs a trap: nothing else comes first.
        let closed = self.look()?.0;
        drop(window.probes);
        self.account()?;
        let counters = self.read_counters();
        let mut counts = self.engine.collector.take()?;
        if self.always.is_none() {
            merge(&mut counts, self.engine.collector.take_kept()?);
        }
        let (always, counts) = self.split(counts);
        self.all.add_exact(always);
        let counted = objects_of(&counts);
        let untraced = match (&self.window_counters, &counters) {
            (Some(from), Some(to)) => self.objects_between(from, to) - counted as f64,
            _ => {
                let hits_ns = self.engine.cost.of(closed.spent.since(window.spent));
                let cpu_ns = closed.cpu_ns.saturating_sub(window.cpu_ns) as f64;
                let gap_ns = window.cpu_ns.saturating_sub(self.window_cpu_ns) as f64;
                untraced_by_time(counted, gap_ns, cpu_ns, hits_ns)
            }
        };
        self.all.add_window(counts, untraced);
        if counters.is_some() {
            self.window_counters = counters;
        }
        self.window_cpu_ns = closed.cpu_ns;
        let late = self.last.spent.since(closed.spent);
        let hits = closed.spent.since(window.spent);
        tracing::debug!(
            open = ?(closed.at - window.at),
            off = ?(self.last.at - closed.at),
            counted,
            traps = hits.traps,
            traps_late = late.traps,
            frames = hits.frames,
            cpu_ms = closed.cpu_ns.saturating_sub(window.cpu_ns) / 1_000_000,
            untraced,
            "window"
        );
        self.reconsider_large();
        Ok(())
    }

    /// Waits a random time, reading the runtime's counters now and then.
    fn wait_for_next(&mut self) -> Result<Waited, Error> {
        let Some(schedule) = &mut self.engine.schedule else {
            return Ok(Waited::Through);
        };
        let gap = schedule.gap(1.0 - fastrand::f64(), CYCLE);
        tracing::debug!(?gap, schedule = ?schedule, "gap");
        let until = Instant::now() + gap;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Waited::Through);
            }
            let period = COUNTERS_PERIOD.max(self.counters_took * COUNTERS_REST);
            if self.wait(left.min(period)) == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            if left > period {
                let started = Instant::now();
                let _ = self.read_counters();
                self.counters_took = started.elapsed();
            }
            self.engine.collector.drain();
            self.account()?;
        }
    }

    /// Puts everything together. `behind`: untraced objects since the last window.
    fn finish(mut self, behind: Option<f64>) -> Result<Finished, Error> {
        let end = self.read_counters();
        let recorded = self.started.elapsed();
        self.engine.loaded.gates().shut(gate::ALWAYS);
        let large_is_exact = self.always.is_some();
        drop(self.always.take());
        let spent = self.engine.spent()?.0;
        let cpu_ns = self.engine.cpu_ns().unwrap_or(self.last.cpu_ns);
        let streamed = self.engine.collector.take()?;
        let kept = self.engine.collector.take_kept()?;
        self.all.add_exact(streamed);
        self.all.add_exact(kept);
        let windows = self.all.windows();
        let were_read = self
            .engine
            .counters
            .as_ref()
            .is_some_and(CounterSource::is_open);
        let runtime = match (&self.start_counters, &end) {
            (Some(start), Some(end)) if were_read => Some(end.since(start)),
            _ => None,
        };
        let accumulated = self.all.finish(behind.unwrap_or_default());
        let leftovers = self.engine.collector.finish()?;
        let overhead = self.start_cpu_ns.map(|start| {
            (
                self.engine.cost.of(spent),
                cpu_ns.saturating_sub(start) as f64,
            )
        });
        Ok(Finished {
            raw: RawRecording {
                counts: accumulated.tallies,
                stacks: leftovers.stacks,
                runtime_types: leftovers.runtime_types,
                hits: leftovers.totals.hits,
                lost_events: leftovers.totals.lost_events
                    + leftovers.undecodable
                    + accumulated.dropped,
                sampled: self.sampled,
                large_is_exact,
                runtime,
            },
            recorded,
            traced: self.traced.min(recorded),
            windows,
            overhead,
        })
    }

    /// Large objects that take too much of the budget are traced in windows from
    /// now on.
    fn reconsider_large(&mut self) {
        let (Some(schedule), Some(start)) = (&self.engine.schedule, self.start_cpu_ns) else {
            return;
        };
        if self.always.is_none() {
            return;
        }
        let hits = self.engine.loaded.gates().taken(gate::ALWAYS);
        let spent_ns = schedule.hit_ns() * hits as f64;
        let used_ns = self.last.cpu_ns.saturating_sub(start) as f64;
        if spent_ns > MOST_FOR_LARGE * schedule.share() * used_ns && hits > 1000 {
            self.engine.loaded.gates().shut(gate::ALWAYS);
            drop(self.always.take());
        }
    }

    /// Takes in what has happened since the last look.
    fn account(&mut self) -> Result<(), Error> {
        let (now, totals) = self.look()?;
        let wall_ns = (now.at - self.last.at).as_nanos() as f64;
        let cpu_ns = now.cpu_ns.saturating_sub(self.last.cpu_ns) as f64;
        let spent = now.spent.since(self.last.spent);
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.account(wall_ns, cpu_ns, spent);
        }
        self.last = now;
        *self
            .engine
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = totals;
        Ok(())
    }

    fn look(&self) -> Result<(Look, Totals), Error> {
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
    fn read_counters(&mut self) -> Option<Counters> {
        self.engine.counters.as_mut()?.read()
    }

    fn untraced_since_window(&mut self, counted: u64) -> f64 {
        let now = self.read_counters();
        match (&self.window_counters, &now) {
            (Some(from), Some(to)) => self.objects_between(from, to) - counted as f64,
            _ => 0.0,
        }
    }

    /// Objects of the kinds that are traced in windows.
    fn objects_between(&self, from: &Counters, to: &Counters) -> f64 {
        let all = to.since(from);
        let apart = match &self.always {
            Some(_) => all.large_objects,
            None => 0,
        };
        all.mallocs().saturating_sub(apart) as f64
    }

    /// Counts of probes that are on all the time, and the others.
    fn split(&self, counts: Counts) -> (Counts, Counts) {
        if self.always.is_none() {
            return (Counts::new(), counts);
        }
        let is_always = |key: &CountKey| {
            let index = usize::from(key.probe);
            self.engine.is_always.get(index).copied().unwrap_or(false)
        };
        counts.into_iter().partition(|(key, _)| is_always(key))
    }

    fn wait(&self, time: Duration) -> Waited {
        match self.engine.stop.recv_timeout(time) {
            Err(RecvTimeoutError::Timeout) if !self.engine.has_ended() => Waited::Through,
            Err(RecvTimeoutError::Timeout) => Waited::Stopped,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Waited::Stopped,
        }
    }
}

/// Objects allocated in a gap where the runtime's counters cannot be read: what
/// the window behind it counted, by the CPU time the target had to itself in both.
fn untraced_by_time(counted: u64, gap_ns: f64, window_ns: f64, hits_ns: f64) -> f64 {
    // Measured costs are not exact: a fiftieth was the target's own at least.
    let own_ns = (window_ns - hits_ns).max(0.02 * window_ns).max(1.0);
    counted as f64 * gap_ns / own_ns
}

fn merge(into: &mut Counts, from: Counts) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

fn objects_of(counts: &Counts) -> u64 {
    counts
        .iter()
        .filter(|(key, _)| key.size_bytes > 0 || key.flags & flags::SPAN != 0)
        .map(|(_, count)| count)
        .sum()
}

/// This thread before others: when the target keeps every CPU busy, a window that
/// closes late costs it more than this thread ever takes. Not being allowed to is
/// no error; windows then cost more of the budget and are fewer.
fn raise_priority() {
    if let Err(error) = rustix::process::setpriority_process(None, -20) {
        tracing::debug!(%error, "windows close later: no permission to raise the priority");
    }
}
