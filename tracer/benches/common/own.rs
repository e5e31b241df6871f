//! What goalloc itself takes while it traces.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracer::budget::CpuClock;

use super::usage::rss_bytes;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_millis(50);

/// From here on the start is over.
const STEADY: Duration = Duration::from_secs(2);

/// When memory is looked at for the first time.
const EARLY: Duration = Duration::from_secs(10);

/// What it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Own {
    /// CPU time from the second second to the end, as a share of one core;
    /// `None` when it did not last that long.
    pub cpu_share: Option<f64>,
    /// Resident memory after ten seconds, if it lasted that long.
    pub rss_at_10s_bytes: Option<u64>,
    /// Resident memory at the end of the target, or of its load.
    pub rss_at_end_bytes: u64,
}

/// One look.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Duration,
    cpu_ns: u64,
    rss_bytes: u64,
}

/// Looks at goalloc until told to stop, or until its target is gone: what comes
/// then, resolving and writing, is no part of the tracing.
#[derive(Debug)]
pub struct Watch {
    stop: Sender<()>,
    looks: JoinHandle<Vec<Look>>,
}

impl Watch {
    /// Begins to watch process `goalloc` trace process `target`.
    pub fn start(goalloc: u32, target: u32) -> Self {
        let (stop, stopped) = mpsc::channel();
        let looks = std::thread::spawn(move || {
            let started = Instant::now();
            let mut looks = Vec::new();
            let (Ok(own), Ok(target)) = (CpuClock::of(goalloc), CpuClock::of(target)) else {
                return looks;
            };
            while target.now_ns().is_some()
                && let (Some(cpu_ns), Some(rss_bytes)) = (own.now_ns(), rss_bytes(goalloc))
            {
                looks.push(Look {
                    at: started.elapsed(),
                    cpu_ns,
                    rss_bytes,
                });
                if !matches!(stopped.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout)) {
                    break;
                }
            }
            looks
        });
        Self { stop, looks }
    }

    /// What was seen; `None` when there was no time to look.
    pub fn finish(self) -> Option<Own> {
        drop(self.stop);
        let looks = self.looks.join().ok()?;
        let last = looks.last()?;
        let at = |time: Duration| looks.iter().find(|look| look.at >= time);
        let cpu_share = at(STEADY)
            .filter(|first| last.at - first.at > STEADY)
            .map(|first| {
                let cpu_ns = last.cpu_ns.saturating_sub(first.cpu_ns) as f64;
                cpu_ns / (last.at - first.at).as_nanos() as f64
            });
        Some(Own {
            cpu_share,
            rss_at_10s_bytes: at(EARLY).map(|look| look.rss_bytes),
            rss_at_end_bytes: last.rss_bytes,
        })
    }
}
