//! Traced calls and their returns out of the kernel, on a thread of their own, within the budget: probes
//! go on and off, and what was skipped meanwhile is counted.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tracer_ebpf::wire::gate;

use super::gc_watch::{self, GcWatch};
use super::prepare::Error;
use crate::attach::{self, Group, Loaded, Probes, Stop};
use crate::budget::{CpuClock, Meter, Schedule, Spent, cpus, own_cpu_ns};
use crate::collect::{CallRecord, CallRing, LostCalls, Totals};
use crate::target::Pidfd;
use crate::trace::{Collection, Gap};

/// How often the ring is drained. At the least that a call takes (half a microsecond)
/// two threads fill a third of the default ring meanwhile.
const DRAIN_PERIOD: Duration = Duration::from_millis(5);
/// The same with a budget, which may be used up any time.
const CLOSE_PERIOD: Duration = Duration::from_millis(1);

/// Calls handed on at once.
const BATCH: usize = 1024;

/// Batches handed on before anything else is seen to.
const MOST_BATCHES: usize = 16;

/// Part of a window that is the target's own at least.
const LEAST_OWN: f64 = 0.05;

/// What putting the probes on and off takes in all, more or less.
const CYCLE: Duration = Duration::from_millis(40);

/// What the pacer has to tell.
pub(super) enum Message {
    Records {
        records: Vec<CallRecord>,
        /// When others were lost, as far as has been noticed since the last: none of
        /// those lost before these is left out.
        lost_ns: Option<(u64, u64)>,
    },
    /// Nothing is traced any more for now.
    Closed,
    Gap(Gap),
    Collection(Collection),
}

/// How the pacing ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paced {
    pub length: Duration,
    pub lost: LostCalls,
    /// What hits took, of how much CPU time of the target, nanoseconds.
    pub overhead_ns: Option<(f64, f64)>,
}

/// What it takes to trace the calls of one process.
pub(super) struct Pacer {
    pub loaded: Loaded,
    pub group: Group,
    pub ring: CallRing,
    /// What hits cost; only asked with a budget.
    pub meter: Meter,
    /// `None` to trace every call.
    pub schedule: Option<Schedule>,
    pub clock: Option<CpuClock>,
    pub target: Pidfd,
    /// Where garbage collections are to be told of.
    pub gc: Option<GcWatch>,
    /// Told when the probes are on.
    pub ready: Option<oneshot::Sender<()>>,
    /// Closed when tracing is to end.
    pub stop: Receiver<()>,
    pub sender: Sender<Message>,
    /// How often calls come, as far as it has been seen.
    pub rate: Rate,
    /// Losses when it was last looked, and when that was.
    pub losses: Losses,
}

/// Records that were lost, as of a look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    count: u64,
    looked_ns: u64,
}

/// The state of affairs at one look.
#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    cpu_ns: u64,
    spent: Spent,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

/// Calls that were let in, and how much of the target's own time that took: over all
/// windows, for how often calls come goes up and down.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    calls: u64,
    own_ns: f64,
}

impl Rate {
    /// Calls to expect in so much time.
    fn expect(&self, ns: u64) -> u64 {
        (ns as f64 * self.calls as f64 / self.own_ns.max(1.0)) as u64
    }
}

/// A window in which calls are traced.
struct Window {
    /// CPU time of this thread before it.
    own_before_ns: u64,
    opened_ns: u64,
    stop: Option<Stop>,
    /// Hits that its gate had let in before.
    taken: u64,
    /// What had been counted before.
    before: Totals,
}

impl Pacer {
    /// Traces until told to stop, or until the target ends.
    pub fn run(mut self) -> Result<Paced, Error> {
        let started = Instant::now();
        let mut last = self.look(None)?;
        let start_cpu_ns = last.cpu_ns;
        loop {
            let own_before_ns = own_cpu_ns();
            let probes = match self.group.on() {
                Ok(probes) => probes,
                // It ended before its next window.
                Err(_) if self.ready.is_none() && self.has_ended() => break,
                Err(error) => return Err(error.into()),
            };
            let window = self.open(own_before_ns)?;
            let next = self.watch(&window, &mut last)?;
            let closed = self.close(&window, probes, &mut last)?;
            if next == Next::End || self.wait_for_next(&closed, &mut last)? == Next::End {
                break;
            }
        }
        let overhead_ns = self.schedule.as_ref().map(|_| {
            let cpu_ns = last.cpu_ns.saturating_sub(start_cpu_ns);
            (self.meter.total_ns(), cpu_ns as f64)
        });
        Ok(Paced {
            length: started.elapsed(),
            lost: self.ring.lost()?,
            overhead_ns,
        })
    }

    fn open(&mut self, own_before_ns: u64) -> Result<Window, Error> {
        let (mut hits, mut length) = (u64::MAX, None);
        let (hit_ns, hold_up_ns) = (self.meter.hit_ns(), self.hold_up_ns());
        if let Some(schedule) = &mut self.schedule {
            length = schedule.open(hit_ns, hold_up_ns);
            hits = schedule.hits_left(hit_ns);
        }
        let gates = self.loaded.gates();
        let opened_ns = attach::now_ns();
        let stop = length.map(|length| Stop {
            at_ns: opened_ns.saturating_add(length.ns as u64),
            hold_up_ns: length.per_hit_ns as u64,
        });
        let window = Window {
            own_before_ns,
            opened_ns,
            stop,
            taken: gates.taken(gate::WINDOW),
            before: self.ring.totals()?,
        };
        gates.open(gate::WINDOW, hits, stop);
        if let Some(ready) = self.ready.take() {
            if let Some(gc) = &mut self.gc {
                gc.begin(&self.ring);
            }
            // Nobody waits for it any more when tracing has been given up.
            let _ = ready.send(());
        }
        Ok(window)
    }

    /// Hands on what comes until the window has used up what it may.
    fn watch(&mut self, window: &Window, last: &mut Look) -> Result<Next, Error> {
        let period = match self.schedule {
            Some(_) => CLOSE_PERIOD,
            None => DRAIN_PERIOD,
        };
        loop {
            if self.wait(period) == Next::End || self.hand_on()? == Next::End {
                return Ok(Next::End);
            }
            self.account(last)?;
            let Some(schedule) = &self.schedule else {
                continue;
            };
            let gates = self.loaded.gates();
            let hits = gates.taken(gate::WINDOW) - window.taken;
            let is_late = window
                .stop
                .is_some_and(|stop| stop.after(hits) <= attach::now_ns());
            if schedule.is_used_up() || gates.is_exhausted(gate::WINDOW) || is_late {
                return Ok(Next::GoOn);
            }
            gates.allow(gate::WINDOW, schedule.hits_left(self.meter.hit_ns()));
        }
    }

    /// Shuts the gate, takes the probes off and hands on what is left in the ring.
    fn close(&mut self, window: &Window, probes: Probes, last: &mut Look) -> Result<Closed, Error> {
        let gates = self.loaded.gates();
        gates.shut(gate::WINDOW);
        let shut_ns = gates
            .exhausted_ns(gate::WINDOW)
            .unwrap_or_else(attach::now_ns);
        drop(probes);
        let off_ns = attach::now_ns();
        self.account(last)?;
        let hits = self.loaded.gates().taken(gate::WINDOW) - window.taken;
        let counted = self.ring.totals()?.since(&window.before);
        let calls = hits.saturating_sub(counted.returns);
        let open_ns = shut_ns.saturating_sub(window.opened_ns);
        while self.hand_on_some()? {}
        let collected = self.gc.as_mut().and_then(GcWatch::take_last);
        self.send_collection(collected);
        // Nobody listens any more when there have been enough.
        let _ = self.sender.blocking_send(Message::Closed);
        // While it is held up by hits it makes no calls. A little is always its own: what
        // a hit costs is not known so well.
        let held_up_ns = hits as f64 * self.hold_up_ns();
        self.rate.calls += calls;
        self.rate.own_ns += (open_ns as f64 - held_up_ns).max(open_ns as f64 * LEAST_OWN);
        if let Some(schedule) = &mut self.schedule {
            let cost_ns = own_cpu_ns().saturating_sub(window.own_before_ns);
            schedule.pay(cost_ns as f64, cpus());
            schedule.close(open_ns as f64, hits);
        }
        Ok(Closed {
            shut_ns,
            off_ns,
            turned_away: (counted.traps.saturating_sub(counted.return_traps)).saturating_sub(calls),
        })
    }

    /// Waits a random time, and says what was skipped.
    fn wait_for_next(&mut self, closed: &Closed, last: &mut Look) -> Result<Next, Error> {
        let Some(schedule) = &self.schedule else {
            return Ok(Next::GoOn);
        };
        let until = Instant::now() + schedule.gap(1.0 - fastrand::f64(), CYCLE);
        let mut next = Next::GoOn;
        while next == Next::GoOn
            && let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            next = self.wait(left.min(DRAIN_PERIOD * 4));
            self.hand_on_some()?;
            self.account(last)?;
        }
        let now_ns = attach::now_ns();
        let gap = Gap {
            from_ns: closed.shut_ns,
            length_ns: now_ns.saturating_sub(closed.shut_ns),
            counted: closed.turned_away,
            estimated: self.rate.expect(now_ns.saturating_sub(closed.off_ns)),
        };
        match self.sender.blocking_send(Message::Gap(gap)) {
            Ok(()) => Ok(next),
            Err(_) => Ok(Next::End),
        }
    }

    /// Hands on what is in the ring, but not for ever.
    fn hand_on(&mut self) -> Result<Next, Error> {
        let mut batches = 0..MOST_BATCHES;
        while batches.next().is_some() && self.hand_on_some()? {}
        if self.sender.is_closed() {
            Ok(Next::End)
        } else {
            Ok(Next::GoOn)
        }
    }

    /// Hands on some records. `false` when there were none.
    fn hand_on_some(&mut self) -> Result<bool, Error> {
        let mut records = self.ring.drain(BATCH);
        let were_some = !records.is_empty();
        // Looked for afterwards, so that what was lost before any of these is known.
        let lost_ns = match were_some {
            true => self.look_for_losses()?,
            false => None,
        };
        if let Some(gc) = &mut self.gc {
            records = gc.keep_later(records);
        }
        self.send_records(records, lost_ns);
        let collected = self.gc.as_mut().and_then(|gc| gc.take(&self.ring));
        self.send_collection(collected);
        Ok(were_some)
    }

    /// Sends a collection, and what is told of behind it.
    fn send_collection(&mut self, collected: Option<(Collection, Vec<CallRecord>)>) {
        if let Some((collection, later)) = collected {
            let _ = self.sender.blocking_send(Message::Collection(collection));
            self.send_records(later, None);
        }
    }

    fn send_records(&mut self, records: Vec<CallRecord>, lost_ns: Option<(u64, u64)>) {
        if !records.is_empty() || lost_ns.is_some() {
            // Nobody wants them any more when there have been enough: they are not lost.
            let message = Message::Records { records, lost_ns };
            let _ = self.sender.blocking_send(message);
        }
    }

    fn look_for_losses(&mut self) -> Result<Option<(u64, u64)>, Error> {
        let looked_ns = attach::now_ns();
        let count = self.ring.totals()?.lost_events;
        let before = std::mem::replace(&mut self.losses, Losses { count, looked_ns });
        Ok((count > before.count).then(|| (before.looked_ns, attach::now_ns())))
    }

    /// By how much a hit holds the target up: its threads go on on other CPUs.
    fn hold_up_ns(&self) -> f64 {
        let busy_cpus = self.schedule.as_ref().map_or(1.0, Schedule::busy_cpus);
        self.meter.hit_ns() / busy_cpus.clamp(1.0, cpus())
    }

    fn account(&mut self, last: &mut Look) -> Result<(), Error> {
        let now = self.look(Some(*last))?;
        let spent_ns = self.meter.take(now.spent.since(last.spent));
        let wall_ns = (now.at - last.at).as_nanos() as f64;
        let cpu_ns = now.cpu_ns.saturating_sub(last.cpu_ns) as f64;
        if let Some(schedule) = &mut self.schedule {
            schedule.account(wall_ns, cpu_ns, spent_ns);
        }
        *last = now;
        Ok(())
    }

    fn look(&self, last: Option<Look>) -> Result<Look, Error> {
        let totals = self.ring.totals()?;
        let cpu_ns = self.clock.as_ref().and_then(CpuClock::now_ns);
        Ok(Look {
            at: Instant::now(),
            // A target that has ended uses no more.
            cpu_ns: cpu_ns.or(last.map(|last| last.cpu_ns)).unwrap_or_default(),
            spent: Spent {
                traps: totals.traps,
                counted: self.loaded.gates().taken(gate::WINDOW),
                timed: totals.timed,
                timed_ns: totals.timed_ns,
                at_returns: totals.return_traps,
            },
        })
    }

    fn has_ended(&self) -> bool {
        self.target.has_exited().unwrap_or(true)
    }

    /// Waits, but no longer than until a garbage collection has ended.
    fn wait(&mut self, time: Duration) -> Next {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let step = match self.gc {
                Some(_) => left.min(gc_watch::PERIOD),
                None => left,
            };
            let next = match self.stop.recv_timeout(step) {
                Err(RecvTimeoutError::Timeout) if !self.has_ended() => Next::GoOn,
                _ => Next::End,
            };
            let has_noticed = (self.gc.as_mut()).is_some_and(|gc| gc.look(&self.ring));
            if next == Next::End || has_noticed || until <= Instant::now() {
                return next;
            }
        }
    }
}

/// A window that is over.
struct Closed {
    /// When calls ceased to be traced.
    shut_ns: u64,
    /// When its probes were off.
    off_ns: u64,
    /// Calls in between.
    turned_away: u64,
}
