//! The wire format: map keys and values, and the records of the ring buffer.
//!
//! The kernel side writes these with plain stores; the host side turns bytes
//! back into values with `tracer::collect::Record::decode`, which accepts any bytes at all.

/// Frames kept of one stack. A longer stack is cut there and flagged
/// [`flags::CUT_AT_DEPTH`].
pub const MAX_FRAMES: usize = 127;

/// Entries of the probe table, hence probes one tracer can attach.
pub const MAX_PROBES: u32 = 1024;

/// Identity of a call stack: two independently mixed 64-bit hashes over its
/// program counters and its process. With a million stacks the chance that
/// any two share it is below 2⁻⁸⁸.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId {
    /// First lane.
    pub lo: u64,
    /// Second lane.
    pub hi: u64,
}

/// What is counted together: events that agree in all of this are one number.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CountKey {
    /// The call stack, or all zero when it was lost ([`flags::STACK_LOST`]).
    pub stack: StackId,
    /// Address of the runtime's type descriptor in the target, or 0 where the
    /// runtime passes none.
    pub type_addr: u64,
    /// Bytes asked for; 0 for the probes that count calls. Two [`flags`] give it another
    /// meaning.
    pub size_bytes: u64,
    /// Process the event happened in, in the initial PID namespace.
    pub pid: u32,
    /// Index into the probe table.
    pub probe: u16,
    /// Bits of [`flags`].
    pub flags: u16,
}

/// Bits of [`CountKey::flags`].
pub mod flags {
    /// The stack has more frames than were to be walked ([`super::Gate::most_frames`]).
    pub const CUT_AT_DEPTH: u16 = 1 << 0;
    /// The chain of frame pointers ended in memory that could not be read.
    pub const CUT_AT_READ: u16 = 1 << 1;
    /// The call chain was lost for want of ring space; the event itself is
    /// counted.
    pub const STACK_LOST: u16 = 1 << 2;
    /// A tiny object (noscan, under 16 bytes).
    pub const TINY: u16 = 1 << 3;
    /// A tiny object that opens a new 16-byte block; without it the object
    /// fits the block its P is filling.
    pub const TINY_OPENS_BLOCK: u16 = 1 << 4;
    /// The object holds no pointers (known where the probe must know it).
    pub const NOSCAN: u16 = 1 << 5;
    /// The count is of the objects of a span that was just used up, and
    /// [`super::CountKey::size_bytes`] is the number of its span class.
    pub const SPAN: u16 = 1 << 6;
    /// What a traced call was to copy could not be read.
    pub const NOT_COPIED: u16 = 1 << 7;
    /// The count is of steps by which slices or maps grow, and
    /// [`super::CountKey::size_bytes`] is a packed [`crate::growth::Step`].
    pub const GROWTH: u16 = 1 << 8;
}

/// Row of the probe table: what a program must know of the function it is
/// attached to. The row's index is the attach cookie.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeSpec {
    /// For hosts of an inlined leaf: the objects which that leaf would take.
    pub filter: LeafFilter,
    /// Whether the probed instruction is the `jbe` of the stack check: a hit
    /// with CF or ZF set is about to grow the stack and to come back.
    pub tests_flags: u8,
    /// One of [`tiny_rule`].
    pub tiny_rule: u8,
    /// Which [`Gate`] lets its hits in: one of [`gate`].
    pub gate: u8,
    /// What a traced call copies of the target's memory: one of [`copied`].
    pub copied: u8,
    /// Whether of traced calls only those that `filter` takes count.
    pub is_filtered: u8,
    /// How a function by which something grows is told of it: one of [`grower`].
    pub grower: u8,
    /// For functions that end the process: bytes of `memstats.heapStats` to copy.
    pub heap_stats_bytes: u16,
    /// The same: where these are, in bytes from the probed instruction on, modulo 2⁶⁴.
    pub heap_stats: u64,
}

/// What a traced call copies of the memory that its arguments point to.
pub mod copied {
    /// Nothing.
    pub const NOTHING: u8 = 0;
    /// The string whose address is in RCX and whose length is in RDI, as far as there
    /// is room for it.
    pub const STRING: u8 = 1;
    /// [`super::COPIED_WORDS_BYTES`] bytes at RAX.
    pub const AT_AX: u8 = 2;
    /// As many at RBX.
    pub const AT_BX: u8 = 3;
}

/// The functions by which slices and maps grow, by what their arguments are.
pub mod grower {
    /// None of them.
    pub const NONE: u8 = 0;
    /// `growslice` since Go 1.20: new length in RBX, old capacity in RCX, elements added
    /// in RDI, element type in RSI (go1.22 src/runtime/slice.go:155).
    pub const SLICE: u8 = 1;
    /// `growslice` before: element type in RAX, old length in RCX, old capacity in RDI,
    /// new length in RSI (go1.19 src/runtime/slice.go:178).
    pub const SLICE_BY_PARTS: u8 = 2;
    /// `bytes.growSlice`: length in RBX, capacity in RCX, bytes to add in RDI (go1.19
    /// src/bytes/buffer.go:220, go1.27 :247).
    pub const BUFFER: u8 = 3;
    /// `hashGrow`: type in RAX, `hmap` in RBX (go1.19 src/runtime/map.go:1041,
    /// go1.23 :1139).
    pub const BUCKETS: u8 = 4;
    /// `(*Map).growToSmall`: type in RBX (go1.24 src/internal/runtime/maps/map.go:590).
    pub const FIRST_GROUP: u8 = 5;
    /// `(*Map).growToTable`: `Map` in RAX, type in RBX (go1.24
    /// src/internal/runtime/maps/map.go:600).
    pub const FIRST_TABLE: u8 = 6;
    /// `(*table).grow` and `(*table).split`: `table` in RAX, type in RBX (go1.24
    /// src/internal/runtime/maps/table.go:1043, :1091; go1.27 :1242, :1290).
    pub const TABLE: u8 = 7;
}

/// Bytes copied by [`copied::AT_AX`] and [`copied::AT_BX`].
pub const COPIED_WORDS_BYTES: usize = 16;

/// What lets the hits of some probes in. The collector shares its memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Not zero when hits count.
    pub open: u64,
    /// Hits to let in before the gate counts as shut.
    pub limit: u64,
    /// Frames to walk at most, innermost first; [`MAX_FRAMES`] is the most.
    pub most_frames: u64,
    /// The gate counts as shut from this time on, put off by [`Self::hold_up_ns`] for
    /// every one of [`Self::taken`]: nanoseconds of the monotonic clock, modulo 2⁶⁴, as
    /// hits of earlier windows are taken off beforehand. 0 for never.
    pub deadline_ns: u64,
    /// By how much a hit holds the target up, nanoseconds.
    pub hold_up_ns: u64,
    /// Keeps what the programs write off the line they only read.
    pub padding: [u64; 3],
    /// Hits let in so far. Threads that come at
    /// the same instant may go over the limit, by one each.
    pub taken: u64,
    /// When the first hit was turned away because of the limit or the deadline:
    /// nanoseconds of the monotonic clock, 0 when none was. The collector sets it back.
    pub exhausted_ns: u64,
    /// As above.
    pub padding_behind: [u64; 6],
}

/// The gates there are.
pub mod gate {
    /// For probes that are on in windows.
    pub const WINDOW: u8 = 0;
    /// For probes that are on all the time.
    pub const ALWAYS: u8 = 1;
    /// Number of gates: a power of two.
    pub const COUNT: u32 = 2;
}

/// How a probe tells tiny objects.
pub mod tiny_rule {
    /// The function never allocates tiny objects.
    pub const NEVER: u8 = 0;
    /// The function allocates nothing else.
    pub const ALWAYS: u8 = 1;
    /// Tiny when under 16 bytes and without pointers.
    pub const BY_TYPE: u8 = 2;
}

/// The set of objects that a host's inlined leaves take, as bit masks over
/// what `mallocgc` decides on.
///
/// `sc_*` masks have a bit per size class and apply to sizes up to
/// `size_class_limit`; above it, or where no specialised function exists
/// (`size_class_limit` 0), the bits of `general` apply.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeafFilter {
    /// Size classes of inlined `mallocgcSmallScanNoHeaderSC<n>`.
    pub sc_scan: u32,
    /// Size classes of inlined `mallocgcSmallNoScanSC<n>`.
    pub sc_noscan: u32,
    /// Sizes of inlined `mallocgcTinySize<n>`; all 15 for `mallocgcTinySC2`
    /// and `mallocgcTiny`.
    pub tiny_sizes: u32,
    /// Bits of [`general_leaf`].
    pub general: u16,
    /// Largest size, in bytes, that has a function of its own size class.
    pub size_class_limit: u16,
}

/// Bits of [`LeafFilter::general`], named after the functions of Go 1.24.
pub mod general_leaf {
    /// `mallocgcSmallNoscan`
    pub const SMALL_NOSCAN: u16 = 1 << 0;
    /// `mallocgcSmallScanNoHeader`
    pub const SMALL_SCAN_NO_HEADER: u16 = 1 << 1;
    /// `mallocgcSmallScanHeader`
    pub const SMALL_SCAN_HEADER: u16 = 1 << 2;
    /// `mallocgcLarge`
    pub const LARGE: u16 = 1 << 3;
    /// A span that is used up: `(*mcache).nextFree` with `refill` inlined,
    /// which it calls for no other.
    pub const USED_UP_SPAN: u16 = 1 << 13;
    /// Every object of at most `size_class_limit` bytes: `mallocgc` up to Go 1.23
    /// where large objects are counted elsewhere.
    pub const UP_TO_LIMIT: u16 = 1 << 14;
    /// Every object that is not empty: `mallocgc` itself, up to Go 1.23.
    pub const ANY: u16 = 1 << 15;
}

/// What the programs must know of the target's runtime; set before load.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `moduledata.types` and `.etypes` (ELF addresses): a type outside them
    /// was made at run time and is announced with a [`TypeRecord`].
    pub types_start: u64,
    /// End of the range, exclusive.
    pub types_end: u64,
    /// The only process to count, or 0 for every process that has the probe.
    pub pid: u32,
    /// Offset of `g.m`.
    pub g_m: u16,
    /// Offset of `m.p`.
    pub m_p: u16,
    /// Offset of `p.mcache`.
    pub p_mcache: u16,
    /// Offset of `mcache.tinyoffset`; 0 when the runtime's layout is unknown,
    /// and then no block is ever predicted.
    pub mcache_tinyoffset: u16,
    /// Offset of `mcache.tinyAllocs`.
    pub mcache_tiny_allocs: u16,
    /// Offset of `mcache.alloc`.
    pub mcache_alloc: u16,
    /// Offset of `mspan.allocCount`.
    pub mspan_alloc_count: u16,
    /// Offset of `mspan.allocCountBeforeCache`.
    pub mspan_alloc_count_before_cache: u16,
    /// Offset of `mspan.nelems`, whose first two bytes hold all of it.
    pub mspan_nelems: u16,
    /// Offset of `g.goid`; 0 when the runtime's layout is unknown, and then traced
    /// calls are of no goroutine.
    pub g_goid: u16,
    /// Offset of `m.curg`.
    pub m_curg: u16,
    /// Offset of `g.labels`; 0 when the runtime's layout is unknown, and then traced
    /// calls have no labels.
    pub g_labels: u16,
    /// Offset of `g.stack.hi`; 0 when traced calls are not joined with their returns.
    pub g_stack_hi: u16,
    /// Explicit padding, zero.
    pub padding: [u8; 2],
}

/// Most that is kept of `memstats.heapStats`: three deltas of 1176 bytes and the
/// generation in every release so far (go1.19 src/runtime/mstats.go:667, go1.27 :655).
pub const MAX_HEAP_STATS_BYTES: usize = 4096;

/// What the runtime had counted when it ended the process.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtExit {
    /// Not zero once all of it is there.
    pub is_whole: u32,
    /// `memstats.heapStats.gen`, read before all else.
    pub generation: u32,
    /// `memstats.heapStats` up to its generation, as far as the probe asked for it.
    pub heap_stats: [u8; MAX_HEAP_STATS_BYTES],
}

/// What one CPU has counted, by [`counter`].
pub type Counters = [u64; counter::COUNT as usize];

/// Slots of the per-CPU counters.
pub mod counter {
    /// Objects and calls of the events that passed every filter: one each, but
    /// for spans.
    pub const HITS: u32 = 0;
    /// Events that fitted neither the map nor the ring.
    pub const LOST_EVENTS: u32 = 1;
    /// Events counted without their call chain for want of ring space.
    pub const LOST_STACKS: u32 = 2;
    /// Events streamed because the map was full.
    pub const STREAMED: u32 = 3;
    /// Bytes asked for by the events that passed every filter.
    pub const BYTES: u32 = 4;
    /// Traps: every time a probe was hit, whether or not it counted.
    pub const TRAPS: u32 = 5;
    /// Events whose counting was timed: some, chosen at random.
    pub const TIMED: u32 = 6;
    /// Nanoseconds that those took, without the trap.
    pub const TIMED_NS: u32 = 7;
    /// Traps of them that were returns of traced calls.
    pub const RETURN_TRAPS: u32 = 8;
    /// Returns of traced calls that were let in.
    pub const RETURNS: u32 = 9;
    /// Number of slots.
    pub const COUNT: u32 = 10;
}

/// Kinds of ring record: the first `u32` of each.
pub mod kind {
    /// [`super::StackRecord`]
    pub const STACK: u32 = 1;
    /// [`super::EventRecord`]
    pub const EVENT: u32 = 2;
    /// [`super::TypeRecord`]
    pub const TYPE: u32 = 3;
    /// [`super::TraceRecord`]
    pub const TRACE: u32 = 4;
    /// [`super::ReturnRecord`]
    pub const RETURN: u32 = 5;
}

/// A stack seen for the first time.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackRecord {
    /// What it is, and of whom.
    pub header: StackHeader,
    /// Return addresses, innermost first.
    pub frames: [u64; MAX_FRAMES],
}

/// The front of a [`StackRecord`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackHeader {
    /// [`kind::STACK`]
    pub kind: u32,
    /// Frames that hold a value, at most as many as the record has.
    pub depth: u32,
    /// Its identity.
    pub id: StackId,
    /// Address of the probed instruction in the process: minus the plan's ELF
    /// address for this probe it is the load bias.
    pub probe_ip: u64,
    /// Process it was seen in first.
    pub pid: u32,
    /// Probe it was seen at first.
    pub probe: u32,
}

/// One event that found no room in the map.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// [`kind::EVENT`]
    pub kind: u32,
    /// How many objects or calls it stands for.
    pub objects: u32,
    /// What happened.
    pub key: CountKey,
}

/// A type descriptor that is not part of the executable, made by `reflect` at
/// run time: it has to be read while the process lives.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRecord {
    /// [`kind::TYPE`]
    pub kind: u32,
    /// Process whose memory holds it.
    pub pid: u32,
    /// Where.
    pub type_addr: u64,
}

/// Registers kept of a traced call: RAX, RBX, RCX, RDI, RSI, in which Go passes the
/// first integer arguments.
pub const TRACED_REGISTERS: usize = 5;

/// Bytes kept at most of the memory that a traced call's arguments point to.
pub const TRACED_MEMORY_BYTES: usize = 64;

/// Frames kept of a traced call by the program for short stacks.
pub const SHORT_STACK_FRAMES: usize = 16;

/// A traced call, with room for `FRAMES` frames.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRecord<const FRAMES: usize> {
    /// What happened.
    pub header: TraceHeader,
    /// Return addresses, innermost first.
    pub frames: [u64; FRAMES],
}

/// The front of a [`TraceRecord`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    /// [`kind::TRACE`]
    pub kind: u32,
    /// The thread, in the initial PID namespace.
    pub tid: u32,
    /// Index into the probe table.
    pub probe: u16,
    /// Bits of [`flags`].
    pub flags: u16,
    /// Frames that hold a value.
    pub depth: u32,
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// `g.goid` of the goroutine, 0 where there is none.
    pub goid: u64,
    /// `g.labels` of the goroutine: the address of its profiler labels, 0 where there
    /// are none.
    pub labels: u64,
    /// Where its return is to be seen; undefined when calls are not joined with their
    /// returns.
    pub activation: Activation,
    /// The arguments.
    pub registers: [u64; TRACED_REGISTERS],
    /// What [`ProbeSpec::copied`] asks for; what lies behind that is undefined.
    pub memory: [u8; TRACED_MEMORY_BYTES],
}

/// What a call and its return have in common: the place of the return address.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Activation {
    /// The `g` that runs it, a goroutine's or that of the thread's system stack: it stays
    /// where it is.
    pub g: u64,
    /// Bytes of its stack in use: `g.stack.hi` less the stack pointer, which a stack that
    /// grows, and so moves, leaves as it is.
    pub depth_bytes: u64,
}

/// Registers kept of a return: RAX, RBX, RCX, in which Go returns the first results.
pub const RETURNED_REGISTERS: usize = 3;

/// The return of a traced call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnRecord {
    /// [`kind::RETURN`]
    pub kind: u32,
    /// Index into the probe table.
    pub probe: u32,
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// Which call's.
    pub activation: Activation,
    /// The results.
    pub registers: [u64; RETURNED_REGISTERS],
}

/// Bytes of a trace record before its frames.
pub const TRACE_HEADER_BYTES: usize = size_of::<TraceHeader>();

/// Bytes of a stack record before its frames.
pub const STACK_HEADER_BYTES: usize = size_of::<StackHeader>();

const _: () = {
    assert!(size_of::<CountKey>() == 40);
    assert!(STACK_HEADER_BYTES == 40);
    assert!(size_of::<LeafFilter>() == 16);
    assert!(size_of::<ProbeSpec>() == 32);
    assert!(size_of::<AtExit>() == 8 + MAX_HEAP_STATS_BYTES);
    assert!(size_of::<Config>() == 48);
    assert!(size_of::<Gate>() == 128);
    assert!(gate::COUNT.is_power_of_two());
    assert!(size_of::<EventRecord>() == 48);
    assert!(size_of::<TypeRecord>() == 16);
    assert!(size_of::<StackRecord>() == STACK_HEADER_BYTES + 8 * MAX_FRAMES);
    assert!(TRACE_HEADER_BYTES == 160);
    assert!(size_of::<ReturnRecord>() == 56);
    assert!(size_of::<TraceRecord<MAX_FRAMES>>() == TRACE_HEADER_BYTES + 8 * MAX_FRAMES);
};
