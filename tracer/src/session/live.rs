//! A recording that can be looked at while it goes on.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::assemble::Assembler;
use super::config::Config;
use super::cuts::Epoch;
use super::engine::{Finished, Order};
use super::prepare::{self, Error};
use super::record::unix_time_ns;
use super::so_far::SoFar;
use super::tracing::Tracing;
use crate::budget::own_cpu_ns;
use crate::profile::Profile;

/// A recording as it stands.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All of it, from its start until [`Profile::duration_ns`] later.
    pub profile: Profile,
    /// What hits took of the CPU time that the target used without them; `None` where
    /// that is not known.
    pub overhead: Option<f64>,
    /// CPU time that this snapshot took.
    pub cost: Duration,
    /// Whether the recording is over: its target has ended, or it was told to.
    pub is_last: bool,
}

/// A recording of one process that goes on until it is dropped or finished, or until the
/// process ends.
#[derive(Debug)]
pub struct Live {
    /// Dropped to end it.
    orders: Option<Sender<Order>>,
    snapshots: Receiver<Result<Snapshot, Error>>,
}

impl Live {
    /// Begins to record a process; returns when the probes are on. How long and what else
    /// is up to the caller: of `config` only the ways to trace count.
    ///
    /// # Errors
    ///
    /// The process cannot be had, read, planned for or attached to.
    pub fn start(pid: u32, config: &Config) -> Result<Self, Error> {
        let prepared = prepare::process(pid, config)?;
        let (sender, so_far) = mpsc::channel();
        let start_unix_ns = unix_time_ns();
        let mut tracing = Tracing::start_live(prepared, config, &Epoch::default(), Some(sender));
        let is_ready = match tracing.ready.take() {
            Some(ready) => ready.blocking_recv().is_ok(),
            None => false,
        };
        if !is_ready {
            // It says itself why there will be no window.
            tracing.finish()?;
            return Err(Error::Wait(std::io::Error::other("the tracing ended")));
        }
        let orders = tracing.take_orders();
        let (sender, snapshots) = mpsc::channel();
        std::thread::spawn(move || assemble(tracing, so_far, &sender, start_unix_ns));
        Ok(Self { orders, snapshots })
    }

    /// Asks for a snapshot. It comes as soon as nothing is held up by it: with a bound,
    /// when no window is open.
    pub fn ask(&self) {
        if let Some(orders) = &self.orders {
            // It may have ended by itself; then the last snapshot is on its way.
            let _ = orders.send(Order::HandOver);
        }
    }

    /// The next snapshot, if it comes in time. After the last none does.
    ///
    /// # Errors
    ///
    /// The recording failed.
    pub fn next(&self, time: Duration) -> Result<Option<Snapshot>, Error> {
        match self.snapshots.recv_timeout(time) {
            Ok(snapshot) => snapshot.map(Some),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    /// Ends the recording. Returns all of it, unless [`Live::next`] already did.
    ///
    /// # Errors
    ///
    /// The recording failed.
    pub fn finish(mut self) -> Result<Option<Snapshot>, Error> {
        drop(self.orders.take());
        let mut last = None;
        for snapshot in self.snapshots {
            last = Some(snapshot?);
        }
        Ok(last)
    }
}

/// Makes snapshots of what the tracing hands over, until it ends.
fn assemble(
    tracing: Tracing,
    handed_over: Receiver<SoFar>,
    snapshots: &Sender<Result<Snapshot, Error>>,
    start_unix_ns: i64,
) {
    let prepared = Arc::clone(&tracing.prepared);
    let mut assembler = Assembler::new(&prepared);
    let mut snapshot = |finished: Finished, cost, is_last| {
        let before_ns = own_cpu_ns();
        let overhead = finished.overhead.and_then(|(hits_ns, cpu_ns)| {
            let own_ns = cpu_ns - hits_ns;
            (own_ns > 0.0).then(|| hits_ns / own_ns)
        });
        let mut profile = assembler.assemble(finished).0;
        profile.start_unix_ns = start_unix_ns;
        Snapshot {
            profile,
            overhead,
            cost: cost + Duration::from_nanos(own_cpu_ns() - before_ns),
            is_last,
        }
    };
    // Nobody may listen any more; the tracing ends all the same.
    for SoFar { finished, cost } in handed_over {
        let _ = snapshots.send(Ok(snapshot(finished, cost, false)));
    }
    let last = tracing
        .finish()
        .map(|traced| snapshot(traced.finished, Duration::ZERO, true));
    let _ = snapshots.send(last);
}
