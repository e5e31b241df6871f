//! Go executables: what the file says of functions, frames, types and the runtime.
//!
//! [`GoBinary`] reads linux/amd64 executables of Go 1.19 to 1.27 in place:
//! static, position independent, linked by Go or by the system's linker, with
//! C code, stripped, without section headers.
//!
//! It is for questions about single addresses and names. It keeps no tables, so
//! that opening costs a few page faults whatever the size of the file; whoever
//! asks the same question often keeps the answers.
//!
//! All addresses are [`ElfAddr`](crate::addr::ElfAddr)s, as the file states them.

mod binary;
mod buildinfo;
pub(crate) mod bytes;
mod code_references;
mod collector_data;
mod counter_layout;
mod dwarf;
mod dwarf_layout;
mod dwarf_variables;
mod elf;
mod error;
mod function;
pub mod growth;
mod heap_profile_data;
mod hosts;
mod inline;
mod layout;
mod moduledata;
mod note;
mod pclntab;
mod pcvalue;
mod runtime_data;
mod runtime_source;
pub mod size_class;
mod symtab;
mod types;
mod version;

pub use binary::GoBinary;
pub use buildinfo::{BuildInfo, BuiltModule};
pub use collector_data::{CollectorData, CollectorLayout};
pub use counter_layout::{CounterLayout, HEAP_STATS_DELTAS, SPAN_CLASSES};
pub use dwarf::DwarfError;
pub(crate) use dwarf::Reader;
pub use elf::Segment;
pub use error::Error;
pub use function::{FuncId, Function};
pub use heap_profile_data::{HeapProfileData, HeapProfileLayout};
pub use inline::InlinedCall;
pub use layout::{LayoutSource, RuntimeLayout};
pub use runtime_data::{DataSource, RuntimeData};
pub use size_class::{CLASS_BYTES, MallocRules, SIZE_CLASSES, heap_bytes};
pub(crate) use symtab::ElfSymbol;
pub use types::{Kind, RuntimeType, TYPE_HEADER_BYTES};
pub use version::GoVersion;
