//! The end of the target, and what the runtime had counted by then.

use tracer_ebpf::wire::ProbeSpec;

use super::prepare::{Error, Prepared};
use crate::attach::{Loaded, Probes, Site};
use crate::collect::ExitCopies;
use crate::counters::{ExitCopy, exit_sites};

/// The BPF program that copies it.
const PROGRAM: &str = "exit";

/// Probes on the runtime's exits, and the copy they make.
pub(super) struct ExitWatch {
    _probes: Probes,
    copies: ExitCopies,
}

impl ExitWatch {
    /// Puts the probes on. `None` where there is no place for them, or none can be put
    /// there: then what comes after the last look at the counters is missing, and that
    /// is said.
    pub fn start(loaded: &mut Loaded, prepared: &Prepared) -> Option<Self> {
        Self::try_start(loaded, prepared).unwrap_or_else(|error| {
            tracing::debug!(%error, "the target's exit is not watched");
            None
        })
    }

    fn try_start(loaded: &mut Loaded, prepared: &Prepared) -> Result<Option<Self>, Error> {
        let exits = exit_sites(&prepared.binary);
        let Some(bytes) = exits.first().map(|exit| exit.bytes) else {
            return Ok(None);
        };
        let sites: Vec<Site> = exits
            .iter()
            .map(|exit| Site {
                program: PROGRAM,
                offset: exit.offset,
                spec: ProbeSpec {
                    heap_stats_bytes: exit.bytes,
                    heap_stats: exit.heap_stats,
                    ..ProbeSpec::default()
                },
            })
            .collect();
        let group = loaded.beside(&prepared.exe_file, &sites, prepared.scope)?;
        let copies = ExitCopies::new(&mut |name| loaded.take_map(name), bytes)?;
        Ok(Some(Self {
            _probes: group.on()?,
            copies,
        }))
    }

    /// What was copied, once the target is at its end.
    pub fn copy(&self) -> Option<ExitCopy> {
        self.copies.get()
    }
}
