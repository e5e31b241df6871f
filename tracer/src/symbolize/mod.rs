//! From program counters to frames, and from raw counts to a profile.

mod call_site;
mod demangle;
mod dwarf_frames;
mod elf_symbols;
mod frame;
mod growth;
mod pclntab_frames;
mod resolve;
mod stacks;
mod symbolizer;
mod types;

pub use dwarf_frames::DwarfFrames;
pub use frame::{Frame, fold_generics};
pub use pclntab_frames::{all_frames_at, frames_at};
pub use resolve::{KeyObject, Resolved, Resolver};
pub use symbolizer::Symbolizer;
