//! One window after the other: probes on, gates open until the allowance is spent,
//! probes off, counts taken, a random wait.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use tracer_ebpf::wire::{CountKey, flags, gate};

use super::engine::{Run, Waited};
use super::prepare::Error;
use crate::attach::Probes;
use crate::budget::{CpuClock, Spent};
use crate::collect::Counts;

/// How often the ring is drained, and a window that is far from its end looked
/// at. At 5 ms the default ring has room for 3 million stacks a second.
const CALM_PERIOD: Duration = Duration::from_millis(5);

/// How often a window is looked at that may be used up any time.
const CLOSE_PERIOD: Duration = Duration::from_millis(1);

/// How often the runtime's counters are read while nothing is traced: should the
/// target end, so much of them is missed at most. In a long recording that is this
/// part of it, one in so many.
const COUNTERS_PERIOD: Duration = Duration::from_millis(20);
const COUNTERS_PART: u32 = 200;

/// They take longer to read the more Ps there are. This many times that long passes
/// at least until they are read again.
const COUNTERS_REST: u32 = 400;

/// Share of the budget that large objects may take, which are traced all the
/// time. If they take more they are traced in windows like the others.
const MOST_FOR_LARGE: f64 = 0.5;

/// What putting the probes on and off takes in all, more or less.
const CYCLE: Duration = Duration::from_millis(60);

/// A window that is open.
pub(super) struct Open {
    pub probes: Vec<Probes>,
    pub at: Instant,
    pub cpu_ns: u64,
    pub spent: Spent,
    /// CPU time that opening it took here.
    pub own_ns: u64,
}

impl Run {
    /// Puts the probes on and opens the gates.
    pub(super) fn open_window(&mut self) -> Result<Open, Error> {
        let own_before_ns = Self::own_cpu_ns();
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
        let hit_ns = self.engine.meter.hit_ns();
        let mut hits = u64::MAX;
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.open();
            hits = schedule.hits_left(hit_ns);
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
            own_ns: Self::own_cpu_ns() - own_before_ns,
        })
    }

    /// Waits until the window has used up what it may.
    pub(super) fn watch_window(&mut self) -> Result<Waited, Error> {
        let mut period = CLOSE_PERIOD;
        loop {
            if self.wait(period) == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            self.drain();
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
            let left = schedule.hits_left(self.engine.meter.hit_ns());
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
    pub(super) fn close_window(&mut self, window: Open) -> Result<(), Error> {
        let own_before_ns = Self::own_cpu_ns();
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
        let hits = closed.spent.since(window.spent);
        let cpu_ns = closed.cpu_ns.saturating_sub(window.cpu_ns);
        self.by_time
            .add_window(counted, cpu_ns as f64, self.engine.meter.of(hits));
        let untraced = self.untraced_until(window.cpu_ns, counters.as_ref(), counted);
        self.all.add_window(counts, untraced);
        if counters.is_some() {
            self.window_counters = counters;
        }
        self.window_cpu_ns = closed.cpu_ns;
        let late = self.last.spent.since(closed.spent);
        tracing::debug!(
            open = ?(closed.at - window.at),
            off = ?(self.last.at - closed.at),
            counted,
            traps = hits.traps,
            traps_late = late.traps,
            hit_ns = self.engine.meter.hit_ns(),
            cpu_ms = cpu_ns / 1_000_000,
            untraced,
            "window"
        );
        self.reconsider_large();
        let own_ns = window.own_ns + Self::own_cpu_ns() - own_before_ns;
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.pay(own_ns as f64, self.cpus);
        }
        Ok(())
    }

    /// CPU time of this thread.
    fn own_cpu_ns() -> u64 {
        CpuClock::of_the_asking_thread()
            .now_ns()
            .unwrap_or_default()
    }

    /// Waits a random time, reading the runtime's counters now and then.
    pub(super) fn wait_for_next(&mut self) -> Result<Waited, Error> {
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
            let period = COUNTERS_PERIOD
                .max(self.counters_took * COUNTERS_REST)
                .max(self.started.elapsed() / COUNTERS_PART);
            if self.wait(left.min(period)) == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            if left > period {
                let started = Instant::now();
                let _ = self.read_counters();
                self.counters_took = started.elapsed();
            }
            self.drain();
            self.account()?;
        }
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
        let spent_ns = self.engine.meter.hit_ns() * hits as f64;
        let used_ns = self.last.cpu_ns.saturating_sub(start) as f64;
        if spent_ns > MOST_FOR_LARGE * schedule.share() * used_ns && hits > 1000 {
            self.engine.loaded.gates().shut(gate::ALWAYS);
            drop(self.always.take());
        }
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
