//! Type descriptors: what the runtime's `*_type` arguments point at.
//!
//! Layout: `type _type`, go1.19 src/runtime/type.go:35; `abi.Type`, go1.21 to
//! go1.27 src/internal/abi/type.go:20. The fields read here are no pointers, so a
//! file has them also where it is position independent.

use super::binary::GoBinary;
use super::bytes::{i32_at, u64_at, uvarint};
use crate::addr::ElfAddr;

/// Length of a type descriptor, without what follows it for some kinds.
pub const TYPE_HEADER_BYTES: usize = 48;
/// Longest type name that is read.
const MAX_NAME_BYTES: usize = 1 << 14;

const SIZE: usize = 0;
const PTR_BYTES: usize = 8;
const TFLAG: usize = 0x14;
const KIND: usize = 0x17;
const NAME: usize = 0x28;
/// `TFlagExtraStar`: the name is stored behind a `*` that does not belong to it.
const TFLAG_EXTRA_STAR: u8 = 2;
/// The upper bits were flags until Go 1.25.
const KIND_MASK: u8 = 0x1f;

/// A type as the runtime knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeType {
    /// Its descriptor.
    pub addr: ElfAddr,
    /// Size of a value.
    pub size_bytes: u64,
    /// Length of the front part that holds pointers; 0 for none at all.
    pub ptr_bytes: u64,
    /// What sort of type it is.
    pub kind: Kind,
    /// As the runtime prints it, packages by name: `main.Node`,
    /// `map[string]int`, `main.Pair[string,int]`.
    pub name: String,
}

impl RuntimeType {
    /// Whether values hold no pointers, so that the collector skips them.
    #[must_use]
    pub fn is_noscan(&self) -> bool {
        self.ptr_bytes == 0
    }
}

macro_rules! kinds {
    ($($name:ident)*) => {
        /// The sorts of types, numbered as `reflect.Kind`: go1.26
        /// src/internal/abi/type.go:52.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are Go's own")]
        pub enum Kind { $($name),* }

        impl Kind {
            const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}
kinds! {
    Invalid Bool Int Int8 Int16 Int32 Int64 Uint Uint8 Uint16 Uint32 Uint64 Uintptr
    Float32 Float64 Complex64 Complex128 Array Chan Func Interface Map Pointer Slice
    String Struct UnsafePointer
}

impl GoBinary {
    /// The type whose descriptor the file has at `at`. `None` outside the type
    /// data, and for bytes that are no type descriptor.
    #[must_use]
    pub fn type_at(&self, at: ElfAddr) -> Option<RuntimeType> {
        if !self.types_range().contains(&at) {
            return None;
        }
        let header = self.read(at, TYPE_HEADER_BYTES)?.try_into().ok()?;
        self.parse_type(header, at)
    }

    /// A type from a descriptor read elsewhere, such as a live process. `addr` is
    /// where it was. `None` when it is no type descriptor, and for types that
    /// reflection made, whose names are in the process alone.
    #[must_use]
    pub fn parse_type(
        &self,
        header: &[u8; TYPE_HEADER_BYTES],
        addr: ElfAddr,
    ) -> Option<RuntimeType> {
        let size_bytes = u64_at(header, SIZE)?;
        let ptr_bytes = u64_at(header, PTR_BYTES)?;
        let kind = *Kind::ALL.get(usize::from(header.get(KIND)? & KIND_MASK))?;
        if kind == Kind::Invalid || ptr_bytes > size_bytes {
            return None;
        }
        // Negative offsets count from a table of names that reflection keeps.
        let name_offset = u64::try_from(i32_at(header, NAME)?).ok()?;
        let name = self.type_name(name_offset)?;
        let name = if header.get(TFLAG)? & TFLAG_EXTRA_STAR != 0 {
            name.strip_prefix('*').unwrap_or(name)
        } else {
            name
        };
        Some(RuntimeType {
            addr,
            size_bytes,
            ptr_bytes,
            kind,
            name: name.to_owned(),
        })
    }

    /// A type that reflection made at run time, from its descriptor: its name is
    /// in a table of the process, so it is called after its kind. `None` when it
    /// is no type descriptor.
    #[must_use]
    pub fn made_type(header: &[u8; TYPE_HEADER_BYTES], addr: ElfAddr) -> Option<RuntimeType> {
        let size_bytes = u64_at(header, SIZE)?;
        let ptr_bytes = u64_at(header, PTR_BYTES)?;
        let kind = *Kind::ALL.get(usize::from(header.get(KIND)? & KIND_MASK))?;
        if kind == Kind::Invalid || ptr_bytes > size_bytes {
            return None;
        }
        Some(RuntimeType {
            addr,
            size_bytes,
            ptr_bytes,
            kind,
            name: format!("{} made by reflect", format!("{kind:?}").to_lowercase()),
        })
    }

    /// The name at an offset into the type data: a byte of flags, the length,
    /// the text. `abi.Name`, go1.26
    /// src/internal/abi/type.go:590.
    fn type_name(&self, offset: u64) -> Option<&str> {
        let types = self.types_range();
        let at = types.start.checked_add(offset)?;
        if offset == 0 || !types.contains(&at) {
            return None;
        }
        let (len, text) = uvarint(self.image().bytes_from(at)?.get(1..)?)?;
        let len = usize::try_from(len).ok()?;
        if len == 0 || len > MAX_NAME_BYTES {
            return None;
        }
        std::str::from_utf8(text.get(..len)?).ok()
    }
}
