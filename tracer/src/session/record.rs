//! The recording itself: probes on, drain, probes off, resolve.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::config::{Config, DRAIN_PERIOD, PROGRESS_PERIOD, Subject};
use super::prepare::{self, Error, Prepared};
use crate::addr::ProcAddr;
use crate::collect::{Collector, RawRecording, RuntimeTypeBytes, Totals};
use crate::profile::{Coverage, Method, Profile, Target};
use crate::symbolize;
use crate::target::{Launched, Memory, Process};

/// What was recorded, and how the recording ended.
#[derive(Debug)]
pub struct Recording {
    /// The result.
    pub profile: Profile,
    /// The command that was run; it may still be running.
    pub launched: Option<Launched>,
}

/// What is being recorded, told once the probes are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start<'a> {
    /// The process, unless it is every process of an executable.
    pub pid: Option<u32>,
    /// The executable.
    pub exe: &'a str,
    /// The Go release that built it.
    pub go_version: &'a str,
    /// Probes that are on.
    pub probes: usize,
    /// What the figures will not cover.
    pub warnings: &'a [String],
}

/// Hears how the recording goes.
pub trait Progress {
    /// The probes are on.
    fn started(&mut self, start: &Start<'_>);
    /// So much has been seen in so much time.
    fn tick(&mut self, totals: &Totals, elapsed: Duration);
    /// The probes are off.
    fn stopped(&mut self);
}

/// Records until the time is up, the target has ended, or a signal to
/// interrupt, terminate or hang up arrives.
///
/// # Errors
///
/// The target cannot be had, read, planned for or attached to.
pub async fn record(config: &Config, progress: &mut dyn Progress) -> Result<Recording, Error> {
    let signals = Signals::catch().map_err(Error::Wait)?;
    let mut prepared = prepare::prepare(config)?;
    let mut loaded = prepare::load(&prepared, config)?;
    let mut logger = loaded.logger();
    let sites = prepare::sites(&prepared.plan);
    let groups = loaded.groups(&prepared.exe_file, &sites, prepared.scope)?;
    let probes = groups.window.on()?;
    let mut collector = Collector::new(&mut |name| loaded.take_map(name), Box::new(type_reader()))?;

    let go_version = prepared.binary.version().to_string();
    let start_unix_ns = unix_time_ns();
    let started = Instant::now();
    loaded.gates().open(0, u64::MAX);
    let mut launched = match prepared.held.take() {
        Some(held) => Some(held.release()?),
        None => None,
    };
    progress.started(&Start {
        pid: launched
            .as_ref()
            .map(Launched::pid)
            .or_else(|| prepared.process.as_ref().map(Process::pid)),
        exe: &prepared.exe_name,
        go_version: &go_version,
        probes: sites.len(),
        warnings: &prepared.plan.warnings,
    });
    let live = Live {
        config,
        prepared: &prepared,
        launched: &mut launched,
        collector: &mut collector,
        signals,
        started,
    };
    live.drain_until_done(progress).await?;
    loaded.gates().shut(0);
    let recorded = started.elapsed();
    drop(probes);
    progress.stopped();
    if let Some(logger) = &mut logger {
        logger.flush();
    }
    let raw = collector.finish()?;
    let mut profile = assemble(&raw, &prepared, recorded);
    profile.start_unix_ns = start_unix_ns;
    profile.target.go_version = go_version;
    Ok(Recording { profile, launched })
}

/// A recording while its probes are on.
struct Live<'a> {
    config: &'a Config,
    prepared: &'a Prepared,
    launched: &'a mut Option<Launched>,
    collector: &'a mut Collector,
    signals: Signals,
    started: Instant,
}

impl Live<'_> {
    /// Drains the ring and tells progress until the recording is to end.
    async fn drain_until_done(self, progress: &mut dyn Progress) -> Result<(), Error> {
        let Self {
            config,
            prepared,
            launched,
            collector,
            mut signals,
            started,
        } = self;
        let mut drain = interval(DRAIN_PERIOD);
        drain.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tick = interval(PROGRESS_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let time_is_up = async {
            match config.duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        let target_ends = target_ends(prepared, launched);
        tokio::pin!(time_is_up, target_ends);
        // A command that was started here gets the terminal's Ctrl-C as well and
        // decides itself whether to end; a second one ends the recording.
        let mut patience = u32::from(matches!(config.subject, Subject::Command { .. }));
        let mut seen_any = false;
        loop {
            tokio::select! {
                _ = drain.tick() => {
                    if collector.drain() > 0 && !seen_any {
                        seen_any = true;
                        tracing::debug!("first event seen");
                    }
                }
                _ = tick.tick() => progress.tick(&collector.totals()?, started.elapsed()),
                () = &mut time_is_up => return Ok(()),
                ended = &mut target_ends => return ended.map_err(Error::Wait),
                _ = signals.interrupt.recv() => {
                    if patience == 0 {
                        return Ok(());
                    }
                    patience -= 1;
                }
                _ = signals.terminate.recv() => return Ok(()),
                _ = signals.hang_up.recv() => return Ok(()),
            }
        }
    }
}

/// The signals that end a recording.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From here on they no longer end the process.
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// Completes when there is nothing left to record.
async fn target_ends(prepared: &Prepared, launched: &mut Option<Launched>) -> std::io::Result<()> {
    match (launched, &prepared.process) {
        (Some(child), _) => child.wait().await.map(drop),
        (None, Some(process)) => process.pidfd().exited().await,
        (None, None) => std::future::pending().await,
    }
}

/// Reads type descriptors out of live processes, keeping their memory open.
fn type_reader() -> impl FnMut(u32, ProcAddr) -> Option<RuntimeTypeBytes> {
    let mut open: HashMap<u32, Option<Memory>> = HashMap::new();
    move |pid, address| {
        let memory = open
            .entry(pid)
            .or_insert_with(|| Process::open(pid).and_then(|process| process.memory()).ok());
        let mut bytes = [0; 48];
        memory.as_ref()?.read_exact_at(address, &mut bytes)?;
        Some(bytes)
    }
}

/// Resolves the counts and says what they are of.
fn assemble(raw: &RawRecording, prepared: &Prepared, recorded: Duration) -> Profile {
    let resolved = symbolize::resolve(raw, &prepared.binary, &prepared.plan);
    let duration_ns = u64::try_from(recorded.as_nanos()).unwrap_or(u64::MAX);
    let build_info = prepared.binary.build_info();
    Profile {
        target: Target {
            pids: resolved.pids,
            exe: prepared.exe_name.clone(),
            args: prepared.args.clone(),
            go_version: String::new(),
            main_path: build_info.main_path.clone(),
            build_id: prepared.binary.build_id(),
        },
        coverage: Coverage {
            method: Method::All,
            traced_ns: duration_ns,
            recorded_ns: duration_ns,
            ..Coverage::default()
        },
        start_unix_ns: 0,
        duration_ns,
        losses: resolved.losses,
        warnings: prepared.plan.warnings.clone(),
        functions: resolved.functions,
        locations: resolved.locations,
        samples: resolved.samples,
        strata: Vec::new(),
    }
}

fn unix_time_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or_default()
}
