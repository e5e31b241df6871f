//! Why an object was allocated, from the runtime frames above the probe.
//!
//! Between the function that carries the probe and the first frame of the
//! program's own there are only runtime functions, and the outermost of them is
//! the one the compiler (or the library) called at that place in the program.
//! Its name says what was asked for; `table` holds the names.
//!
//! Everything here takes these frames innermost first, inlined ones included,
//! as the Go linker names them, without any frame that is not the runtime's.
//! They may be empty.

mod table;
mod types;

use std::fmt;

pub use types::{implied_type, is_slice_like};

use table::{FIRST_GROUP, GROWTH, MAKE_MAP};

/// Why an object was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// `new(T)`, `&T{}`, a variable that escapes, several small ones in one.
    New,
    /// `make([]T, n)`, a slice literal that escapes.
    MakeSlice,
    /// `append` beyond the capacity.
    AppendGrowth,
    /// `make(map[K]V)`, a map literal, `maps.Clone`.
    MakeMap,
    /// An entry of a map: the room for the first ones (its first group, or bucket), a key
    /// or an element too large to be held there.
    MapInsert,
    /// Room for more entries of a map: larger tables, overflow.
    MapGrowth,
    /// `+` on strings.
    StringConcat,
    /// `string(bytes)`, `[]byte(s)`, `[]rune(s)`, `string(r)`, C strings.
    StringConversion,
    /// A value stored in an interface.
    InterfaceBoxing,
    /// `make(chan T)`, a goroutine that waits on a channel.
    Channel,
    /// `go f()`, `iter.Pull`.
    Goroutine,
    /// A function value with captured variables, a method value.
    Closure,
    /// `defer` in a loop.
    Defer,
    /// What package reflect allocates on behalf of its caller.
    Reflect,
    /// A goroutine that waits in a `select`.
    Select,
    /// `make` and `copy` in one; a slice that leaves the stack.
    Copy,
    /// The runtime for itself, or for a call that is in none of the others.
    Runtime,
    /// Not known: the call chain was lost.
    Other,
}

impl Cause {
    /// All of them, in order.
    pub const ALL: [Self; 18] = [
        Self::New,
        Self::MakeSlice,
        Self::AppendGrowth,
        Self::MakeMap,
        Self::MapInsert,
        Self::MapGrowth,
        Self::StringConcat,
        Self::StringConversion,
        Self::InterfaceBoxing,
        Self::Channel,
        Self::Goroutine,
        Self::Closure,
        Self::Defer,
        Self::Reflect,
        Self::Select,
        Self::Copy,
        Self::Runtime,
        Self::Other,
    ];

    /// Its name in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::MakeSlice => "make slice",
            Self::AppendGrowth => "append growth",
            Self::MakeMap => "make map",
            Self::MapInsert => "map insert",
            Self::MapGrowth => "map growth",
            Self::StringConcat => "string concatenation",
            Self::StringConversion => "string conversion",
            Self::InterfaceBoxing => "interface boxing",
            Self::Channel => "channel",
            Self::Goroutine => "goroutine",
            Self::Closure => "closure",
            Self::Defer => "defer",
            Self::Reflect => "reflect",
            Self::Select => "select",
            Self::Copy => "copy",
            Self::Runtime => "runtime",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of the type the runtime was given for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeArg<'a> {
    /// None: the pointer was nil.
    Nil,
    /// One whose name could not be read.
    Unknown,
    /// The name, as the runtime spells it.
    Named(&'a str),
}

impl<'a> TypeArg<'a> {
    /// From the address that was passed and the name that was found there.
    #[must_use]
    pub fn new(type_addr: u64, name: Option<&'a str>) -> Self {
        match (type_addr, name) {
            (0, _) => Self::Nil,
            (_, Some(name)) => Self::Named(name),
            (_, None) => Self::Unknown,
        }
    }
}

/// Why an object was allocated: by the runtime frames below the program's own,
/// innermost first; by its type; by its size in bytes as asked for.
#[must_use]
pub fn cause_of(frames: &[&str], object_type: TypeArg<'_>, size_bytes: u64) -> Cause {
    let Some(&outermost) = frames
        .iter()
        .rev()
        .find(|name| !table::is_stack_switch(name))
    else {
        return Cause::Other;
    };
    if is_within_malloc(frames) {
        return Cause::Runtime;
    }
    if table::is_malloc(outermost) {
        return cause_of_direct_call(frames, object_type, size_bytes);
    }
    match table::lookup(outermost) {
        Some(Cause::New) if is_closure(object_type) => Cause::Closure,
        Some(cause @ (Cause::MakeMap | Cause::MapInsert)) => refine_map(cause, frames),
        Some(cause) => cause,
        None => Cause::Runtime,
    }
}

/// Whether malloc itself came to allocate: it starts a garbage collection now
/// and then, and that its workers (go1.23 src/runtime/malloc.go:1303,
/// src/runtime/mgc.go `gcBgMarkStartWorkers`). The program asked for none of it.
fn is_within_malloc(frames: &[&str]) -> bool {
    let mut outside = frames.iter().skip_while(|name| table::is_malloc(name));
    outside.any(|name| table::is_malloc(name))
}

/// The program called one of the mallocs itself. The compiler makes it do so
/// * for `new` of at most 80 bytes, typed: go1.27
///   src/cmd/compile/internal/ssagen/ssa.go:860 (`newObject`);
/// * for pointer-free variables of at most 16 bytes in all, made as one, with
///   no type, since go1.25 (`flushPendingHeapAllocations`, same file);
/// * for `make` and `copy` of a pointer-free slice, always by `mallocgc` and
///   with no type: go1.19 src/cmd/compile/internal/walk/builtin.go:457,
///   go1.27 :576.
///
/// The last two look alike in go1.25 and go1.26 up to 16 bytes; there it is
/// taken for `new`.
fn cause_of_direct_call(frames: &[&str], object_type: TypeArg<'_>, size_bytes: u64) -> Cause {
    /// `maxAggregatedHeapAllocation`, go1.25 src/cmd/compile/internal/ssagen/ssa.go.
    const MAX_MERGED_BYTES: u64 = 16;
    if object_type != TypeArg::Nil {
        return if is_closure(object_type) {
            Cause::Closure
        } else {
            Cause::New
        };
    }
    if frames.last() != Some(&"runtime.mallocgc") {
        return Cause::New;
    }
    let may_be_merged = matches!(
        frames.first(),
        Some(&("runtime.mallocgcTiny" | "runtime.mallocgcSmallNoscan"))
    );
    if may_be_merged && size_bytes <= MAX_MERGED_BYTES {
        Cause::New
    } else {
        Cause::Copy
    }
}

/// The struct behind a function value: its code pointer, then what it captured
/// (go1.19 to go1.27 src/cmd/compile/internal/typecheck/func.go, `ClosureType`
/// and `MethodValueType`).
fn is_closure(object_type: TypeArg<'_>) -> bool {
    matches!(object_type, TypeArg::Named(name) if name.starts_with("struct { F uintptr"))
}

/// Tells the three causes of maps apart, `cause` being what the outermost
/// function is called for.
fn refine_map(cause: Cause, frames: &[&str]) -> Cause {
    let any_of = |names: &[&str]| frames.iter().any(|frame| names.contains(frame));
    if any_of(MAKE_MAP) {
        Cause::MakeMap
    } else if any_of(GROWTH) && !frames.contains(&FIRST_GROUP) {
        Cause::MapGrowth
    } else {
        cause
    }
}

#[cfg(test)]
mod tests;
