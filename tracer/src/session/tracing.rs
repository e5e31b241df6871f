//! One target being traced: the thread that does it, and how to talk to it.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tracer_ebpf::wire::gate;

use super::config::Config;
use super::counting::CounterSource;
use super::cuts::{CutLog, Epoch};
use super::engine::{Engine, Finished, Order};
use super::exits::ExitWatch;
use super::prepare::{self, Error, Prepared};
use super::so_far::SoFar;
use crate::attach::Loaded;
use crate::budget::{self, CpuClock, HitCost, MaxOverhead, Meter, Schedule};
use crate::collect::{Collector, Totals};
use crate::target::Pidfd;

/// A target that is being traced.
pub(super) struct Tracing {
    thread: JoinHandle<Result<Finished, Error>>,
    /// What is traced.
    pub prepared: Arc<Prepared>,
    /// Dropped to end it.
    orders: Option<Sender<Order>>,
    /// Told when the first window is open; an error when it will never be.
    pub ready: Option<oneshot::Receiver<()>>,
    progress: Arc<Mutex<Totals>>,
}

/// A target that was traced.
pub(super) struct Traced {
    pub prepared: Arc<Prepared>,
    pub finished: Finished,
}

impl Tracing {
    /// Loads the programs and begins. Returns at once; what goes wrong is said by
    /// [`Tracing::finish`].
    pub fn start(prepared: Prepared, config: &Config, epoch: &Epoch) -> Self {
        Self::start_live(prepared, config, epoch, None)
    }

    /// The same, and what there is so far goes to `so_far` each time that is asked for.
    pub fn start_live(
        prepared: Prepared,
        config: &Config,
        epoch: &Epoch,
        so_far: Option<Sender<SoFar>>,
    ) -> Self {
        let prepared = Arc::new(prepared);
        let of_thread = Arc::clone(&prepared);
        let (orders, ordered) = mpsc::channel();
        let (ready_sender, ready) = oneshot::channel();
        let progress = Arc::new(Mutex::new(Totals::default()));
        let shared = Arc::clone(&progress);
        let config = config.clone();
        let epoch = epoch.clone();
        let thread = std::thread::spawn(move || {
            let prepared = of_thread;
            let mut loaded = prepare::load(&prepared, &config)?;
            let mut logger = loaded.logger();
            let cost = budget::calibrate(&mut loaded)?;
            let sites = prepare::sites(&prepared.plan);
            let groups = loaded.groups(&prepared.exe_file, &sites, prepared.scope)?;
            let mut collector = Collector::new(
                &mut |name| loaded.take_map(name),
                Box::new(super::types::type_reader()),
            )?;
            collector.discard()?;
            if config.cuts.is_some() {
                collector.keep_cuts();
            }
            let clock = prepared.pid().and_then(|pid| CpuClock::of(pid).ok());
            let engine = Engine {
                groups,
                collector,
                meter: Meter::new(cost),
                schedule: schedule(&prepared, &config),
                clock,
                target: prepared.pid().and_then(|pid| Pidfd::open(pid).ok()),
                counters: counters(&prepared, &mut loaded),
                cuts: config.cuts.map(|at| CutLog::new(at, epoch)),
                is_always: sites
                    .iter()
                    .map(|site| site.spec.gate == gate::ALWAYS)
                    .collect(),
                ready: Some(ready_sender),
                orders: ordered,
                so_far,
                progress: shared,
                loaded,
            };
            let finished = engine.run()?;
            if let Some(logger) = &mut logger {
                logger.flush();
            }
            Ok(finished)
        });
        Self {
            thread,
            prepared,
            orders: Some(orders),
            ready: Some(ready),
            progress,
        }
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is asked for what there is so far. It ends when this is dropped.
    pub fn take_orders(&mut self) -> Option<Sender<Order>> {
        self.orders.take()
    }

    /// Ends it and waits for what it has.
    pub fn finish(self) -> Result<Traced, Error> {
        drop(self.orders);
        let finished = self.thread.join().unwrap_or_else(|panic| {
            // Not ours to hide.
            std::panic::resume_unwind(panic)
        })?;
        Ok(Traced {
            prepared: self.prepared,
            finished,
        })
    }
}

/// The budget, where there is one: a bound, and a process to keep it for.
fn schedule(prepared: &Prepared, config: &Config) -> Option<Schedule> {
    prepared.pid()?;
    match config.max_overhead {
        MaxOverhead::Percent(percent) => Some(Schedule::new(percent)),
        MaxOverhead::None => None,
    }
}

fn counters(prepared: &Prepared, loaded: &mut Loaded) -> Option<CounterSource> {
    let pid = prepared.pid()?;
    let from_zero = prepared.process.is_none();
    let exit = ExitWatch::start(loaded, prepared);
    let binary = Arc::clone(&prepared.binary);
    Some(CounterSource::new(pid, binary, from_zero, exit))
}

/// What a hit costs on this machine.
///
/// # Errors
/// The programs cannot be loaded or attached.
pub fn measure_hit_cost() -> Result<HitCost, Error> {
    let mut loaded = Loaded::load(&crate::attach::Options::default())?;
    Ok(budget::calibrate(&mut loaded)?)
}
