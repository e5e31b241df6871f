//! The plan: which instructions carry a probe, and what each means.
//!
//! Pure data, computed from an executable without running it:
//!
//! - [`leaves`]: the functions that see each heap object exactly once;
//! - [`hosts`]: where the compiler inlined one of them;
//! - [`maps`], [`growth`]: the functions whose calls are counted besides;
//! - [`prologue`]: the instruction of each function that is probed;
//! - [`returns`]: the instructions by which it returns.
//!
//! What cannot be covered is part of the plan ([`Plan::missing`],
//! [`Plan::warnings`]), so that every output can say it.

mod assemble;
mod binary;
mod found;
mod gobinary;
pub mod growth;
pub mod hosts;
pub mod leaves;
pub mod maps;
pub mod program;
pub mod prologue;
pub mod render;
pub mod returns;
pub mod set;
pub mod spans;

use std::fmt;

use thiserror::Error;
use tracer_ebpf::wire::{self, ProbeSpec};

pub(crate) use binary::code_of;
pub use binary::{Executable, FunctionSpan};
pub use growth::Grower;
pub use maps::MapCalls;
pub use program::{Arguments, Program, Register, SizePlace};
pub use prologue::{Cost, ProbeInstruction, ProbePoint, PrologueError};
pub use set::{ProbeSet, UnknownProbeSet};

use crate::addr::{ElfAddr, FileOffset};

/// The probes for one executable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The probes; a probe's index is its attach cookie.
    pub probes: Vec<Probe>,
    /// Functions that were wanted and carry no probe.
    pub missing: Vec<Missing>,
    /// What makes the counts incomplete or inexact, one sentence each.
    pub warnings: Vec<String>,
    /// What the BPF programs must know of the runtime, for any process.
    pub config: wire::Config,
}

/// How the objects to trace are chosen, which decides what carries a probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Every object is traced.
    #[default]
    All,
    /// Those of windows, and large ones all the time.
    Windows,
    /// Spans that are used up, and large objects all the time.
    Spans,
}

/// One probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The BPF program.
    pub program: Program,
    /// The function's symbol name.
    pub function: String,
    /// Its entry.
    pub entry: ElfAddr,
    /// The probed instruction and why it was chosen.
    pub point: ProbePoint,
    /// The probed instruction's place in the file, which the kernel wants.
    pub file_offset: FileOffset,
    /// What is counted.
    pub counts: Counts,
    /// The leaves whose objects it sees: itself, or those inlined in it.
    pub leaves: Vec<String>,
    /// The row of the probe table.
    pub spec: ProbeSpec,
}

/// What the hits of a probe are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// Heap objects.
    Objects,
    /// Calls, which are no allocations.
    Calls,
    /// Spans that are used up, with the heap objects in them.
    Spans,
}

/// A function that was wanted and carries no probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its symbol name.
    pub function: String,
    /// Why.
    pub reason: MissingReason,
}

/// Why a function carries no probe.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MissingReason {
    /// The linker left it out. Nothing is lost.
    #[error("not in the binary: the program cannot reach it")]
    NotInBinary,
    /// It exists only inlined in other functions. Nothing is lost where those
    /// carry a probe.
    #[error("inlined in {}", hosts.join(", "))]
    InlinedOnly {
        /// Where.
        hosts: Vec<String>,
    },
    /// No instruction is safe.
    #[error(transparent)]
    Prologue(#[from] PrologueError),
    /// The file does not hold its code.
    #[error("the file does not hold its code")]
    NoCode,
    /// A host of inlined leaves that cannot be filtered.
    #[error("has {} inlined, and {source}", leaves.join(", "))]
    Host {
        /// The inlined leaves.
        leaves: Vec<String>,
        /// Why not.
        source: hosts::HostError,
    },
}

/// Why there is no plan at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// No function allocates.
    #[error("no allocator found: the binary has neither runtime.mallocgc nor any part of it")]
    NoAllocator,
    /// None of the functions that allocate can be probed.
    #[error("no function of the allocator can be probed: {function}: {reason}")]
    NoProbe {
        /// The first of them.
        function: String,
        /// Why it cannot.
        reason: MissingReason,
    },
    /// Used-up spans cannot be seen.
    #[error(
        "used-up spans cannot be seen: {reason}; trace every allocation with --max-overhead none"
    )]
    NoSpans {
        /// Why.
        reason: String,
    },
    /// Two functions share their code.
    #[error("{first} and {second} share the instruction at {at}")]
    SharedInstruction {
        /// One function.
        first: String,
        /// The other.
        second: String,
        /// The instruction.
        at: ElfAddr,
    },
    /// More probes than the probe table has rows.
    #[error("{wanted} probes are wanted, {} is the most", wire::MAX_PROBES)]
    TooMany {
        /// How many.
        wanted: usize,
    },
}

impl Plan {
    /// Computes the plan for an executable.
    ///
    /// # Errors
    /// When nothing that allocates can be probed. Functions that cannot be
    /// probed while others can are part of the plan.
    pub fn new(exe: &dyn Executable, set: ProbeSet, scheme: Scheme) -> Result<Self, PlanError> {
        assemble::assemble(exe, set, scheme)
    }
}

impl Probe {
    /// The probed instruction.
    #[must_use]
    pub fn at(&self) -> ElfAddr {
        self.point.at
    }

    /// What kind of instruction it is.
    #[must_use]
    pub fn instruction(&self) -> ProbeInstruction {
        self.point.instruction
    }

    /// Whether malloc calls the probed function, rather than being it.
    #[must_use]
    pub fn is_below_malloc(&self) -> bool {
        matches!(self.program, Program::LargeUntyped | Program::Span)
    }

    /// Where the program finds its arguments.
    #[must_use]
    pub fn arguments(&self) -> Arguments {
        self.program.arguments()
    }
}

impl MissingReason {
    /// Whether nothing is lost by it.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        matches!(self, Self::NotInBinary | Self::InlinedOnly { .. })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Objects => "objects",
            Self::Calls => "calls",
            Self::Spans => "spans",
        })
    }
}
