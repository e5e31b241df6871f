//! What is known of the functions that can be traced: their arguments by name.
//!
//! Go passes the first integer arguments in RAX, RBX, RCX, RDI, RSI (go1.24
//! src/cmd/compile/abi-internal.md). The names are those of the sources: go1.19
//! src/runtime/map.go:283-1041, map_fast32.go, map_fast64.go, map_faststr.go,
//! slice.go:38-178, malloc.go:842-1216, chan.go:64; go1.24 src/runtime/map_swiss.go,
//! src/internal/runtime/maps/map.go:590, table.go:1009; go1.27 src/runtime/map.go,
//! src/internal/runtime/maps/map.go:618, table.go:1208. Between releases arguments
//! changed places in `growslice` alone.

use tracer_ebpf::wire::{TRACED_REGISTERS, copied};

use super::derived;
use super::results::{Returned, results_of};
use crate::collect::Copied;
use crate::golang::growth::GROUP_SLOTS;
use crate::golang::{GoVersion, MallocRules};
use crate::plan::leaves::Leaf;

/// The arguments of a function, and what it returns.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The arguments, in the order to show them.
    pub parameters: &'static [Parameter],
    /// What it returns, likewise; nothing for a function without results.
    pub results: &'static [Returned],
    /// What has to be copied for them: one of [`copied`].
    pub copied: u8,
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it is found.
    pub source: Source,
}

/// Where an argument is found.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// In a register: index into [`crate::collect::Call::registers`].
    Register(usize, Kind),
    /// The string that was copied, of the length in this register.
    Text(usize),
    /// It follows from others. `None` where one of them could not be had.
    Derived(fn(&Facts) -> Option<u64>),
    /// It is always the same.
    Constant(u64),
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An `int`.
    Signed,
    /// A `uintptr` or `uint64`.
    Unsigned,
    /// A `uint32`: the upper half of the register is undefined.
    Unsigned32,
    /// A `uint16`, likewise.
    Unsigned16,
    /// A `bool`, likewise.
    Bool,
    /// An address.
    Pointer,
    /// The address of a type descriptor.
    Type,
}

/// What a [`Source::Derived`] goes by.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The registers of the call.
    pub registers: [u64; TRACED_REGISTERS],
    /// The memory copied, where it was.
    pub copied: Option<Copied>,
    /// Size in bytes of the call's type, and whether its values hold no pointers.
    pub element: Option<(u64, bool)>,
    /// How the target's runtime rounds sizes.
    pub rules: MallocRules,
}

const fn register(name: &'static str, index: usize, kind: Kind) -> Parameter {
    Parameter {
        name,
        source: Source::Register(index, kind),
    }
}

const fn derived(name: &'static str, from: fn(&Facts) -> Option<u64>) -> Parameter {
    let source = Source::Derived(from);
    Parameter { name, source }
}

const fn constant(name: &'static str, value: u64) -> Parameter {
    let source = Source::Constant(value);
    Parameter { name, source }
}

const TYPE: Parameter = register("type", 0, Kind::Type);
const TYPE_SECOND: Parameter = register("type", 1, Kind::Type);
const MAP: Parameter = register("map", 1, Kind::Pointer);
const TEXT_KEY: Parameter = Parameter {
    name: "key",
    source: Source::Text(3),
};

impl Signature {
    /// Of a function of a release; `None` for one that cannot be traced.
    #[must_use]
    pub fn of(function: &str, version: &GoVersion) -> Option<Self> {
        let (parameters, copied): (&'static [Parameter], u8) = match function {
            "runtime.newobject" => (&[TYPE], copied::NOTHING),
            "runtime.newarray" => (
                const { &[TYPE, register("n", 1, Kind::Signed)] },
                copied::NOTHING,
            ),
            "runtime.makechan" | "runtime.makechan64" => (
                const { &[TYPE, register("size", 1, Kind::Signed)] },
                copied::NOTHING,
            ),
            _ if function == "runtime.mallocgc" || Leaf::from_name(function).is_some() => (
                const { &[register("size", 0, Kind::Unsigned), TYPE_SECOND] },
                copied::NOTHING,
            ),
            _ => of_slice(function, version)
                .or_else(|| of_growing_map(function))
                .or_else(|| of_map(function))?,
        };
        Some(Self {
            parameters,
            results: results_of(function),
            copied,
        })
    }
}

type Found = Option<(&'static [Parameter], u8)>;

fn of_slice(function: &str, version: &GoVersion) -> Found {
    let parameters: &'static [Parameter] = match function {
        "runtime.makeslice" | "runtime.makeslice64" => {
            const {
                &[
                    TYPE,
                    register("len", 1, Kind::Signed),
                    register("cap", 2, Kind::Signed),
                ]
            }
        }
        "runtime.makeslicecopy" => {
            const {
                &[
                    TYPE,
                    register("tolen", 1, Kind::Signed),
                    register("fromlen", 2, Kind::Signed),
                    register("from", 3, Kind::Pointer),
                ]
            }
        }
        // go1.19 src/runtime/slice.go:178 against go1.20 :155.
        "runtime.growslice" if !version.at_least(1, 20) => {
            const {
                &[
                    TYPE,
                    register("old", 1, Kind::Pointer),
                    register("new_len", 4, Kind::Signed),
                    register("old_cap", 3, Kind::Signed),
                    derived("new_cap", derived::capacity_before_1_20),
                ]
            }
        }
        "runtime.growslice"
        | "runtime.growsliceNoAlias"
        | "runtime.growsliceBuf"
        | "runtime.growsliceBufNoAlias" => {
            const {
                &[
                    register("type", 4, Kind::Type),
                    register("old", 0, Kind::Pointer),
                    register("new_len", 1, Kind::Signed),
                    register("old_cap", 2, Kind::Signed),
                    derived("new_cap", derived::capacity),
                ]
            }
        }
        _ => return None,
    };
    Some((parameters, copied::NOTHING))
}

/// The functions by which maps grow: up to Go 1.23 and with
/// `GOEXPERIMENT=noswissmap` the first, else the others.
fn of_growing_map(function: &str) -> Found {
    let name = function
        .strip_prefix("internal/runtime/maps.")
        .or_else(|| function.strip_prefix("runtime."))?;
    let parameters: (&'static [Parameter], u8) = match name {
        "hashGrow" => (
            const {
                &[
                    TYPE,
                    MAP,
                    derived("entries", derived::first_word),
                    derived("old_buckets", derived::buckets),
                    derived("new_buckets", derived::grown_buckets),
                ]
            },
            copied::AT_BX,
        ),
        "(*Map).growToSmall" => (
            const {
                &[
                    TYPE_SECOND,
                    register("map", 0, Kind::Pointer),
                    constant("old_cap", 0),
                    constant("new_cap", GROUP_SLOTS),
                ]
            },
            copied::NOTHING,
        ),
        "(*Map).growToTable" => (
            const {
                &[
                    TYPE_SECOND,
                    register("map", 0, Kind::Pointer),
                    derived("entries", derived::first_word),
                    constant("old_cap", GROUP_SLOTS),
                    constant("new_cap", 2 * GROUP_SLOTS),
                ]
            },
            copied::AT_AX,
        ),
        "(*table).rehash" | "(*table).split" => (
            const {
                &[
                    TYPE_SECOND,
                    register("map", 2, Kind::Pointer),
                    register("table", 0, Kind::Pointer),
                    derived("entries", derived::table_entries),
                    derived("old_cap", derived::table_capacity),
                    derived("new_cap", derived::grown_table_capacity),
                ]
            },
            copied::AT_AX,
        ),
        "(*table).grow" => (
            const {
                &[
                    TYPE_SECOND,
                    register("map", 2, Kind::Pointer),
                    register("table", 0, Kind::Pointer),
                    derived("entries", derived::table_entries),
                    derived("old_cap", derived::table_capacity),
                    register("new_cap", 3, Kind::Unsigned16),
                ]
            },
            copied::AT_AX,
        ),
        _ => return None,
    };
    Some(parameters)
}

fn of_map(function: &str) -> Found {
    let name = function.strip_prefix("runtime.")?;
    let (parameters, copied): (&'static [Parameter], u8) = match name {
        "makemap_small" => (&[], copied::NOTHING),
        "makemap" | "makemap64" => (
            const {
                &[
                    TYPE,
                    register("hint", 1, Kind::Signed),
                    register("map", 2, Kind::Pointer),
                ]
            },
            copied::NOTHING,
        ),
        "mapclear" => (&[TYPE, MAP], copied::NOTHING),
        _ => {
            let key = [
                "mapassign",
                "mapaccess1",
                "mapaccess2",
                "mapaccessK",
                "mapdelete",
            ]
            .iter()
            .find_map(|call| name.strip_prefix(call))?;
            match key {
                "" | "_fat" | "_fast32ptr" | "_fast64ptr" => (
                    const { &[TYPE, MAP, register("key", 2, Kind::Pointer)] },
                    copied::NOTHING,
                ),
                "_fast32" => (
                    const { &[TYPE, MAP, register("key", 2, Kind::Unsigned32)] },
                    copied::NOTHING,
                ),
                "_fast64" => (
                    const { &[TYPE, MAP, register("key", 2, Kind::Unsigned)] },
                    copied::NOTHING,
                ),
                "_faststr" => (&[TYPE, MAP, TEXT_KEY], copied::STRING),
                _ => return None,
            }
        }
    };
    Some((parameters, copied))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(function: &str, version: &str) -> Option<Vec<&'static str>> {
        let version = GoVersion::parse(version).expect("valid");
        let signature = Signature::of(function, &version)?;
        Some(signature.parameters.iter().map(|it| it.name).collect())
    }

    #[test]
    fn arguments_have_the_names_of_the_sources() {
        for (function, expected) in [
            ("runtime.mallocgc", &["size", "type"][..]),
            ("runtime.mallocgcSmallScanNoHeaderSC6", &["size", "type"]),
            ("runtime.makemap_small", &[]),
            ("runtime.mapassign_faststr", &["type", "map", "key"]),
            ("runtime.mapaccess2_fast64", &["type", "map", "key"]),
            ("runtime.mapdelete_fast32", &["type", "map", "key"]),
            ("runtime.makeslice", &["type", "len", "cap"]),
        ] {
            assert_eq!(names(function, "go1.24.11").as_deref(), Some(expected));
        }
        for function in [
            "runtime.mallocgcTinySlowPath",
            "runtime.mapassign_slow",
            "runtime.gcStart",
            "main.mapassign",
        ] {
            assert_eq!(names(function, "go1.24.11"), None, "{function}");
        }
    }

    #[test]
    fn the_arguments_of_growslice_changed_places() {
        let type_of = |version: &str| {
            let version = GoVersion::parse(version).expect("valid");
            let signature = Signature::of("runtime.growslice", &version).expect("known");
            let mut parameters = signature.parameters.iter();
            parameters.find_map(|it| match it.source {
                Source::Register(index, Kind::Type) => Some(index),
                _ => None,
            })
        };
        assert_eq!(type_of("go1.19.8"), Some(0));
        assert_eq!(type_of("go1.20"), Some(4));
    }
}
