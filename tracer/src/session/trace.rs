//! Tracing the calls of one process, as they happen.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc as async_mpsc, oneshot};
use tracer_ebpf::wire::{self, MAX_FRAMES, SHORT_STACK_FRAMES};

use super::gc_watch::GcWatch;
use super::pacer::{Losses, Message, Paced, Pacer, Rate};
use super::prepare::Error;
use super::record::unix_time_ns;
use super::signals::Signals;
use crate::addr::LoadBias;
use crate::attach::{self, Loaded, Mechanism, Options, Scope};
use crate::budget::{self, CpuClock, HitCost, MaxOverhead, Meter, Schedule};
use crate::collect::CallRing;
use crate::golang::GoBinary;
use crate::plan::Executable as _;
use crate::target::Process;
use crate::trace::{
    AllocationTally, Collected, Collection, End, Event, Follower, Gap, Outcome, Resolver,
    Selection, Start,
};

/// Batches of calls that wait to be written, at most: then the ring fills up.
const WAITING_BATCHES: usize = 256;

/// Frames between a traced function and the code that called for it: the runtime's own.
/// They are walked beyond those that are asked for.
const RUNTIME_FRAMES: usize = 8;

/// After so long without a message what is held back is looked at.
const IDLE: Duration = Duration::from_millis(250);

/// What to trace, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceConfig {
    /// The process.
    pub pid: u32,
    /// Patterns of function names; none for the allocator.
    pub patterns: Vec<String>,
    /// How many calls; without it any number.
    pub limit: Option<u64>,
    /// How long; without it until interrupted or until the target ends.
    pub duration: Option<Duration>,
    /// Frames of the stack of each call.
    pub stack_frames: usize,
    /// Whether what calls return is shown.
    pub returns: bool,
    /// What tracing may cost the target.
    pub max_overhead: MaxOverhead,
    /// Whether garbage collections are told of.
    pub gc: bool,
    /// Ring buffer, bytes: a power of two of at least a page.
    pub ring_bytes: u32,
}

/// Whether more events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Yes.
    GoOn,
    /// No: nobody reads them any more.
    Stop,
}

/// Takes what is traced.
pub trait TraceSink {
    /// The probes are on.
    fn started(&mut self, start: &Start) -> Flow;
    /// A call was made.
    fn call(&mut self, event: &Event) -> Flow;
    /// A garbage collection has ended.
    fn collected(&mut self, collected: &Collected) -> Flow;
    /// Calls were skipped.
    fn skipped(&mut self, gap: &Gap) -> Flow;
    /// There is nothing more for now: show what there is.
    fn pause(&mut self) -> Flow;
}

/// Traces until there have been enough calls, the time is up, the target has ended, or a
/// signal to interrupt, terminate or hang up arrives.
///
/// # Errors
///
/// The target cannot be had, read or attached to, or has no such function.
pub async fn trace(config: &TraceConfig, sink: &mut dyn TraceSink) -> Result<End, Error> {
    let mut signals = Signals::catch().map_err(Error::Wait)?;
    let process = Process::open(config.pid)?;
    let exe = process.exe().path.display().to_string();
    let exe_file = process.exe_file();
    let binary = GoBinary::open(&exe_file).map_err(|source| Error::Binary {
        path: exe.clone(),
        source,
    })?;
    let mut selection = Selection::new(&binary, binary.version(), &config.patterns)?;
    let kernel_config = kernel_config(config, &binary);
    if kernel_config.g_stack_hi != 0 {
        selection = selection.with_returns(&binary)?;
    }
    let bias = load_bias(&process, &binary, &exe)?;
    let gc = match config.gc {
        true => Some(GcWatch::start(&process, bias, &binary)?),
        false => None,
    };
    let tally = AllocationTally::of(match config.gc {
        true => selection.allocating(&binary, binary.version(), &config.patterns),
        false => Vec::new(),
    });
    let mut warnings = warnings(config, &selection, &binary);
    if let Some(gc) = &gc {
        warnings.extend(gc_warnings(gc, &tally));
    }
    let memory = process.memory()?;
    let resolver = Resolver::new(
        &binary,
        &selection,
        bias,
        config.stack_frames,
        Box::new(move |at, buffer| memory.read_exact_at(at, buffer)),
    );
    let mut follower = Follower::new(resolver, &selection);
    let (stop, stopped) = mpsc::channel();
    let (sender, mut receiver) = async_mpsc::channel(WAITING_BATCHES);
    let (ready_sender, ready) = oneshot::channel();
    let thread = {
        let config = config.clone();
        let most_frames = (config.stack_frames + RUNTIME_FRAMES).min(MAX_FRAMES);
        let sites = selection.sites(most_frames > SHORT_STACK_FRAMES);
        let target = process.pidfd().try_clone().map_err(Error::Wait)?;
        std::thread::spawn(move || {
            let (mut loaded, meter) = load(&config, kernel_config)?;
            loaded.gates().walk(most_frames as u64);
            let scope = NonZeroU32::new(config.pid).map_or(Scope::EveryProcess, Scope::Process);
            let groups = loaded.groups(&exe_file, &sites, scope)?;
            let ring = CallRing::new(&mut |name| loaded.take_map(name))?;
            let pacer = Pacer {
                loaded,
                group: groups.window,
                ring,
                meter,
                schedule: match config.max_overhead {
                    MaxOverhead::Percent(percent) => Some(Schedule::new(percent)),
                    MaxOverhead::None => None,
                },
                clock: CpuClock::of(config.pid).ok(),
                target,
                gc,
                ready: Some(ready_sender),
                stop: stopped,
                sender,
                rate: Rate::default(),
                losses: Losses::default(),
            };
            pacer.run()
        })
    };
    if ready.await.is_err() {
        // It says itself why the probes will never be on.
        join(thread)?;
        return Err(Error::Wait(std::io::Error::other("the tracing ended")));
    }
    let flow = sink.started(&Start {
        pid: config.pid,
        exe,
        go_version: binary.version().to_string(),
        functions: selection
            .functions
            .iter()
            .map(|function| function.name.clone())
            .collect(),
        warnings,
        clocks_ns: (attach::now_ns(), unix_time_ns()),
    });
    let time_is_up = async {
        match config.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(time_is_up);
    let mut shown = Shown {
        limit: config.limit.unwrap_or(u64::MAX),
        end: End::default(),
        flow,
        tally,
        collections: VecDeque::new(),
    };
    let mut stop = Some(stop);
    while shown.wants_more() {
        let message = tokio::select! {
            message = receiver.recv() => message,
            () = tokio::time::sleep(IDLE), if !follower.is_empty() => {
                follower.give_up(attach::now_ns());
                shown.show(&mut follower, sink);
                shown.pause(sink);
                continue;
            }
            () = &mut time_is_up, if stop.is_some() => { stop = None; continue; }
            _ = signals.interrupt.recv() => { stop = None; continue; }
            _ = signals.terminate.recv() => { stop = None; continue; }
            _ = signals.hang_up.recv() => { stop = None; continue; }
        };
        match message {
            None => {
                follower.stop_watching();
                shown.show(&mut follower, sink);
                break;
            }
            Some(Message::Gap(gap)) => shown.skipped(&gap, sink),
            Some(Message::Closed) => follower.stop_watching(),
            Some(Message::Collection(collection)) => shown.collections.push_back(collection),
            Some(Message::Records { records, lost_ns }) => {
                follower.take(&records, lost_ns);
            }
        }
        shown.show(&mut follower, sink);
        if receiver.is_empty() {
            shown.pause(sink);
        }
    }
    // What is left is not wanted: the pacer notices.
    receiver.close();
    drop(receiver);
    drop(stop);
    let paced = join(thread)?;
    let mut end = shown.end;
    end.length_ns = u64::try_from(paced.length.as_nanos()).unwrap_or(u64::MAX);
    (end.lost, end.lost_returns) = (paced.lost.calls, paced.lost.returns);
    end.overhead_ns = paced.overhead_ns;
    Ok(end)
}

/// What has been shown, and whether more is wanted.
struct Shown {
    limit: u64,
    end: End,
    flow: Flow,
    /// Who allocated since the last collection, of the calls that were shown.
    tally: AllocationTally,
    /// Collections that wait for the calls before them.
    collections: VecDeque<Collection>,
}

impl Shown {
    fn wants_more(&self) -> bool {
        self.flow == Flow::GoOn && self.end.shown < self.limit
    }

    /// Shows the calls whose end is known, and collections behind the calls before them.
    fn show(&mut self, follower: &mut Follower<'_>, sink: &mut dyn TraceSink) {
        while self.wants_more()
            && let Some(event) = follower.next_event()
        {
            self.show_collections(event.time_ns, sink);
            if !self.wants_more() {
                return;
            }
            self.end.shown += 1;
            if matches!(event.outcome, Outcome::Running | Outcome::Unseen) {
                self.end.unseen += 1;
            }
            self.tally.add(&event);
            self.flow = sink.call(&event);
        }
        if follower.is_empty() {
            self.show_collections(u64::MAX, sink);
        }
    }

    /// Shows the collections that were noticed before a time, by the monotonic clock.
    fn show_collections(&mut self, before_ns: u64, sink: &mut dyn TraceSink) {
        while self.flow == Flow::GoOn
            && let Some(collection) = self
                .collections
                .pop_front_if(|it| it.noticed_ns < before_ns)
        {
            self.flow = sink.collected(&self.tally.collected(collection));
        }
    }

    fn skipped(&mut self, gap: &Gap, sink: &mut dyn TraceSink) {
        self.end.skipped.add(gap);
        self.flow = sink.skipped(gap);
    }

    fn pause(&mut self, sink: &mut dyn TraceSink) {
        if self.flow == Flow::GoOn {
            self.flow = sink.pause();
        }
    }
}

fn join(thread: JoinHandle<Result<Paced, Error>>) -> Result<Paced, Error> {
    thread.join().unwrap_or_else(|panic| {
        // Not ours to hide.
        std::panic::resume_unwind(panic)
    })
}

fn warnings(config: &TraceConfig, selection: &Selection, binary: &GoBinary) -> Vec<String> {
    let mut warnings = selection.warnings.clone();
    if config.returns && kernel_config(config, binary).g_stack_hi == 0 {
        warnings.push(
            "returns unknown: this Go release keeps the bounds of its stacks in an unknown place"
                .to_owned(),
        );
    }
    if binary.config().g_goid == 0 {
        warnings.push(
            "goroutines unknown: this Go release keeps their numbers in an unknown place"
                .to_owned(),
        );
    }
    warnings
}

fn gc_warnings(gc: &GcWatch, tally: &AllocationTally) -> Vec<String> {
    let heap = gc.no_heap_sizes();
    let mut warnings: Vec<String> = heap
        .map(|reason| format!("the heap before and after collections is unknown: {reason}"))
        .into_iter()
        .collect();
    if tally.is_of_nothing() {
        warnings.push(
            "no allocator function is traced, so there is no telling who allocated between \
             collections: leave out --func"
                .to_owned(),
        );
    }
    warnings
}

fn load_bias(process: &Process, binary: &GoBinary, exe: &str) -> Result<LoadBias, Error> {
    let maps = process.maps()?;
    maps.exe(process)
        .and_then(|file| file.load_bias(|offset, start| binary.load_bias(offset, start)))
        .ok_or_else(|| Error::NotMapped {
            path: exe.to_owned(),
            pid: process.pid(),
        })
}

/// What the programs must know of the target. Calls are joined with their returns only if
/// that is wanted: it takes a further read of memory.
fn kernel_config(config: &TraceConfig, binary: &GoBinary) -> wire::Config {
    let layout = binary.runtime_layout().filter(|_| config.returns);
    wire::Config {
        pid: config.pid,
        g_stack_hi: layout.map_or(0, |it| it.g_stack_hi),
        ..binary.config()
    }
}

/// Loads the programs. With a budget what a hit costs is measured too.
fn load(config: &TraceConfig, kernel: wire::Config) -> Result<(Loaded, Meter), Error> {
    let mut loaded = Loaded::load(&Options {
        ring_bytes: config.ring_bytes,
        mechanism: Mechanism::of_this_kernel(),
        config: kernel,
        ..Options::default()
    })?;
    let meter = match config.max_overhead {
        MaxOverhead::None => Meter::new(HitCost::default()),
        MaxOverhead::Percent(_) => {
            let meter = Meter::new(budget::calibrate(&mut loaded)?);
            match config.returns {
                true => meter.with_returns(budget::calibrate_return(&mut loaded)?),
                false => meter,
            }
        }
    };
    Ok((loaded, meter))
}
