//! From program counters to frames, and from raw counts to a profile.

mod frame;
mod pclntab_frames;

pub use frame::{Frame, fold_generics};
pub use pclntab_frames::frames_at;
