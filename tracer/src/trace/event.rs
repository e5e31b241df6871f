//! A call with everything known of it.

use std::sync::Arc;

use crate::addr::ProcAddr;

/// One call of a traced function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// The thread, in the initial PID namespace.
    pub tid: u32,
    /// The goroutine, where there is one.
    pub goid: Option<u64>,
    /// The function.
    pub function: Arc<str>,
    /// Its arguments, as far as they say something.
    pub arguments: Vec<Argument>,
    /// How it ended.
    pub outcome: Outcome,
    /// The profiler labels of the goroutine, by key; `None` if they could not be read.
    pub labels: Option<Arc<[Label]>>,
    /// The innermost frame that is not the runtime's; the caller if all are.
    pub site: Option<Arc<Position>>,
    /// The call stack from the caller on, innermost first: as many frames as were asked
    /// for.
    pub stack: Vec<Arc<Position>>,
}

/// How a call ended, as far as it was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It was not: nobody asked, or the function returns nothing.
    #[default]
    NotWatched,
    /// It returned these results.
    Returned(Vec<Argument>),
    /// It was left without returning, by a panic.
    Left,
    /// It was still running when its line could not wait any longer.
    Running,
    /// Its return was not seen: the probes were off, or records were lost.
    Unseen,
}

/// A label that the program put on a goroutine for its profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: String,
    /// A string.
    pub value: Value,
}

/// One argument or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub value: Value,
}

/// The value of an argument or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Signed(i64),
    /// A number.
    Unsigned(u64),
    /// Yes or no.
    Bool(bool),
    /// An address in the target.
    Pointer(ProcAddr),
    /// A type, by its name or else by its descriptor's address.
    Type(ProcAddr, Option<Arc<str>>),
    /// A string.
    Text {
        /// Its beginning.
        start: Vec<u8>,
        /// Bytes it has.
        length_bytes: u64,
    },
    /// It could not be read.
    Unreadable,
}

/// A place in the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// The function.
    pub function: String,
    /// The file, empty when unknown.
    pub file: String,
    /// The line, 0 when unknown.
    pub line: u32,
    /// Whether it is the Go runtime's.
    pub runtime: bool,
}

/// What is traced, told once the probes are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The process.
    pub pid: u32,
    /// Its executable.
    pub exe: String,
    /// The Go release that built it.
    pub go_version: String,
    /// The functions.
    pub functions: Vec<String>,
    /// What the calls shown do not cover.
    pub warnings: Vec<String>,
    /// The monotonic clock now, and the time of day now: nanoseconds, since 1970 the
    /// latter.
    pub clocks_ns: (u64, i64),
}

/// A time in which the budget did not let all calls be traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// When it began, by the monotonic clock.
    pub from_ns: u64,
    /// How long it lasted.
    pub length_ns: u64,
    /// Calls in it that were counted and not shown. One that had to grow its stack first
    /// counts twice.
    pub counted: u64,
    /// Calls in it that were not even counted, as no probe was on: by their rate before.
    pub estimated: u64,
}

/// How tracing ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct End {
    /// How long it lasted.
    pub length_ns: u64,
    /// Calls shown.
    pub shown: u64,
    /// Calls that were traced and lost, for want of room in the ring.
    pub lost: u64,
    /// Returns of calls likewise.
    pub lost_returns: u64,
    /// Calls shown of which it is not known what they returned.
    pub unseen: u64,
    /// All gaps together; their lengths too.
    pub skipped: Gap,
    /// CPU time that hits took, of how much that the target used, nanoseconds: where both
    /// are known.
    pub overhead_ns: Option<(f64, f64)>,
}

impl Gap {
    /// Takes in a further one.
    pub fn add(&mut self, other: &Self) {
        if self.length_ns == 0 {
            self.from_ns = other.from_ns;
        }
        self.length_ns += other.length_ns;
        self.counted += other.counted;
        self.estimated += other.estimated;
    }

    /// Calls that were not shown.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.counted + self.estimated
    }
}
