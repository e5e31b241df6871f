//! Loading the BPF programs and putting probes on and off.
//!
//! Input: the places and meanings of the probes. Output: running probes, and
//! the maps they fill. Probes are uprobes only; when this process ends, in
//! any way at all, the kernel takes them off.

mod again;
mod gates;
mod multi;
mod object;
mod perf;

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aya::maps::{Array, Map, MapError};
use aya::util::KernelVersion;
use aya::{Ebpf, EbpfError, EbpfLoader};
use aya_log::EbpfLogger;
use thiserror::Error;
use tracer_ebpf::wire::{Config, MAX_PROBES, ProbeSpec, gate};

use crate::addr::FileOffset;
use crate::target::setcap_command;

pub use gates::{Gates, Stop, now_ns};
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
    /// Entries of the map of counts of probes that are on all the time.
    pub kept_entries: u32,
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
            kept_entries: 1 << 12,
            stack_entries: 1 << 17,
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
    /// Signals came whenever a program was offered to the kernel.
    #[error(
        "signals keep the kernel from checking the BPF program {program}: end what stops and \
         continues goalloc again and again (cpulimit, a debugger), or wait until it traces"
    )]
    Interrupted {
        /// Its name.
        program: String,
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
    /// The gates cannot be shared with the kernel.
    #[error("cannot map the BPF map GATES")]
    Gates(#[source] io::Error),
    /// The object has no such map.
    #[error("the BPF object has no map {name}")]
    NoMap {
        /// Its name.
        name: &'static str,
    },
    /// More probes than the table has rows.
    #[error(
        "{probes} probes are more than the {MOST_SITES} one recording can have: narrow --probes"
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
    ebpf: Arc<Mutex<Ebpf>>,
    programs: Programs,
    gates: Gates,
}

/// The programs in the form their way of attaching wants.
enum Programs {
    Multi(multi::Prepared),
    /// Held by the library together with the maps.
    Perf,
}

/// The probes of one recording, by when they are on.
pub struct Groups {
    /// Those that go on and off in windows.
    pub window: Group,
    /// Those that stay on. Often none.
    pub always: Group,
}

/// Probes that go on and off together.
pub struct Group {
    way: Way,
}

enum Way {
    Multi(multi::Links),
    Perf {
        ebpf: Arc<Mutex<Ebpf>>,
        exe: PathBuf,
        sites: Vec<(u32, Site)>,
        scope: Scope,
    },
}

impl Group {
    /// Whether there is no probe in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.way {
            Way::Multi(links) => links.is_empty(),
            Way::Perf { sites, .. } => sites.is_empty(),
        }
    }

    /// Puts its probes on. Hits count if their gate is open.
    ///
    /// # Errors
    ///
    /// The kernel refuses one; then none stays on.
    pub fn on(&self) -> Result<Probes, Error> {
        match &self.way {
            Way::Multi(links) => links.on(),
            Way::Perf {
                ebpf,
                exe,
                sites,
                scope,
            } => perf::attach(&mut lock(ebpf), exe, sites, *scope),
        }
    }
}

/// The probe row that no plan takes: the last one.
const SPARE_ROW: u32 = MAX_PROBES - 1;

/// Rows before that for probes beside those of a plan.
const ROWS_BESIDE: u32 = 8;

/// Most probes of a plan.
const MOST_SITES: u32 = SPARE_ROW - ROWS_BESIDE;

impl Loaded {
    /// Loads the object and creates its maps. Nothing is attached yet, and all
    /// gates are shut.
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
            .map_max_entries("KEPT_COUNTS", options.kept_entries)
            .map_max_entries("STACKS", options.stack_entries)
            .load(OBJECT)
            .map_err(load_error)?;
        let programs = match options.mechanism {
            Mechanism::UprobeMulti => Programs::Multi(multi::Prepared::new(&ebpf)?),
            Mechanism::PerfEvent => Programs::Perf,
        };
        let gates = Gates::new(&ebpf)?;
        Ok(Self {
            ebpf: Arc::new(Mutex::new(ebpf)),
            programs,
            gates,
        })
    }

    /// Makes the probes of a recording ready; none is on yet. A site's index is
    /// its attach cookie.
    ///
    /// # Errors
    ///
    /// There are too many, or the verifier refuses a program.
    pub fn groups(&mut self, exe: &Path, sites: &[Site], scope: Scope) -> Result<Groups, Error> {
        if sites.len() > MOST_SITES as usize {
            return Err(Error::TooManyProbes {
                probes: sites.len(),
            });
        }
        let of_gate = |number: u8| -> Vec<(u32, Site)> {
            let rows = (0..).zip(sites.iter().copied());
            rows.filter(|(_, site)| site.spec.gate == number).collect()
        };
        Ok(Groups {
            window: self.group(exe, of_gate(gate::WINDOW), scope)?,
            always: self.group(exe, of_gate(gate::ALWAYS), scope)?,
        })
    }

    /// Makes one probe ready that belongs to no recording: for measuring what a
    /// hit costs.
    ///
    /// # Errors
    ///
    /// The verifier refuses the program.
    pub fn spare(&mut self, exe: &Path, site: Site, scope: Scope) -> Result<Group, Error> {
        self.group(exe, vec![(SPARE_ROW, site)], scope)
    }

    /// Makes probes ready that count nothing and have no gate, beside those of a
    /// recording. Those that are more than eight are left out.
    ///
    /// # Errors
    ///
    /// The verifier refuses a program.
    pub fn beside(&mut self, exe: &Path, sites: &[Site], scope: Scope) -> Result<Group, Error> {
        let rows = MOST_SITES..SPARE_ROW;
        self.group(exe, rows.zip(sites.iter().copied()).collect(), scope)
    }

    fn group(&mut self, exe: &Path, sites: Vec<(u32, Site)>, scope: Scope) -> Result<Group, Error> {
        self.fill_probe_table(&sites)?;
        let way = match &mut self.programs {
            Programs::Multi(prepared) => Way::Multi(prepared.links(exe, &sites, scope)?),
            Programs::Perf => {
                perf::load(&mut lock(&self.ebpf), &sites)?;
                Way::Perf {
                    ebpf: Arc::clone(&self.ebpf),
                    exe: exe.to_owned(),
                    sites,
                    scope,
                }
            }
        };
        Ok(Group { way })
    }

    /// What lets hits in.
    #[must_use]
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// What the programs have to say, for the log of this process. `None` if
    /// the object says nothing.
    pub fn logger(&mut self) -> Option<EbpfLogger<&'static dyn log::Log>> {
        EbpfLogger::init(&mut lock(&self.ebpf)).ok()
    }

    /// Hands over a map for reading.
    pub fn take_map(&mut self, name: &str) -> Option<Map> {
        lock(&self.ebpf).take_map(name)
    }

    fn fill_probe_table(&self, sites: &[(u32, Site)]) -> Result<(), Error> {
        let name = "PROBES";
        let mut ebpf = lock(&self.ebpf);
        let map = ebpf.map_mut(name).ok_or(Error::NoMap { name })?;
        let mut table: Array<_, ProbeSpec> =
            Array::try_from(map).map_err(|source| Error::Map { name, source })?;
        for (row, site) in sites {
            table
                .set(*row, site.spec, 0)
                .map_err(|source| Error::Map { name, source })?;
        }
        Ok(())
    }
}

/// The object. No code that holds the lock leaves it half-changed.
fn lock(ebpf: &Arc<Mutex<Ebpf>>) -> std::sync::MutexGuard<'_, Ebpf> {
    ebpf.lock().unwrap_or_else(PoisonError::into_inner)
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
        // tenth of a second for a perf event: they wait side by side. The first
        // is closed here, because a new thread may have to wait for a CPU.
        let mut links = self.links.drain(..);
        let first = links.next();
        std::thread::scope(|scope| {
            for link in links {
                scope.spawn(move || drop(link));
            }
            drop(first);
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
