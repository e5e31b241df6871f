//! New processes of an executable, found while the recording runs.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::config::{Config, Subject};
use super::prepare::{self, Error, Prepared};
use crate::budget::MaxOverhead;
use crate::target::{self, FileId, Scan};

/// How often is looked. A process that lives shorter may be missed.
const PERIOD: Duration = Duration::from_millis(100);

/// Processes of one executable that are recorded at most.
const MOST: usize = 64;

/// Looks for new processes, if that is what is recorded.
pub(super) struct Discovery(Option<Watch>);

struct Watch {
    exe: PathBuf,
    file: FileId,
    known: HashSet<u32>,
    config: Config,
    period: Interval,
}

impl Discovery {
    /// `known`: the processes that are recorded already.
    pub fn new(config: &Config, known: &[u32]) -> Result<Self, Error> {
        let Subject::Executable(exe) = &config.subject else {
            return Ok(Self(None));
        };
        if config.max_overhead == MaxOverhead::None {
            // The probes are on in every process, new ones too.
            return Ok(Self(None));
        }
        let mut period = interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self(Some(Watch {
            exe: exe.clone(),
            file: file_id(exe)?,
            known: known.iter().copied().collect(),
            config: config.clone(),
            period,
        })))
    }

    /// Processes that were not there before; waits until there are some.
    pub async fn next(&mut self) -> Vec<Prepared> {
        let Some(watch) = &mut self.0 else {
            return std::future::pending().await;
        };
        loop {
            watch.period.tick().await;
            let found = watch.look();
            if !found.is_empty() {
                return found;
            }
        }
    }
}

impl Watch {
    fn look(&mut self) -> Vec<Prepared> {
        let Ok(scan) = Scan::of_host() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for running in scan.running(self.file) {
            if self.known.len() >= MOST || !self.known.insert(running.pid) {
                continue;
            }
            match prepare::process(running.pid, &self.config) {
                Ok(prepared) => found.push(prepared),
                // It may have ended meanwhile.
                Err(error) => tracing::debug!(%error, exe = %self.exe.display(), "not recorded"),
            }
        }
        found
    }
}

/// The processes that run a file now.
pub(super) fn running(exe: &PathBuf) -> Result<Vec<u32>, Error> {
    let file = file_id(exe)?;
    let scan = Scan::of_host().map_err(Error::Wait)?;
    let running = scan.running(file).iter().map(|process| process.pid);
    Ok(running.take(MOST).collect())
}

fn file_id(exe: &PathBuf) -> Result<FileId, Error> {
    let metadata = fs::metadata(exe).map_err(|source| {
        Error::Target(target::Error::Read {
            path: exe.clone(),
            source,
        })
    })?;
    Ok(FileId::from(&metadata))
}
