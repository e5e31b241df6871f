//! One window after the other: probes on, gates open as long as the budget says,
//! probes off, counts taken, a random wait.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use tracer_ebpf::wire::{CountKey, gate};

use super::counting::CounterSource;
use super::engine::{Order, Run, Waited};
use super::prepare::Error;
use crate::attach::{self, Probes, Stop};
use crate::budget::{Schedule, Spent, own_cpu_ns};
use crate::collect::{Counts, CpuCounts, regardless_of_cpu};
use crate::counters::Counters;
use crate::estimate::{Accumulator, ByKind, Gap, Window};

/// How often the ring is drained, and a window that is far from its end looked
/// at. At 5 ms the default ring has room for 3 million stacks a second.
const CALM_PERIOD: Duration = Duration::from_millis(5);

/// How often a window is looked at that may be used up any time.
const CLOSE_PERIOD: Duration = Duration::from_millis(1);

/// How often the runtime's counters are read while nothing is traced: should the
/// target be killed, so much of them is missed. In a long recording that is this
/// part of it, one in so many.
const COUNTERS_PERIOD: Duration = Duration::from_millis(20);
const COUNTERS_PART: u32 = 500;

/// They take longer to read the more Ps there are. This many times that long passes
/// at least until they are read again: a quarter of a percent of a CPU.
const COUNTERS_REST: u32 = 400;

/// Share of the budget that large objects may take, which are traced all the
/// time. If they take more they are traced in windows like the others.
const MOST_FOR_LARGE: f64 = 0.5;

/// What putting the probes on and off takes in all, more or less.
const CYCLE: Duration = Duration::from_millis(60);

/// A window that is open.
pub(super) struct Open {
    pub probes: Vec<Probes>,
    /// When its gate opened, by [`attach::now_ns`].
    pub opened_ns: u64,
    /// When it is over, at the latest.
    pub stop: Option<Stop>,
    /// Hits before.
    pub spent: Spent,
    /// Hits that its gate had let in before.
    pub taken: u64,
    /// CPU time that opening it took here.
    pub cost_ns: u64,
}

impl Open {
    /// How long it may last if no more hits come.
    fn time_left(&self, taken: u64) -> Duration {
        self.stop.map_or(Duration::MAX, |stop| {
            let at_ns = stop.after(taken - self.taken);
            Duration::from_nanos(at_ns.saturating_sub(attach::now_ns()))
        })
    }

    /// How long hits counted, of which there were so many, if that was noticed to be
    /// over at `end_ns`.
    pub fn open_ns(&self, end_ns: u64, hits: u64) -> u64 {
        let stop_ns = self.stop.map_or(u64::MAX, |stop| stop.after(hits));
        end_ns.min(stop_ns).saturating_sub(self.opened_ns)
    }
}

/// What was seen in a window, and the time since the one before.
pub(super) struct Seen {
    /// By probes that are on all the time.
    always: Counts,
    window: Window,
    /// Objects in the window.
    counted: ByKind,
    gap: Gap,
}

impl Seen {
    pub fn add_to(self, all: &mut Accumulator) {
        all.add_exact(self.always);
        all.add_window(&self.window, self.gap);
    }
}

impl Run {
    /// Puts the probes on and opens the gates.
    pub(super) fn open_window(&mut self) -> Result<Open, Error> {
        let own_before_ns = own_cpu_ns();
        let mut probes = vec![self.engine.groups.window.on()?];
        let is_first = self.engine.ready.is_some();
        if self.always.is_none() && !self.engine.groups.always.is_empty() {
            probes.push(self.engine.groups.always.on()?);
        }
        self.account()?;
        if is_first {
            self.start_cpu_ns = self.engine.cpu_ns();
            let counters = self.engine.counters.as_mut();
            self.start_counters = counters.and_then(CounterSource::read_first);
            self.window_counters.clone_from(&self.start_counters);
            self.begin_cuts();
            self.window_end_ns = attach::now_ns();
            self.started = Instant::now();
            self.engine
                .loaded
                .gates()
                .open(gate::ALWAYS, u64::MAX, None);
        }
        let hit_ns = self.engine.meter.hit_ns();
        let hold_up_ns = self.hold_up_ns();
        let (mut hits, mut length) = (u64::MAX, None);
        if let Some(schedule) = &mut self.engine.schedule {
            length = schedule.open(hit_ns, hold_up_ns);
            hits = schedule.hits_left(hit_ns);
        }
        let gates = self.engine.loaded.gates();
        if self.always.is_none() {
            gates.open(gate::ALWAYS, hits, None);
        }
        let taken = gates.taken(gate::WINDOW);
        let opened_ns = attach::now_ns();
        let stop = length.map(|length| Stop {
            at_ns: opened_ns.saturating_add(length.ns as u64),
            hold_up_ns: length.per_hit_ns as u64,
        });
        gates.open(gate::WINDOW, hits, stop);
        if let Some(ready) = self.engine.ready.take() {
            // Nobody waits for it any more when the recording has been given up.
            let _ = ready.send(());
        }
        Ok(Open {
            probes,
            opened_ns,
            stop,
            spent: self.last.spent,
            taken,
            cost_ns: own_cpu_ns() - own_before_ns,
        })
    }

    /// By how much a hit holds the target up: its threads go on on other CPUs.
    fn hold_up_ns(&self) -> f64 {
        let schedule = self.engine.schedule.as_ref();
        let busy_cpus = schedule.map_or(1.0, Schedule::busy_cpus);
        self.engine.meter.hit_ns() / busy_cpus.clamp(1.0, self.cpus)
    }

    /// Waits until the window has used up what it may.
    pub(super) fn watch_window(&mut self, window: &Open) -> Result<Waited, Error> {
        let mut period = CLOSE_PERIOD;
        loop {
            if self.wait(period)? == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            self.drain();
            let before = self.last.spent.counted;
            self.account()?;
            if window.stop.is_none() {
                self.answer(Some(window))?;
            }
            let came = self.last.spent.counted - before;
            if period == CALM_PERIOD
                && let Some(counters) = &mut self.engine.counters
            {
                counters.read_once();
            }
            let gates = self.engine.loaded.gates();
            let Some(schedule) = &self.engine.schedule else {
                period = CALM_PERIOD;
                continue;
            };
            let time_left = window.time_left(gates.taken(gate::WINDOW));
            if schedule.is_used_up() || gates.is_exhausted(gate::WINDOW) || time_left.is_zero() {
                return Ok(Waited::Through);
            }
            let left = schedule.hits_left(self.engine.meter.hit_ns());
            gates.allow(gate::WINDOW, left);
            // Far from its end it need not be looked at so often.
            period = if came.saturating_mul(20) < left {
                CALM_PERIOD.min(time_left.max(CLOSE_PERIOD))
            } else {
                CLOSE_PERIOD
            };
        }
    }

    /// Shuts the gates, takes the probes off and what they counted.
    pub(super) fn close_window(&mut self, mut window: Open) -> Result<(), Error> {
        let own_before_ns = own_cpu_ns();
        let gates = self.engine.loaded.gates();
        gates.shut(gate::WINDOW);
        let shut_ns = attach::now_ns();
        let end_ns = gates.exhausted_ns(gate::WINDOW).unwrap_or(shut_ns);
        self.sampled |= gates.is_exhausted(gate::WINDOW);
        if self.always.is_none() {
            gates.shut(gate::ALWAYS);
        }
        // Until the probes are off every hit costs a trap: nothing else comes first.
        let closed = self.look()?.0;
        drop(std::mem::take(&mut window.probes));
        self.account()?;
        let counters = self.read_counters();
        let is_one_of_many = self.engine.schedule.is_some();
        let counts = self.engine.collector.take(is_one_of_many)?;
        let kept = match self.always {
            Some(_) => Counts::new(),
            None => self.engine.collector.take_kept()?,
        };
        let hits = self.engine.loaded.gates().taken(gate::WINDOW) - window.taken;
        let open_ns = window.open_ns(end_ns, hits);
        let seen = self.seen(&window, (counts, kept), open_ns, counters.as_ref());
        tracing::debug!(
            open = ?Duration::from_nanos(open_ns),
            stop = ?window.stop,
            off = ?(self.last.at - closed.at),
            counted = seen.counted.all(),
            traps = closed.spent.since(window.spent).traps,
            traps_late = self.last.spent.since(closed.spent).traps,
            hit_ns = self.engine.meter.hit_ns(),
            gap = ?seen.gap,
            "window"
        );
        seen.add_to(&mut self.all);
        if counters.is_some() {
            self.window_counters = counters;
        }
        self.window_end_ns = window.opened_ns + open_ns;
        self.traced += Duration::from_nanos(open_ns);
        self.reconsider_large();
        let cost_ns = window.cost_ns + own_cpu_ns() - own_before_ns;
        if let Some(schedule) = &mut self.engine.schedule {
            schedule.pay(cost_ns as f64, self.cpus);
            schedule.close(open_ns as f64, hits);
        }
        Ok(())
    }

    /// What was seen in a window that has been open for `open_ns`, in the tables of probes
    /// that go on and off and of those that are mostly on all the time.
    pub(super) fn seen(
        &self,
        window: &Open,
        (mut counts, kept): (CpuCounts, Counts),
        open_ns: u64,
        counters: Option<&Counters>,
    ) -> Seen {
        for (key, count) in kept {
            *counts.entry((key, None)).or_default() += count;
        }
        let (always, counts) = self.split(counts);
        let counted =
            ByKind::of_counts(counts.iter().map(|((key, _), count)| (key, *count as f64)));
        let gap = Gap {
            ns: window.opened_ns.saturating_sub(self.window_end_ns) as f64,
            objects: self.untraced_until(counters, &counted),
        };
        Seen {
            always: regardless_of_cpu(&always),
            counted,
            gap,
            window: Window {
                counts,
                open_ns: open_ns as f64,
                hit_ns: self.engine.meter.hit_ns(),
            },
        }
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
            self.answer(None)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Waited::Through);
            }
            let period = COUNTERS_PERIOD
                .max(self.counters_took * COUNTERS_REST)
                .max(self.started.elapsed() / COUNTERS_PART);
            if self.wait(left.min(period))? == Waited::Stopped {
                return Ok(Waited::Stopped);
            }
            if left > period {
                let before_ns = own_cpu_ns();
                let _ = self.read_counters();
                self.counters_took = Duration::from_nanos(own_cpu_ns() - before_ns);
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
    fn split(&self, counts: CpuCounts) -> (CpuCounts, CpuCounts) {
        if self.always.is_none() {
            return (CpuCounts::new(), counts);
        }
        let is_always = |key: &CountKey| {
            let index = usize::from(key.probe);
            self.engine.is_always.get(index).copied().unwrap_or(false)
        };
        counts.into_iter().partition(|((key, _), _)| is_always(key))
    }

    /// Waits, and cuts the recording meanwhile where that is due; no longer than until
    /// there is an order.
    fn wait(&mut self, time: Duration) -> Result<Waited, Error> {
        let until = Instant::now() + time;
        let mut asked = false;
        loop {
            let mut left = until.saturating_duration_since(Instant::now());
            if let Some(cuts) = &self.engine.cuts {
                left = left.min(cuts.calm());
            }
            let ended = match self.engine.orders.recv_timeout(left) {
                Err(RecvTimeoutError::Timeout) => self.engine.has_ended(),
                Ok(Order::HandOver) => {
                    (self.is_asked, asked) = (true, true);
                    self.engine.has_ended()
                }
                Err(RecvTimeoutError::Disconnected) => true,
            };
            self.cut()?;
            if ended {
                return Ok(Waited::Stopped);
            }
            if asked || Instant::now() >= until {
                return Ok(Waited::Through);
            }
        }
    }
}
