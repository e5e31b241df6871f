//! The runtime's functions by what they are called for.
//!
//! What the compiler calls is declared in go1.27
//! src/cmd/compile/internal/typecheck/_builtin/runtime.go (and in the same file
//! since go1.21; builtin/runtime.go before); what other packages reach by
//! linkname, in src/runtime/linkname*.go and beside the functions. The bodies
//! were read in go1.19, 1.21 to 1.27. A name that one release lacks does no
//! harm in it, so the table is one for all.

use super::Cause;

/// By whole name.
const EXACT: &[(&str, Cause)] = &[
    // src/runtime/malloc.go
    ("runtime.newobject", Cause::New),
    ("runtime.newarray", Cause::MakeSlice),
    // src/runtime/slice.go; the last four exist since go1.26.
    ("runtime.makeslice", Cause::MakeSlice),
    ("runtime.makeslice64", Cause::MakeSlice),
    ("internal/bytealg.MakeNoZero", Cause::MakeSlice),
    ("runtime.growslice", Cause::AppendGrowth),
    ("runtime.growsliceBuf", Cause::AppendGrowth),
    ("runtime.growsliceNoAlias", Cause::AppendGrowth),
    ("runtime.growsliceBufNoAlias", Cause::AppendGrowth),
    ("runtime.makeslicecopy", Cause::Copy),
    ("runtime.moveSlice", Cause::Copy),
    ("runtime.moveSliceNoScan", Cause::Copy),
    ("runtime.moveSliceNoCap", Cause::Copy),
    ("runtime.moveSliceNoCapNoScan", Cause::Copy),
    // src/runtime/map*.go up to go1.23, src/internal/runtime/maps from go1.24 on.
    ("runtime.makemap", Cause::MakeMap),
    ("runtime.makemap64", Cause::MakeMap),
    ("runtime.makemap_small", Cause::MakeMap),
    ("maps.clone", Cause::MakeMap),
    ("runtime.mapclone", Cause::MakeMap),
    ("runtime.mapclone2", Cause::MakeMap),
    // These allocate only to go on with a growth, or to find overflow buckets again.
    ("runtime.mapclear", Cause::MapGrowth),
    ("runtime.mapiterinit", Cause::MapGrowth),
    ("runtime.mapiternext", Cause::MapGrowth),
    ("runtime.mapIterStart", Cause::MapGrowth),
    ("runtime.mapIterNext", Cause::MapGrowth),
    // src/runtime/string.go
    ("runtime.slicebytetostring", Cause::StringConversion),
    ("runtime.slicerunetostring", Cause::StringConversion),
    ("runtime.stringtoslicebyte", Cause::StringConversion),
    ("runtime.stringtoslicerune", Cause::StringConversion),
    ("runtime.intstring", Cause::StringConversion),
    ("runtime.gostring", Cause::StringConversion),
    ("runtime.gostringn", Cause::StringConversion),
    ("runtime.gobytes", Cause::StringConversion),
    ("internal/syscall/unix.gostring", Cause::StringConversion),
    // src/runtime/chan.go
    ("runtime.makechan", Cause::Channel),
    ("runtime.makechan64", Cause::Channel),
    ("runtime.chansend1", Cause::Channel),
    ("runtime.chanrecv1", Cause::Channel),
    ("runtime.chanrecv2", Cause::Channel),
    ("runtime.closechan", Cause::Channel),
    // src/runtime/select.go; the selectnb* try a single channel.
    ("runtime.selectgo", Cause::Select),
    ("runtime.selectnbsend", Cause::Select),
    ("runtime.selectnbrecv", Cause::Select),
    // src/runtime/proc.go. newproc itself is not on the frame-pointer chain of
    // the system stack up to go1.20, its closure is.
    ("runtime.newproc", Cause::Goroutine),
    ("runtime.newproc.func1", Cause::Goroutine),
    ("runtime.newproc1", Cause::Goroutine),
    ("runtime.newcoro", Cause::Goroutine),
    ("runtime.newcoro.func1", Cause::Goroutine),
    // src/runtime/panic.go; deferprocat and deferrangefunc since go1.22.
    ("runtime.deferproc", Cause::Defer),
    ("runtime.deferprocat", Cause::Defer),
    ("runtime.deferrangefunc", Cause::Defer),
    ("runtime.deferconvert", Cause::Defer),
];

/// By the beginning of the name, for families that differ by type or arity.
const PREFIX: &[(&str, Cause)] = &[
    // convT, convTnoptr, convT16, convT32, convT64, convTstring, convTslice:
    // src/runtime/iface.go
    ("runtime.convT", Cause::InterfaceBoxing),
    // concatstrings, concatstring2 to 5; concatbytes and concatbyte2 to 5 since go1.24.
    ("runtime.concatstring", Cause::StringConcat),
    ("runtime.concatbyte", Cause::StringConcat),
    // mapassign, _fast32, _fast32ptr, _fast64, _fast64ptr, _faststr.
    ("runtime.mapassign", Cause::MapInsert),
    // The same, named as the package that holds them does (go1.24 on).
    ("internal/runtime/maps.runtime_mapassign", Cause::MapInsert),
    // mapdelete and its kin go on with a growth.
    ("runtime.mapdelete", Cause::MapGrowth),
    // unsafe_New, unsafe_NewArray, makemap, makechan, mapassign0, growslice...
    ("reflect.", Cause::Reflect),
    ("internal/reflectlite.", Cause::Reflect),
];

/// The functions that make a map, which fill in its first tables themselves.
pub(super) const MAKE_MAP: &[&str] = &[
    "runtime.makemap",
    "runtime.makemap64",
    "runtime.makemap_small",
    "internal/runtime/maps.NewMap",
    "internal/runtime/maps.NewEmptyMap",
    "internal/runtime/maps.(*Map).Clone",
    "internal/runtime/maps.(*table).clone",
];

/// The functions that make room for entries in a map.
pub(super) const GROWTH: &[&str] = &[
    // src/runtime/map.go, up to go1.23; map_noswiss.go in go1.24 and 1.25.
    "runtime.hashGrow",
    "runtime.makeBucketArray",
    "runtime.(*hmap).newoverflow",
    "runtime.(*hmap).createOverflow",
    "runtime.growWork",
    "runtime.growWork_fast32",
    "runtime.growWork_fast64",
    "runtime.growWork_faststr",
    // src/internal/runtime/maps, map.go and table.go, from go1.24 on.
    "internal/runtime/maps.(*Map).growToTable",
    "internal/runtime/maps.(*Map).installTableSplit",
    "internal/runtime/maps.(*table).rehash",
    "internal/runtime/maps.(*table).grow",
    "internal/runtime/maps.(*table).split",
    "internal/runtime/maps.newTable",
    "internal/runtime/maps.newGroups",
];

/// The function that makes a map's first group, from go1.24 on (src/internal/runtime/maps,
/// map.go); up to go1.23 mapassign makes the first bucket itself.
pub(super) const FIRST_GROUP: &str = "internal/runtime/maps.(*Map).growToSmall";

/// Why that function is called; `None` for those that allocate only for the
/// runtime's own ends.
pub(super) fn lookup(name: &str) -> Option<Cause> {
    let exact = EXACT.iter().find(|(known, _)| *known == name);
    let found = exact.or_else(|| PREFIX.iter().find(|(prefix, _)| name.starts_with(prefix)));
    found.map(|&(_, cause)| cause)
}

/// Whether it is `mallocgc` or one of the functions behind it, the size-specialised
/// ones of go1.26 and go1.27 (src/runtime/malloc_generated.go) included.
pub(super) fn is_malloc(name: &str) -> bool {
    name.strip_prefix("runtime.mallocgc")
        .is_some_and(|rest| !rest.contains('.'))
}

/// Whether it only moves the work to the system stack (src/runtime/asm_amd64.s).
pub(super) fn is_stack_switch(name: &str) -> bool {
    matches!(
        name,
        "runtime.systemstack" | "runtime.mcall" | "runtime.systemstack_switch"
    )
}
