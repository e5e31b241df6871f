use proptest::prelude::*;

use super::TypeArg::{Named, Nil, Unknown};
use super::*;

const GC: &str = "runtime.mallocgc";
const LARGE: u64 = 4096;

/// The cause for frames below the leaf and mallocgc of go1.24.
fn cause(frames: &[&str]) -> Cause {
    let mut all = vec!["runtime.mallocgcSmallScanNoHeader", GC];
    all.extend(frames);
    cause_of(&all, Unknown, LARGE)
}

#[test]
fn names_are_distinct_and_shown() {
    for (index, cause) in Cause::ALL.into_iter().enumerate() {
        assert_eq!(cause as usize, index);
        assert_eq!(cause.to_string(), cause.name());
        assert!(
            !Cause::ALL[..index]
                .iter()
                .any(|other| other.name() == cause.name())
        );
    }
}

#[test]
fn what_the_compiler_calls() {
    for (frames, expected) in [
        (&["runtime.newobject"][..], Cause::New),
        (&["runtime.makeslice"], Cause::MakeSlice),
        (
            &["runtime.makeslice", "runtime.makeslice64"],
            Cause::MakeSlice,
        ),
        (&["internal/bytealg.MakeNoZero"], Cause::MakeSlice),
        (&["runtime.growslice"], Cause::AppendGrowth),
        (
            &["runtime.growslice", "runtime.growsliceBuf"],
            Cause::AppendGrowth,
        ),
        (&["runtime.makeslicecopy"], Cause::Copy),
        (&["runtime.moveSliceNoScan"], Cause::Copy),
        (
            &[
                "runtime.rawstring",
                "runtime.rawstringtmp",
                "runtime.concatstrings",
                "runtime.concatstring2",
            ],
            Cause::StringConcat,
        ),
        (
            &[
                "runtime.rawbyteslice",
                "runtime.concatbytes",
                "runtime.concatbyte3",
            ],
            Cause::StringConcat,
        ),
        (&["runtime.slicebytetostring"], Cause::StringConversion),
        (
            &["runtime.rawbyteslice", "runtime.stringtoslicebyte"],
            Cause::StringConversion,
        ),
        (
            &["runtime.rawruneslice", "runtime.stringtoslicerune"],
            Cause::StringConversion,
        ),
        (
            &["runtime.rawstring", "runtime.gostring"],
            Cause::StringConversion,
        ),
        (&["runtime.convT"], Cause::InterfaceBoxing),
        (&["runtime.convT64"], Cause::InterfaceBoxing),
        (&["runtime.convTstring"], Cause::InterfaceBoxing),
        (&["runtime.newobject", "runtime.makechan"], Cause::Channel),
        (
            &[
                "runtime.newobject",
                "runtime.acquireSudog",
                "runtime.chanrecv",
                "runtime.chanrecv1",
            ],
            Cause::Channel,
        ),
        (
            &[
                "runtime.newobject",
                "runtime.acquireSudog",
                "runtime.selectgo",
            ],
            Cause::Select,
        ),
        (
            &["runtime.newobject", "runtime.newdefer", "runtime.deferproc"],
            Cause::Defer,
        ),
        (
            &["runtime.newobject", "runtime.deferrangefunc"],
            Cause::Defer,
        ),
        (&["reflect.unsafe_New"], Cause::Reflect),
        (
            &["runtime.newarray", "reflect.unsafe_NewArray"],
            Cause::Reflect,
        ),
        (&["internal/reflectlite.unsafe_New"], Cause::Reflect),
    ] {
        assert_eq!(cause(frames), expected, "{frames:?}");
    }
}

#[test]
fn goroutines_through_the_system_stack() {
    let common = [
        "runtime.newobject",
        "runtime.malg",
        "runtime.newproc1",
        "runtime.newproc.func1",
        "runtime.systemstack",
    ];
    // Up to go1.20 the chain loses newproc.
    assert_eq!(cause(&common), Cause::Goroutine);
    assert_eq!(
        cause(&[&common[..], &["runtime.newproc"]].concat()),
        Cause::Goroutine
    );
    assert_eq!(
        cause(&["runtime.newobject", "runtime.newcoro"]),
        Cause::Goroutine
    );
}

#[test]
fn maps_up_to_go1_23() {
    let assign = "runtime.mapassign_fast64";
    for (frames, expected) in [
        (
            &["runtime.newobject", "runtime.makemap_small"][..],
            Cause::MakeMap,
        ),
        (
            &[
                "runtime.newarray",
                "runtime.makeBucketArray",
                "runtime.makemap",
            ],
            Cause::MakeMap,
        ),
        (&["runtime.newobject", assign], Cause::MapInsert),
        (
            &[
                "runtime.newarray",
                "runtime.makeBucketArray",
                "runtime.hashGrow",
                assign,
            ],
            Cause::MapGrowth,
        ),
        (
            &["runtime.newobject", "runtime.(*hmap).newoverflow", assign],
            Cause::MapGrowth,
        ),
        (
            &[
                "runtime.newobject",
                "runtime.(*hmap).newoverflow",
                "runtime.evacuate",
                "runtime.growWork",
                "runtime.mapdelete",
            ],
            Cause::MapGrowth,
        ),
        (
            &[
                "runtime.newobject",
                "runtime.makemap",
                "runtime.mapclone2",
                "maps.clone",
            ],
            Cause::MakeMap,
        ),
    ] {
        assert_eq!(cause(frames), expected, "{frames:?}");
    }
    let frames = [GC, "runtime.newobject", "runtime.mapassign_faststr"];
    assert_eq!(
        cause_of(&frames, Named("map.bucket[string]int"), 208),
        Cause::MapInsert
    );
    assert_eq!(
        cause_of(&frames, Named("[200]uint8"), 200),
        Cause::MapInsert
    );
}

#[test]
fn maps_from_go1_24_on() {
    let assign = "runtime.mapassign_fast64";
    let maps = |name: &str| format!("internal/runtime/maps.{name}");
    for (frames, expected) in [
        (&["newobject", "NewMap"][..], Cause::MakeMap),
        (
            &[
                "newarray",
                "newGroups",
                "(*table).reset",
                "newTable",
                "NewMap",
            ],
            Cause::MakeMap,
        ),
        (
            &["newarray", "newGroups", "(*Map).growToSmall"],
            Cause::MapInsert,
        ),
        (
            &[
                "newarray",
                "newGroups",
                "(*table).reset",
                "newTable",
                "(*table).grow",
                "(*table).rehash",
            ],
            Cause::MapGrowth,
        ),
        (
            &["newTable", "(*table).split", "(*table).rehash"],
            Cause::MapGrowth,
        ),
        (&["newobject", "(*Map).putSlotSmall"], Cause::MapInsert),
    ] {
        let mut names: Vec<String> = frames.iter().map(|name| maps(name)).collect();
        names.push(
            if expected == Cause::MakeMap {
                "runtime.makemap"
            } else {
                assign
            }
            .to_owned(),
        );
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(cause(&names), expected, "{names:?}");
    }
}

#[test]
fn direct_calls_of_malloc() {
    let sc = "runtime.mallocgcSmallScanNoHeaderSC5";
    let tiny = "runtime.mallocgcTinySC2";
    // go1.27: &T{} and merged variables call the specialised functions.
    assert_eq!(cause_of(&[sc], Named("main.Node"), 48), Cause::New);
    assert_eq!(cause_of(&[tiny], Nil, 12), Cause::New);
    // make and copy always goes by mallocgc.
    assert_eq!(cause_of(&[tiny, GC], Nil, 12), Cause::Copy);
    assert_eq!(cause_of(&[GC], Nil, 8), Cause::Copy);
    assert_eq!(
        cause_of(&["runtime.mallocgcSmallNoscan", GC], Nil, 64),
        Cause::Copy
    );
    // The ambiguous ones.
    assert_eq!(cause_of(&["runtime.mallocgcTiny", GC], Nil, 12), Cause::New);
    assert_eq!(
        cause_of(&["runtime.mallocgcSmallNoscan", GC], Nil, 16),
        Cause::New
    );
    // A type that cannot be read is still a type.
    assert_eq!(cause_of(&[GC], Unknown, 64), Cause::New);
}

#[test]
fn closures_by_the_name_of_their_struct() {
    for name in [
        "struct { F uintptr; X0 *int }",
        "struct { F uintptr; R *bytes.Buffer }",
        "struct { F uintptr; .autotmp_1 chan int }",
        "struct { F uintptr }",
    ] {
        assert_eq!(
            cause_of(&[GC, "runtime.newobject"], Named(name), 16),
            Cause::Closure
        );
        let direct = ["runtime.mallocgcSmallScanNoHeaderSC2"];
        assert_eq!(cause_of(&direct, Named(name), 16), Cause::Closure);
        assert_eq!(
            cause_of(&[GC, "runtime.makeslice"], Named(name), 16),
            Cause::MakeSlice
        );
    }
    let other = "struct { Func uintptr }";
    assert_eq!(
        cause_of(&[GC, "runtime.newobject"], Named(other), 8),
        Cause::New
    );
}

#[test]
fn what_the_runtime_does_for_itself() {
    for frames in [
        &["runtime.newobject", "time.newTimer"][..],
        &["runtime.growslice", "runtime.SetFinalizer"],
        &[
            "runtime.newobject",
            "runtime.acquireSudog",
            "runtime.semacquire1",
            "sync.runtime_Semacquire",
        ],
        &[
            "runtime.newobject",
            "runtime.doInit",
            "runtime.main",
            "runtime.goexit",
        ],
        &[
            "runtime.newobject",
            "runtime.allocm",
            "runtime.newm",
            "runtime.main.func1",
            "runtime.systemstack",
            "runtime.goexit",
        ],
    ] {
        assert_eq!(cause(frames), Cause::Runtime, "{frames:?}");
    }
}

#[test]
fn what_a_garbage_collection_needs_is_not_the_programs() {
    let workers = ["runtime.gcBgMarkStartWorkers", "runtime.gcStart", GC];
    for (inner, outer) in [
        (
            &["runtime.newobject"][..],
            &["runtime.newobject", "runtime.mapassign"][..],
        ),
        (&["runtime.makechan"], &["runtime.makeslice"]),
        (
            &[
                "runtime.newobject",
                "runtime.malg",
                "runtime.newproc1",
                "runtime.newproc",
            ],
            &[],
        ),
    ] {
        let frames = [inner, &workers, outer].concat();
        assert_eq!(cause(&frames), Cause::Runtime, "{frames:?}");
    }
}

#[test]
fn no_frames_no_cause() {
    assert_eq!(cause_of(&[], Nil, 8), Cause::Other);
    assert_eq!(cause_of(&["runtime.systemstack"], Nil, 8), Cause::Other);
}

#[test]
fn types_the_runtime_does_not_pass() {
    for (frames, expected) in [
        (
            &[GC, "runtime.rawstring", "runtime.concatstrings"][..],
            Some("string"),
        ),
        (&[GC, "runtime.slicebytetostring"], Some("string")),
        (
            &[GC, "runtime.rawbyteslice", "runtime.stringtoslicebyte"],
            Some("[]byte"),
        ),
        (
            &[
                GC,
                "runtime.rawbyteslice",
                "runtime.concatbytes",
                "runtime.concatbyte2",
            ],
            Some("[]byte"),
        ),
        (
            &[GC, "runtime.rawruneslice", "runtime.stringtoslicerune"],
            Some("[]rune"),
        ),
        (
            &["runtime.mallocgcTinySC2", GC, "internal/bytealg.MakeNoZero"],
            Some("[]byte"),
        ),
        (&[GC, "runtime.makechan"], Some("runtime.hchan")),
        (&[GC, "runtime.growslice"], None),
        (&[GC], None),
        (&[], None),
    ] {
        assert_eq!(implied_type(frames), expected, "{frames:?}");
    }
}

#[test]
fn where_the_type_is_that_of_an_element() {
    for (frames, expected) in [
        (&[GC, "runtime.makeslice"][..], true),
        (&[GC, "runtime.growslice"], true),
        (&[GC, "runtime.newarray", "reflect.unsafe_NewArray"], true),
        (&[GC, "runtime.moveSlice"], true),
        (&[GC, "runtime.makechan"], true),
        (&[GC, "runtime.newobject", "runtime.makechan"], false),
        (&[GC, "runtime.newobject"], false),
        (&["runtime.mallocgcSmallScanNoHeaderSC5"], false),
    ] {
        assert_eq!(is_slice_like(frames), expected, "{frames:?}");
    }
}

proptest! {
    #[test]
    fn any_frames_have_a_cause(
        frames in proptest::collection::vec("(runtime\\.|reflect\\.)?[a-zA-Z_.()*]{0,20}", 0..8),
        name in "\\PC{0,20}",
        size: u64,
    ) {
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let _ = cause_of(&frames, Named(&name), size);
        let _ = (implied_type(&frames), is_slice_like(&frames));
    }
}
