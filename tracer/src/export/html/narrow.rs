//! What is too narrow to be shown: a page holds no more frames than a browser takes.

use serde::Serialize;

use crate::profile::{Profile, Values};

/// Name of what stands for all frames of one caller that are too narrow.
pub(super) const NARROW: &str = "[too narrow to be shown]";

/// Frames of a page, whichever root its graph has. A recording of 100,000 call chains
/// through 6,000 functions has 2.3 million (`cargo xtask bench page`).
pub(super) const MOST_FRAMES: usize = 3_000_000;

/// Shares of all there is, one after the other until no more than [`MOST_FRAMES`] have as
/// much. At 0.001 % a frame is a hundredth of a pixel of a graph over the whole width.
/// The last is that of frames with an interval, which have to be there.
const SHARES: [f64; 4] = [0.0, 0.000_01, 0.000_1, super::spread::LEAST_SHARE];

/// Frames with less of every value are too narrow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    totals: Values,
    most_frames: usize,
    /// Which of [`SHARES`] it is.
    step: usize,
    least: Values,
}

impl Bound {
    /// Nothing in `profile` is too narrow, if that are no more frames than `most_frames`.
    pub(super) fn none(profile: &Profile, most_frames: usize) -> Self {
        Self::at(0, profile.totals(), most_frames)
    }

    /// The next one, within which there are fewer frames.
    pub(super) fn coarser(&self) -> Self {
        let step = (self.step + 1).min(SHARES.len() - 1);
        Self::at(step, self.totals, self.most_frames)
    }

    fn at(step: usize, totals: Values, most_frames: usize) -> Self {
        let least = |total: u64| (total as f64 * SHARES[step]).ceil() as u64;
        Self {
            totals,
            most_frames,
            step,
            least: Values {
                objects: least(totals.objects),
                bytes: least(totals.bytes),
                heap_bytes: least(totals.heap_bytes),
                calls: 0,
            },
        }
    }

    /// Share of all that is shown below which a frame is too narrow; 0 when none is.
    pub(super) fn share(&self) -> f64 {
        SHARES[self.step]
    }

    /// Whether a frame of these values is too narrow.
    pub(super) fn is_narrow(&self, values: Values) -> bool {
        values.objects < self.least.objects
            && values.bytes < self.least.bytes
            && values.heap_bytes < self.least.heap_bytes
    }

    /// Whether a page takes so many frames; however many with the last bound.
    pub(super) fn takes(&self, frames: usize) -> bool {
        frames <= self.most_frames || self.step + 1 == SHARES.len()
    }
}

/// What the page says of what is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Narrow {
    /// Number of [`NARROW`] in the strings.
    pub(super) name: u32,
    /// Share of all below which frames are too narrow.
    pub(super) share: f64,
    /// Call chains that do not end where they do in the recording.
    pub(super) chains: u64,
}
