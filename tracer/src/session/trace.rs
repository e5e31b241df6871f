//! Tracing the calls of one process, as they happen.

use std::num::NonZeroU32;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc as async_mpsc, oneshot};
use tracer_ebpf::wire::{self, MAX_FRAMES, SHORT_STACK_FRAMES};

use super::gc_watch::GcWatch;
use super::pacer::{Message, Paced, Pacer, Rate};
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
use crate::trace::{AllocationTally, Collected, End, Event, Gap, Resolver, Selection, Start};

/// Batches of calls that wait to be written, at most: then the ring fills up.
const WAITING_BATCHES: usize = 256;

/// Frames between a traced function and the code that called for it: the runtime's own.
/// They are walked beyond those that are asked for.
const RUNTIME_FRAMES: usize = 8;

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
    let selection = Selection::new(&binary, binary.version(), &config.patterns)?;
    let bias = load_bias(&process, &binary, &exe)?;
    let gc = match config.gc {
        true => Some(GcWatch::start(&process, bias, &binary)?),
        false => None,
    };
    let mut tally = AllocationTally::of(match config.gc {
        true => selection.allocating(&binary, binary.version(), &config.patterns),
        false => Vec::new(),
    });
    let mut warnings = warnings(&selection, &binary);
    if let Some(gc) = &gc {
        warnings.extend(gc_warnings(gc, &tally));
    }
    let memory = process.memory()?;
    let mut resolver = Resolver::new(
        &binary,
        &selection,
        bias,
        config.stack_frames,
        Box::new(move |at, buffer| memory.read_exact_at(at, buffer)),
    );
    let (stop, stopped) = mpsc::channel();
    let (sender, mut receiver) = async_mpsc::channel(WAITING_BATCHES);
    let (ready_sender, ready) = oneshot::channel();
    let thread = {
        let config = config.clone();
        let kernel_config = binary.config();
        let most_frames = (config.stack_frames + RUNTIME_FRAMES).min(MAX_FRAMES);
        let sites = selection.sites(most_frames > SHORT_STACK_FRAMES);
        let target = process.pidfd().try_clone().map_err(Error::Wait)?;
        std::thread::spawn(move || {
            let (mut loaded, cost) = load(&config, kernel_config)?;
            loaded.gates().walk(most_frames as u64);
            let scope = NonZeroU32::new(config.pid).map_or(Scope::EveryProcess, Scope::Process);
            let groups = loaded.groups(&exe_file, &sites, scope)?;
            let ring = CallRing::new(&mut |name| loaded.take_map(name))?;
            let pacer = Pacer {
                loaded,
                group: groups.window,
                ring,
                meter: Meter::new(cost),
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
            };
            pacer.run()
        })
    };
    if ready.await.is_err() {
        // It says itself why the probes will never be on.
        join(thread)?;
        return Err(Error::Wait(std::io::Error::other("the tracing ended")));
    }
    let mut flow = sink.started(&Start {
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
    let mut end = End::default();
    let mut stop = Some(stop);
    let left = |end: &End| config.limit.is_none_or(|limit| end.shown < limit);
    loop {
        if flow == Flow::Stop || !left(&end) {
            break;
        }
        let message = tokio::select! {
            message = receiver.recv() => message,
            () = &mut time_is_up, if stop.is_some() => { stop = None; continue; }
            _ = signals.interrupt.recv() => { stop = None; continue; }
            _ = signals.terminate.recv() => { stop = None; continue; }
            _ = signals.hang_up.recv() => { stop = None; continue; }
        };
        match message {
            None => break,
            Some(Message::Gap(gap)) => {
                end.skipped.add(&gap);
                flow = sink.skipped(&gap);
            }
            Some(Message::Collection(collection)) => {
                flow = sink.collected(&tally.collected(collection));
            }
            Some(Message::Calls(calls)) => {
                let events = calls.iter().filter_map(|call| resolver.resolve(call));
                for event in events {
                    if flow == Flow::Stop || !left(&end) {
                        break;
                    }
                    end.shown += 1;
                    tally.add(&event);
                    flow = sink.call(&event);
                }
            }
        }
        if receiver.is_empty() && flow == Flow::GoOn {
            flow = sink.pause();
        }
    }
    // What is left is not wanted: the pacer notices.
    receiver.close();
    drop(receiver);
    drop(stop);
    let paced = join(thread)?;
    end.length_ns = u64::try_from(paced.length.as_nanos()).unwrap_or(u64::MAX);
    end.lost = paced.lost;
    end.overhead_ns = paced.overhead_ns;
    Ok(end)
}

fn join(thread: JoinHandle<Result<Paced, Error>>) -> Result<Paced, Error> {
    thread.join().unwrap_or_else(|panic| {
        // Not ours to hide.
        std::panic::resume_unwind(panic)
    })
}

fn warnings(selection: &Selection, binary: &GoBinary) -> Vec<String> {
    let mut warnings = selection.warnings.clone();
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

/// Loads the programs. With a budget what a hit costs is measured too.
fn load(config: &TraceConfig, kernel: wire::Config) -> Result<(Loaded, HitCost), Error> {
    let mut loaded = Loaded::load(&Options {
        ring_bytes: config.ring_bytes,
        mechanism: Mechanism::of_this_kernel(),
        config: wire::Config {
            pid: config.pid,
            ..kernel
        },
        ..Options::default()
    })?;
    let cost = match config.max_overhead {
        MaxOverhead::None => HitCost::default(),
        MaxOverhead::Percent(_) => budget::calibrate(&mut loaded)?,
    };
    Ok((loaded, cost))
}
