//! Looks at a recording again and again, no more often than goalloc itself may cost.

use std::time::{Duration, Instant};

use tracer::budget::{CpuClock, own_cpu_ns};
use tracer::profile::Profile;
use tracer::session::{Live, Snapshot};
use tracer::top::State;
use tracer::view::{self, FrameOptions};

/// Part of a core that looking may take; draining what the probes send takes its own.
const MOST_SHARE: f64 = 0.01;

/// Over how long the CPU time that goalloc takes is averaged.
const OWN_CPU_OVER: Duration = Duration::from_secs(10);

/// A recording, and the state of its view.
pub struct Looking {
    live: Live,
    pub state: State,
    /// What is shown of it.
    frames: FrameOptions,
    /// All of it, where not all is shown.
    whole: Option<Profile>,
    pace: Pace,
    /// When the last look was asked for, and whether it is on its way.
    asked: Instant,
    is_asked: bool,
    own: OwnCpu,
}

impl Looking {
    pub fn new(live: Live, state: State, interval: Duration, frames: FrameOptions) -> Self {
        Self {
            live,
            state,
            frames,
            whole: None,
            pace: Pace::new(interval),
            asked: Instant::now(),
            is_asked: false,
            own: OwnCpu::new(),
        }
    }

    /// Takes in a snapshot if there is one in time, and asks for the next when it is due.
    /// Returns whether there was one.
    pub fn look(&mut self, time: Duration) -> anyhow::Result<bool> {
        let ended = self.state.newest().is_some_and(|newest| newest.is_last);
        if ended {
            std::thread::sleep(time);
            return Ok(false);
        }
        let due = self.pace.interval().saturating_sub(self.asked.elapsed());
        if !self.is_asked && due.is_zero() {
            self.live.ask();
            (self.asked, self.is_asked) = (Instant::now(), true);
        }
        let Some(snapshot) = self.live.next(time)? else {
            return Ok(false);
        };
        self.is_asked = false;
        self.take_in(snapshot);
        Ok(true)
    }

    fn take_in(&mut self, snapshot: Snapshot) {
        let mut cost = snapshot.cost;
        let before_ns = own_cpu_ns();
        self.show(snapshot);
        cost += Duration::from_nanos(own_cpu_ns() - before_ns);
        self.pace.took(cost);
        self.state.set_pace(self.pace.interval());
        if let Some(share) = self.own.share() {
            self.state.set_own_cpu(share);
        }
    }

    fn show(&mut self, mut snapshot: Snapshot) {
        if !self.frames.is_all() {
            self.whole = Some(snapshot.profile.clone());
            snapshot.profile = view::apply(snapshot.profile, &self.frames);
        }
        self.state.take_in(snapshot);
    }

    /// The recording so far, all of it.
    pub fn recording(&self) -> Option<&Profile> {
        let shown = self.state.newest().map(|newest| &newest.profile);
        self.whole.as_ref().or(shown)
    }

    /// Ends the recording. Returns all of it.
    pub fn finish(self) -> anyhow::Result<Option<Profile>> {
        let last = self.live.finish()?.map(|last| last.profile);
        let shown = || self.state.newest().map(|newest| newest.profile.clone());
        Ok(last.or(self.whole).or_else(shown))
    }
}

/// How often to look.
struct Pace {
    wanted: Duration,
    /// What the last two looks took.
    costs: [Duration; 2],
}

impl Pace {
    fn new(wanted: Duration) -> Self {
        Self {
            wanted,
            costs: [Duration::ZERO; 2],
        }
    }

    fn took(&mut self, cost: Duration) {
        self.costs = [self.costs[1], cost];
    }

    /// The cheaper of two looks counts: what is new in one is resolved once.
    fn interval(&self) -> Duration {
        let cost = self.costs[0].min(self.costs[1]);
        self.wanted.max(cost.div_f64(MOST_SHARE))
    }
}

/// The CPU time that this process takes, as a part of a core.
struct OwnCpu {
    clock: Option<CpuClock>,
    last: (Instant, u64),
    share: Option<f64>,
}

impl OwnCpu {
    fn new() -> Self {
        let clock = CpuClock::of(std::process::id()).ok();
        let now_ns = clock.and_then(|clock| clock.now_ns()).unwrap_or_default();
        Self {
            clock,
            last: (Instant::now(), now_ns),
            share: None,
        }
    }

    fn share(&mut self) -> Option<f64> {
        let now_ns = self.clock?.now_ns()?;
        let (then, then_ns) = self.last;
        let wall = then.elapsed().as_secs_f64();
        if wall <= 0.0 {
            return self.share;
        }
        let newest = now_ns.saturating_sub(then_ns) as f64 / 1e9 / wall;
        let weight = (wall / OWN_CPU_OVER.as_secs_f64()).min(1.0);
        let share = self.share.unwrap_or(newest);
        self.share = Some(share + weight * (newest - share));
        self.last = (Instant::now(), now_ns);
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dear_looks_are_rare() {
        let mut pace = Pace::new(Duration::from_secs(1));
        assert_eq!(pace.interval(), Duration::from_secs(1));
        pace.took(Duration::from_millis(900));
        assert_eq!(
            pace.interval(),
            Duration::from_secs(1),
            "the first is not like others"
        );
        pace.took(Duration::from_millis(30));
        assert_eq!(pace.interval(), Duration::from_secs(3));
        pace.took(Duration::from_millis(2));
        assert_eq!(pace.interval(), Duration::from_secs(1));
    }
}
