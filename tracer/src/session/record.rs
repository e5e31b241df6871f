//! The recording itself: every target traced until it is to end, then resolved.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};

use super::assemble::Assembler;
use super::config::{Config, PROGRESS_PERIOD, Subject};
use super::cuts::Epoch;
use super::discover::Discovery;
use super::prepare::{self, Error};
use super::signals::Signals;
use super::tracing::{Traced, Tracing};
use crate::collect::Totals;
use crate::gc::Cycles;
use crate::profile::{Profile, merge};
use crate::target::{Held, Launched, Pidfd};

/// What was recorded, and how the recording ended.
#[derive(Debug)]
pub struct Recording {
    /// The result.
    pub profile: Profile,
    /// The command that was run; it may still be running.
    pub launched: Option<Launched>,
    /// CPU time the targets took with tracing over what they had taken without,
    /// by what hits cost here; `None` where it is not known.
    pub slowdown: Option<f64>,
    /// The recording by garbage collections, where that was asked for and the runtime's
    /// counters could be read.
    pub cycles: Option<Cycles>,
}

/// What is being recorded, told once the probes are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start<'a> {
    /// The processes; none when it is every process of an executable.
    pub pids: &'a [u32],
    /// The executable, the first if there are several.
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

/// Records until the time is up, the targets have ended, or a signal to
/// interrupt, terminate or hang up arrives.
///
/// # Errors
///
/// A target cannot be had, read, planned for or attached to.
pub async fn record(config: &Config, progress: &mut dyn Progress) -> Result<Recording, Error> {
    let signals = Signals::catch().map_err(Error::Wait)?;
    let mut prepared = prepare::prepare(config)?;
    let mut held: Option<Held> = prepared.iter_mut().find_map(|target| target.held.take());
    let pids: Vec<u32> = prepared.iter().filter_map(|target| target.pid()).collect();
    let ends: Vec<Pidfd> = prepared
        .iter()
        .filter_map(|target| target.process.as_ref())
        .map(|process| process.pidfd().try_clone())
        .collect::<Result<_, _>>()
        .map_err(Error::Wait)?;
    let first = match (prepared.first(), &config.subject) {
        (Some(first), _) => Some(prepare::Summary::of(first)),
        (None, Subject::Executable(path)) => Some(prepare::inspect(path, config)?),
        (None, _) => None,
    };
    let discovery = Discovery::new(config, &pids)?;

    let start_unix_ns = unix_time_ns();
    let epoch = Epoch::default();
    let mut tracings: Vec<Tracing> = prepared
        .into_iter()
        .map(|target| Tracing::start(target, config, &epoch))
        .collect();
    for index in 0..tracings.len() {
        let Some(ready) = tracings[index].ready.take() else {
            continue;
        };
        if ready.await.is_err() {
            // It says itself why there will be no window.
            tracings.swap_remove(index).finish()?;
            return Err(Error::Wait(std::io::Error::other("the tracing ended")));
        }
    }
    let mut launched = match held.take() {
        Some(held) => Some(held.release()?),
        None => None,
    };
    if let Some(first) = &first {
        progress.started(&Start {
            pids: &pids,
            exe: &first.exe,
            go_version: &first.go_version,
            probes: first.probes,
            warnings: &first.warnings,
        });
    }
    let started = Instant::now();
    let live = Live {
        config,
        epoch,
        ends,
        launched: &mut launched,
        tracings: &mut tracings,
        discovery,
        signals,
        started,
    };
    live.wait_until_done(progress).await?;
    progress.stopped();
    let traced: Vec<Traced> = tracings
        .into_iter()
        .map(Tracing::finish)
        .collect::<Result<_, _>>()?;
    let slowdown = slowdown(&traced);
    let mut profiles = Vec::new();
    let mut cycles = None;
    for Traced { prepared, finished } in traced {
        let (profile, found) = Assembler::new(&prepared).assemble(finished);
        profiles.push(profile);
        cycles = cycles.or(found);
    }
    let mut profile = merge(profiles);
    profile.start_unix_ns = start_unix_ns;
    if let (true, Some(first)) = (profile.target.pids.is_empty(), first) {
        // Nothing ran what was waited for.
        let waited_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        profile.target.exe = first.exe;
        profile.target.go_version = first.go_version;
        profile.coverage.recorded_ns = profile.coverage.recorded_ns.max(waited_ns);
        profile.duration_ns = profile.coverage.recorded_ns;
    }
    Ok(Recording {
        profile,
        launched,
        slowdown,
        cycles,
    })
}

/// CPU time with the hits over CPU time without.
fn slowdown(traced: &[Traced]) -> Option<f64> {
    let (mut hits_ns, mut cpu_ns) = (0.0, 0.0);
    for target in traced {
        let (hits, cpu) = target.finished.overhead?;
        hits_ns += hits;
        cpu_ns += cpu;
    }
    // What was measured of the hits may be more than there was by a little.
    (cpu_ns > 0.0).then(|| cpu_ns / (cpu_ns - hits_ns).max(cpu_ns / 100.0))
}

/// A recording while its probes are on.
struct Live<'a> {
    config: &'a Config,
    epoch: Epoch,
    /// The targets' ends.
    ends: Vec<Pidfd>,
    launched: &'a mut Option<Launched>,
    tracings: &'a mut Vec<Tracing>,
    discovery: Discovery,
    signals: Signals,
    started: Instant,
}

impl Live<'_> {
    /// Tells progress until the recording is to end.
    async fn wait_until_done(self, progress: &mut dyn Progress) -> Result<(), Error> {
        let Self {
            config,
            epoch,
            ends,
            launched,
            tracings,
            mut discovery,
            mut signals,
            started,
        } = self;
        let mut tick = interval(PROGRESS_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let time_is_up = async {
            match config.duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        let targets_end = targets_end(ends, launched);
        tokio::pin!(time_is_up, targets_end);
        // A command that was started here gets the terminal's Ctrl-C as well and
        // decides itself whether to end; a second one ends the recording.
        let mut patience = u32::from(matches!(config.subject, Subject::Command { .. }));
        let mut seen_any = false;
        let mut look = interval(Duration::from_millis(5));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick(), if !seen_any => {
                    if totals(tracings).hits > 0 {
                        seen_any = true;
                        tracing::debug!("first event seen");
                    }
                }
                _ = tick.tick() => progress.tick(&totals(tracings), started.elapsed()),
                found = discovery.next() => {
                    tracings.extend(found.into_iter().map(|target| Tracing::start(target, config, &epoch)));
                }
                () = &mut time_is_up => return Ok(()),
                ended = &mut targets_end => return ended.map_err(Error::Wait),
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

fn totals(tracings: &[Tracing]) -> Totals {
    tracings
        .iter()
        .map(Tracing::totals)
        .fold(Totals::default(), |sum, totals| sum.plus(&totals))
}

/// Completes when there is nothing left to record.
async fn targets_end(ends: Vec<Pidfd>, launched: &mut Option<Launched>) -> std::io::Result<()> {
    if let Some(child) = launched {
        return child.wait().await.map(drop);
    }
    if ends.is_empty() {
        return std::future::pending().await;
    }
    for end in ends {
        end.exited().await?;
    }
    Ok(())
}

/// The time of day, nanoseconds since 1970.
pub(super) fn unix_time_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or_default()
}
