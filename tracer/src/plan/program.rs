//! The BPF programs and what each reads from the registers.

use std::fmt;

use super::growth::Grower;

/// A BPF program: one per shape of arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Program {
    /// An allocation of AX bytes of the type in BX.
    Alloc,
    /// The same, counted if the probe's filter takes it.
    AllocDispatch,
    /// One object of the type in AX, filtered.
    AllocNew,
    /// BX objects of the type in AX, filtered.
    AllocArray,
    /// CX objects of the type in AX, filtered.
    AllocSlice,
    /// A large object of AX bytes of the type in BX, at a probe that stays on.
    Large,
    /// A large object of BX bytes, at a probe that stays on.
    LargeUntyped,
    /// A span of the class in BX that the `mcache` in AX has used up.
    Span,
    /// A call with a type in AX.
    CallTyped,
    /// A call.
    Call,
    /// A call by which something grows.
    Growth(Grower),
}

/// A register that carries an argument (Go's ABIInternal on amd64: AX, BX, CX, DI, SI
/// are the first five; go1.17 src/cmd/compile/abi-internal.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Register {
    /// First integer argument.
    Ax,
    /// Second.
    Bx,
    /// Third.
    Cx,
    /// Fifth.
    Si,
}

/// Where the size of an allocation is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizePlace {
    /// In a register, in bytes.
    Register(Register),
    /// In the type descriptor, whose first word is the type's size.
    OfType,
    /// The same times a register.
    OfTypeTimes(Register),
    /// In the size class of the span class in a register.
    SpanClass(Register),
}

/// Where a probe finds what it records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arguments {
    /// The register with the address of the type descriptor.
    pub type_addr: Option<Register>,
    /// The size in bytes; `None` for probes that count calls.
    pub size: Option<SizePlace>,
    /// For calls by which something grows: which.
    pub grower: Option<Grower>,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Alloc,
        Self::AllocDispatch,
        Self::AllocNew,
        Self::AllocArray,
        Self::AllocSlice,
        Self::Large,
        Self::LargeUntyped,
        Self::Span,
        Self::CallTyped,
        Self::Call,
        Self::Growth(Grower::Slice),
        Self::Growth(Grower::SliceByParts),
        Self::Growth(Grower::Buffer),
        Self::Growth(Grower::Buckets),
        Self::Growth(Grower::FirstGroup),
        Self::Growth(Grower::FirstTable),
        Self::Growth(Grower::Table),
    ];

    /// Its name in the BPF object.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::AllocDispatch => "alloc_dispatch",
            Self::AllocNew => "alloc_new",
            Self::AllocArray => "alloc_array",
            Self::AllocSlice => "alloc_slice",
            Self::Large => "large",
            Self::LargeUntyped => "large_untyped",
            Self::Span => "span",
            Self::CallTyped => "call_typed",
            Self::Call => "call",
            Self::Growth(_) => "growth",
        }
    }

    /// What it reads.
    #[must_use]
    pub fn arguments(self) -> Arguments {
        let (type_addr, size) = match self {
            Self::Alloc | Self::AllocDispatch | Self::Large => {
                (Some(Register::Bx), Some(SizePlace::Register(Register::Ax)))
            }
            Self::AllocNew => (Some(Register::Ax), Some(SizePlace::OfType)),
            Self::AllocArray => (
                Some(Register::Ax),
                Some(SizePlace::OfTypeTimes(Register::Bx)),
            ),
            Self::AllocSlice => (
                Some(Register::Ax),
                Some(SizePlace::OfTypeTimes(Register::Cx)),
            ),
            Self::LargeUntyped => (None, Some(SizePlace::Register(Register::Bx))),
            Self::Span => (None, Some(SizePlace::SpanClass(Register::Bx))),
            Self::CallTyped => (Some(Register::Ax), None),
            Self::Call => (None, None),
            Self::Growth(grower) => (grower.type_addr(), None),
        };
        Arguments {
            type_addr,
            size,
            grower: self.grower(),
        }
    }

    /// What it knows of a function by which something grows.
    #[must_use]
    pub fn grower(self) -> Option<Grower> {
        match self {
            Self::Growth(grower) => Some(grower),
            _ => None,
        }
    }

    /// Whether it counts only what the probe's filter takes.
    #[must_use]
    pub fn is_filtered(self) -> bool {
        matches!(
            self,
            Self::AllocDispatch | Self::AllocNew | Self::AllocArray | Self::AllocSlice
        )
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ax => "AX",
            Self::Bx => "BX",
            Self::Cx => "CX",
            Self::Si => "SI",
        })
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(grower) = self.grower {
            return write!(f, "{grower}");
        }
        let Some(type_addr) = self.type_addr else {
            return match self.size {
                Some(SizePlace::Register(size)) => write!(f, "size={size}"),
                Some(SizePlace::SpanClass(class)) => write!(f, "spanclass={class}"),
                _ => f.write_str("none"),
            };
        };
        match self.size {
            None => write!(f, "type={type_addr}"),
            Some(SizePlace::Register(size)) => write!(f, "size={size} type={type_addr}"),
            Some(SizePlace::SpanClass(class)) => write!(f, "spanclass={class} type={type_addr}"),
            Some(SizePlace::OfType) => write!(f, "size=[{type_addr}] type={type_addr}"),
            Some(SizePlace::OfTypeTimes(count)) => {
                write!(f, "size=[{type_addr}]*{count} type={type_addr}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_read_like_an_expression() {
        let texts = Program::ALL.map(|program| program.arguments().to_string());
        assert_eq!(
            texts,
            [
                "size=AX type=BX",
                "size=AX type=BX",
                "size=[AX] type=AX",
                "size=[AX]*BX type=AX",
                "size=[AX]*CX type=AX",
                "size=AX type=BX",
                "size=BX",
                "spanclass=BX",
                "type=AX",
                "none",
                "type=SI len=BX-DI cap=CX to=BX",
                "type=AX len=CX cap=DI to=SI",
                "len=BX cap=CX to=BX+DI",
                "type=AX map=BX",
                "type=BX",
                "type=BX map=AX",
                "type=BX table=AX",
            ]
        );
    }
}
