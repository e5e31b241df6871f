//! What the frames say of an object's type, where the runtime is told less.

use super::table::is_malloc;

/// Functions that allocate without a type something that always has the same
/// one. go1.27 src/runtime/string.go:171, 326, 333, 348, 367; slice.go:437;
/// chan.go:99, 105. The same functions since go1.19, where they are.
const IMPLIED: &[(&str, &str)] = &[
    ("runtime.slicebytetostring", "string"),
    ("runtime.rawstring", "string"),
    ("runtime.rawstringtmp", "string"),
    ("runtime.rawbyteslice", "[]byte"),
    ("runtime.stringtoslicebyte", "[]byte"),
    ("runtime.concatbytes", "[]byte"),
    ("runtime.gobytes", "[]byte"),
    ("internal/bytealg.MakeNoZero", "[]byte"),
    ("runtime.rawruneslice", "[]rune"),
    ("runtime.stringtoslicerune", "[]rune"),
    // A channel of pointer-free elements: header and buffer in one.
    ("runtime.makechan", "runtime.hchan"),
    ("runtime.intstring", "string"),
    ("runtime.slicerunetostring", "string"),
    ("runtime.gostring", "string"),
    ("runtime.gostringn", "string"),
    ("runtime.concatstrings", "string"),
];

/// Functions that hand the type of one element to malloc, and the size of all:
/// go1.27 src/runtime/slice.go:64, 117, 273, 450, 484; malloc.go:2183; chan.go:110.
const ELEMENT_TYPED: &[&str] = &[
    "runtime.makeslice",
    "runtime.makeslicecopy",
    "runtime.growslice",
    "runtime.growsliceBuf",
    "runtime.growsliceNoAlias",
    "runtime.growsliceBufNoAlias",
    "runtime.moveSlice",
    "runtime.moveSliceNoCap",
    "runtime.newarray",
    "reflect.unsafe_NewArray",
    "internal/runtime/maps.newarray",
    "runtime.makechan",
];

/// The function that called malloc.
fn requester<'a>(frames: &[&'a str]) -> Option<&'a str> {
    frames.iter().copied().find(|name| !is_malloc(name))
}

/// The type of an object for which the runtime passed none, where the calling
/// functions leave no doubt.
#[must_use]
pub fn implied_type(frames: &[&str]) -> Option<&'static str> {
    let name = requester(frames)?;
    IMPLIED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, implied)| implied)
}

/// Whether the type the runtime passed is that of one element of an array, so
/// that the object is best called `[]T`.
#[must_use]
pub fn is_slice_like(frames: &[&str]) -> bool {
    requester(frames).is_some_and(|name| ELEMENT_TYPED.contains(&name))
}
