//! Loading the BPF programs and putting probes on and off.
//!
//! Input: the places and meanings of the probes. Output: running probes, and
//! the maps they fill. Probes are uprobes only; when this process ends, in
//! any way at all, the kernel takes them off.

mod multi;
mod object;
mod perf;

use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use aya::maps::{Array, Map, MapError};
use aya::util::KernelVersion;
use aya::{Ebpf, EbpfError, EbpfLoader};
use aya_log::EbpfLogger;
use thiserror::Error;
use tracer_ebpf::wire::{Config, MAX_PROBES, ProbeSpec};

use crate::addr::FileOffset;
use crate::target::setcap_command;

pub use object::OBJECT;

/// The oldest kernel that can tell a program which of its probes was hit
/// (attach cookies for perf events, Linux 5.15).
pub const OLDEST_KERNEL: KernelVersion = KernelVersion::new(5, 15, 0);

/// The first kernel whose `uprobe_multi` links filter by process and not by
/// thread (Linux 6.10).
const UPROBE_MULTI_KERNEL: KernelVersion = KernelVersion::new(6, 10, 0);

/// One probe, as far as the kernel cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Name of the BPF program.
    pub program: &'static str,
    /// Where in the file.
    pub offset: FileOffset,
    /// What the program must know of the place.
    pub spec: ProbeSpec,
}

/// Whose hits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One process with all its threads.
    Process(NonZeroU32),
    /// Every process that runs the file, now or later.
    EveryProcess,
}

/// How probes are put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// All probes of a program behind one link: milliseconds on and off.
    UprobeMulti,
    /// A perf event per probe: the way of kernels before 6.10.
    PerfEvent,
}

impl Mechanism {
    /// The best one this kernel has.
    #[must_use]
    pub fn of_this_kernel() -> Self {
        match KernelVersion::current() {
            Ok(version) if version >= UPROBE_MULTI_KERNEL => Self::UprobeMulti,
            _ => Self::PerfEvent,
        }
    }
}

/// Sizes of the kernel side's tables, and what it must know of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of the ring: a power of two, at least a page.
    pub ring_bytes: u32,
    /// Entries of the map of counts.
    pub map_entries: u32,
    /// Stacks remembered as sent.
    pub stack_entries: u32,
    /// How to attach.
    pub mechanism: Mechanism,
    /// Layout of the target's runtime.
    pub config: Config,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_bytes: 16 << 20,
            map_entries: 1 << 16,
            stack_entries: 1 << 15,
            mechanism: Mechanism::of_this_kernel(),
            config: Config::default(),
        }
    }
}

/// Why the programs could not be loaded or attached.
#[derive(Debug, Error)]
pub enum Error {
    /// The kernel lacks attach cookies.
    #[error("Linux {found} is too old: goalloc needs 5.15 or newer (attach cookies)")]
    KernelTooOld {
        /// What runs here, as `5.10.0`.
        found: String,
    },
    /// Not allowed to use BPF or uprobes.
    #[error(
        "not permitted to {action}: run as root, or give the binary the capabilities it needs: {}",
        setcap_command()
    )]
    Permission {
        /// What was refused.
        action: &'static str,
    },
    /// The object could not be loaded.
    #[error("cannot load the BPF object")]
    Load(#[source] Box<EbpfError>),
    /// The object could not be relocated.
    #[error("cannot prepare the BPF programs: {0}")]
    Prepare(String),
    /// A program was refused.
    #[error("the kernel refused the BPF program {program}: {reason}")]
    Program {
        /// Its name.
        program: String,
        /// The error, and the verifier's last words.
        reason: String,
    },
    /// A map could not be written.
    #[error("cannot set up the BPF map {name}")]
    Map {
        /// Its name.
        name: &'static str,
        /// What the library said.
        #[source]
        source: MapError,
    },
    /// The object has no such map.
    #[error("the BPF object has no map {name}")]
    NoMap {
        /// Its name.
        name: &'static str,
    },
    /// More probes than the table has rows.
    #[error(
        "{probes} probes are more than the {MAX_PROBES} one recording can have: narrow --probes"
    )]
    TooManyProbes {
        /// How many were asked for.
        probes: usize,
    },
    /// A probe could not be put on.
    #[error("cannot attach {program} at file offset {offset} of {path}")]
    Attach {
        /// The BPF program.
        program: &'static str,
        /// Where.
        offset: FileOffset,
        /// In which file.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The programs, loaded, with their maps.
pub struct Loaded {
    ebpf: Ebpf,
    programs: Programs,
}

/// The programs in the form their way of attaching wants.
enum Programs {
    Multi(multi::Prepared),
    /// Held by the library together with the maps.
    Perf,
}

impl Loaded {
    /// Loads the object and creates its maps. Nothing is attached yet, and
    /// hits do not count before [`Loaded::enable`].
    ///
    /// # Errors
    ///
    /// The kernel is too old, permission is missing, or a map is refused.
    pub fn load(options: &Options) -> Result<Self, Error> {
        check_kernel()?;
        let ebpf = EbpfLoader::new()
            .override_global("CONFIG", &options.config, true)
            .map_max_entries("RING", options.ring_bytes)
            .map_max_entries("COUNTS", options.map_entries)
            .map_max_entries("STACKS", options.stack_entries)
            .load(OBJECT)
            .map_err(load_error)?;
        let programs = match options.mechanism {
            Mechanism::UprobeMulti => Programs::Multi(multi::Prepared::new(&ebpf)?),
            Mechanism::PerfEvent => Programs::Perf,
        };
        Ok(Self { ebpf, programs })
    }

    /// Puts all probes on.
    ///
    /// # Errors
    ///
    /// A program is refused by the verifier or a probe by the kernel; then
    /// none stays on.
    pub fn attach(&mut self, exe: &Path, sites: &[Site], scope: Scope) -> Result<Probes, Error> {
        if sites.len() > MAX_PROBES as usize {
            return Err(Error::TooManyProbes {
                probes: sites.len(),
            });
        }
        self.fill_probe_table(sites)?;
        match &self.programs {
            Programs::Multi(prepared) => multi::attach(prepared, exe, sites, scope),
            Programs::Perf => perf::attach(&mut self.ebpf, exe, sites, scope),
        }
    }

    /// From now on hits count, or from now on they do not: at one instant for
    /// all probes.
    ///
    /// # Errors
    ///
    /// The map cannot be written.
    pub fn enable(&mut self, on: bool) -> Result<(), Error> {
        let name = "ENABLED";
        let map = self.ebpf.map_mut(name).ok_or(Error::NoMap { name })?;
        Array::try_from(map)
            .and_then(|mut switch: Array<_, u32>| switch.set(0, u32::from(on), 0))
            .map_err(|source| Error::Map { name, source })
    }

    /// What the programs have to say, for the log of this process. `None` if
    /// the object says nothing.
    pub fn logger(&mut self) -> Option<EbpfLogger<&'static dyn log::Log>> {
        EbpfLogger::init(&mut self.ebpf).ok()
    }

    /// Hands over a map for reading.
    pub fn take_map(&mut self, name: &str) -> Option<Map> {
        self.ebpf.take_map(name)
    }

    fn fill_probe_table(&mut self, sites: &[Site]) -> Result<(), Error> {
        let name = "PROBES";
        let map = self.ebpf.map_mut(name).ok_or(Error::NoMap { name })?;
        let mut table: Array<_, ProbeSpec> =
            Array::try_from(map).map_err(|source| Error::Map { name, source })?;
        for (row, site) in (0..).zip(sites) {
            table
                .set(row, site.spec, 0)
                .map_err(|source| Error::Map { name, source })?;
        }
        Ok(())
    }
}

/// Probes that are on. They go off when this is dropped.
#[must_use = "the probes go off when this is dropped"]
pub struct Probes {
    links: Vec<Box<dyn Send>>,
}

impl Drop for Probes {
    /// Takes all probes off and waits until none can be running any more.
    fn drop(&mut self) {
        // Closing a link waits for the kernel to be done with it, up to a
        // tenth of a second for a perf event: they wait side by side.
        std::thread::scope(|scope| {
            for link in self.links.drain(..) {
                scope.spawn(move || drop(link));
            }
        });
    }
}

fn check_kernel() -> Result<(), Error> {
    match KernelVersion::current() {
        Ok(found) if found < OLDEST_KERNEL => Err(Error::KernelTooOld {
            found: found.to_string(),
        }),
        _ => Ok(()),
    }
}

fn load_error(error: EbpfError) -> Error {
    if is_permission(&error) {
        return Error::Permission {
            action: "create BPF maps",
        };
    }
    Error::Load(Box::new(error))
}

/// Whether an error comes down to EPERM or EACCES.
fn is_permission(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(io) = this.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::PermissionDenied)
        {
            return true;
        }
        cause = this.source();
    }
    false
}
