//! From program counters to frames, and from raw counts to a profile.

mod frame;
mod pclntab_frames;
mod resolve;
mod stacks;
mod types;

pub use frame::{Frame, fold_generics};
pub use pclntab_frames::frames_at;
pub use resolve::{Resolved, resolve};
