//! The profile model: samples over interned locations and functions.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::timeline::Timeline;
use crate::addr::ElfAddr;

/// Index of a [`Location`] in its [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationId(pub u32);

/// Index of a [`Function`] in its [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);

/// A recording, resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// What was recorded.
    pub target: Target,
    /// How much of it was seen.
    pub coverage: Coverage,
    /// Wall-clock start of the recording, nanoseconds since the Unix epoch.
    pub start_unix_ns: i64,
    /// Wall-clock length of the recording.
    pub duration_ns: u64,
    /// What did not make it into the samples.
    pub losses: Losses,
    /// What the figures do not cover, one sentence each; shown in every output.
    pub warnings: Vec<String>,
    /// Every function named by a location.
    pub functions: Vec<Function>,
    /// Every program counter that occurs in a stack.
    pub locations: Vec<Location>,
    /// What was seen, no two with the same stack and labels.
    pub samples: Vec<Sample>,
    /// What a view took out of the samples ([`crate::view`]); `None` when all of the
    /// recording is there as it was recorded.
    pub left_out: Option<LeftOut>,
    /// How the objects that were not traced were shared out among the samples;
    /// empty when every object was traced, and when the profile does not say.
    pub strata: Vec<Stratum>,
    /// What was allocated over time, where the recording was cut into slices of it.
    pub timeline: Option<Timeline>,
}

/// The program that was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Processes that contributed, in the initial PID namespace.
    pub pids: Vec<u32>,
    /// Path of the executable as the target's own mount namespace names it.
    pub exe: String,
    /// Command line of the first process.
    pub args: Vec<String>,
    /// Go release that built it, as `go1.26.6`.
    pub go_version: String,
    /// Main package path from the build info, if there.
    pub main_path: Option<String>,
    /// GNU or Go build id, hexadecimal or as Go prints it.
    pub build_id: Option<String>,
    /// The modules it is built of, from the build info; the standard library is in none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<Module>,
}

/// A module that a program is built of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Module {
    /// Path that the import paths of its packages begin with.
    pub path: String,
    /// Its version, of what replaces it where something does; empty when unknown.
    pub version: String,
}

/// How the recording looked at its target. Of several processes recorded each by
/// itself, all of it is summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// How objects were chosen.
    pub method: Method,
    /// Time in which every allocation was traced.
    pub traced_ns: u64,
    /// Time the recording spans.
    pub recorded_ns: u64,
    /// Windows of tracing, one if it never stopped.
    #[serde(default)]
    pub windows: u64,
    /// Objects that were traced (with [`Method::Spans`]: that were in the spans
    /// seen).
    #[serde(default)]
    pub objects_counted: u64,
    /// Objects allocated in the same time by the runtime's own counters; `None`
    /// when they could not be read.
    #[serde(default)]
    pub objects_runtime: Option<u64>,
}

/// How objects were chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every one.
    #[default]
    All,
    /// Those of random windows of time; the others are estimated.
    Windows,
    /// Those whose span was used up, charged to the call stack that needed the
    /// next one; the others are estimated.
    Spans,
    /// Not stated: the profile was not written by goalloc.
    Unknown,
}

/// What did not make it into the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Allocations or calls that are in no sample at all.
    pub events: u64,
    /// Events counted without their call chain.
    pub stacks: u64,
    /// Events whose call chain is cut short (deeper than the limit, or
    /// unreadable further up).
    pub stacks_cut: u64,
}

impl Losses {
    /// Whether anything at all went missing: events or call chains. A cut
    /// stack is not a loss.
    #[must_use]
    pub fn any(&self) -> bool {
        self.events > 0 || self.stacks > 0
    }
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// Name as Go prints it in a traceback, generics folded to `[...]`.
    pub name: String,
    /// Source file, empty when unknown.
    pub file: String,
    /// Line of its `func` keyword, 0 when unknown.
    pub start_line: u32,
    /// Whether it belongs to the Go runtime (package `runtime`, its internal
    /// packages, and the bodies it gives to other packages by linkname).
    pub runtime: bool,
    /// The name with its type arguments, as `main.F[go.shape.int]`, where it has any;
    /// binaries hold them from Go 1.21 on.
    pub full_name: Option<String>,
}

/// A program counter, with the functions that were inlined there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    /// The address, before load bias. For call frames this is the return
    /// address minus one, so that it lies inside the call.
    pub address: ElfAddr,
    /// Innermost first; the last is the function that was really called.
    /// Empty when nothing is known of the address.
    pub lines: Vec<Line>,
}

/// A position in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Which.
    pub function: FunctionId,
    /// Line in its file, 0 when unknown.
    pub line: u32,
}

/// What was counted for one stack and one set of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Innermost first. Empty when the call chain was lost.
    pub stack: Vec<LocationId>,
    /// The counts.
    pub values: Values,
    /// What tells this sample from others with the same stack.
    pub labels: Labels,
    /// What its values are estimated from; empty when they are exact.
    pub parts: Vec<Part>,
}

/// What a view took out of the samples of a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The view, as the command line asks for it.
    pub view: String,
    /// Sum over the samples that are not shown.
    pub values: Values,
    /// What they are estimated from, added up by stratum: the draws of a stratum are
    /// those of the samples and these.
    #[serde(skip)]
    pub parts: Vec<Part>,
}

/// Objects among which those that were not traced are shared out: of one size
/// class in one process, whose number the runtime itself knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Objects (or calls) allocated while none was traced.
    pub untraced: f64,
    /// Whether the runtime's counters say so. If not, it is itself an estimate:
    /// the sum over the draws of all samples.
    pub known: bool,
}

/// What a sample is estimated from, in one stratum. Its estimate is `counted`
/// plus the stratum's `untraced` times the share that its draws have of all
/// draws of the stratum.
///
/// A stratum without any draws was in no window, or in none with a gap to stand
/// for: its `untraced` all belong to one sample, whose part has no draws either.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Index into [`Profile::strata`].
    pub stratum: u16,
    /// Objects traced.
    pub counted: u64,
    /// For each group of windows it was seen in, ascending: the untraced objects
    /// that those windows stand for, times its share of the objects in them.
    pub draws: Vec<Draw>,
}

/// Part of an estimate that one group of windows is responsible for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Draw {
    /// The group: the number of the window modulo [`WINDOW_GROUPS`].
    pub group: u8,
    /// Untraced objects.
    pub objects: f32,
}

/// Groups that windows are dealt to in turn. Intervals come from what the groups
/// differ by; with at most this many windows each is a group of its own.
pub const WINDOW_GROUPS: u8 = 64;

/// The counts of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Values {
    /// Heap objects allocated.
    pub objects: u64,
    /// Bytes the program asked for.
    pub bytes: u64,
    /// Bytes of heap set aside for them: rounded up to the size class, a tiny
    /// block charged to the object that opened it. Sums to the runtime's
    /// `TotalAlloc`.
    pub heap_bytes: u64,
    /// Calls of a function that is counted but allocates elsewhere.
    pub calls: u64,
}

/// What tells samples with one stack apart. Few texts are those of very many samples,
/// which share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    /// Type of the object, as the runtime names it.
    pub type_name: Option<Arc<str>>,
    /// Why it was allocated; the names are those of `crate::cause`.
    pub cause: Option<Arc<str>>,
    /// Bytes asked for per object; `None` for calls.
    pub size_bytes: Option<u64>,
    /// Bytes of an element, where the object is an array of some type: of a slice, or
    /// of a map's buckets or groups.
    pub element_bytes: Option<u64>,
    /// For counted calls: the function called, as `runtime.mapassign_fast64`.
    pub call: Option<Arc<str>>,
    /// For counted calls by which a slice or a map grows: how far.
    pub growth: Option<GrowthStep>,
    /// Process, where the recording spans more than one.
    pub pid: Option<u32>,
}

impl Part {
    /// Adds this part to that of the same stratum in `parts`.
    pub fn add_to(self, parts: &mut Vec<Self>) {
        let Some(same) = parts.iter_mut().find(|it| it.stratum == self.stratum) else {
            parts.push(self);
            return;
        };
        same.counted = same.counted.saturating_add(self.counted);
        for draw in self.draws {
            match same
                .draws
                .binary_search_by_key(&draw.group, |draw| draw.group)
            {
                Ok(at) => same.draws[at].objects += draw.objects,
                Err(at) => same.draws.insert(at, draw),
            }
        }
    }
}

/// A step by which a slice or a map grows, in elements or slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrowthStep {
    /// Elements before, which are copied.
    pub old_len: u64,
    /// Room before.
    pub old_cap: u64,
    /// Room after.
    pub new_cap: u64,
}

impl std::ops::AddAssign for Values {
    fn add_assign(&mut self, other: Self) {
        self.objects = self.objects.saturating_add(other.objects);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.heap_bytes = self.heap_bytes.saturating_add(other.heap_bytes);
        self.calls = self.calls.saturating_add(other.calls);
    }
}

impl Profile {
    /// Sum over all samples.
    #[must_use]
    pub fn totals(&self) -> Values {
        let mut sum = Values::default();
        for sample in &self.samples {
            sum += sample.values;
        }
        sum
    }

    /// Sum over all samples and what a view took out of them.
    #[must_use]
    pub fn recorded(&self) -> Values {
        let mut sum = self.totals();
        if let Some(left_out) = &self.left_out {
            sum += left_out.values;
        }
        sum
    }

    /// The location behind an id of this profile.
    #[must_use]
    pub fn location(&self, id: LocationId) -> Option<&Location> {
        self.locations.get(id.0 as usize)
    }

    /// The function behind an id of this profile.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> Option<&Function> {
        self.functions.get(id.0 as usize)
    }

    /// Calls counted per called function.
    #[must_use]
    pub fn calls(&self) -> HashMap<&str, u64> {
        let mut calls = HashMap::new();
        for sample in &self.samples {
            if let Some(name) = &sample.labels.call {
                *calls.entry(&**name).or_default() += sample.values.calls;
            }
        }
        calls
    }
}
