//! A window on the target's stack.
//!
//! A read of user memory costs several times what the walk does with it, and
//! hardly more for a long one than for a short one. So the stack is read a
//! piece at a time, and frames that lie in the piece at hand cost no read.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::bpf_probe_read_user;

use super::target::read_pair;

/// Words of a piece: half of what a BPF program has for a stack.
const WORDS: usize = 32;
const BYTES: u64 = 8 * WORDS as u64;
/// A frame: the next frame's address and the return address.
const FRAME_BYTES: u64 = 16;

/// How far from the last frame a window is put that holds nothing: no frame of
/// the same stack lies in it.
const ELSEWHERE: u64 = 1 << 63;

/// The piece of the stack at hand.
pub struct Window {
    /// Where it begins.
    base: u64,
    /// What is there. The helper that fills it always writes all of it.
    words: MaybeUninit<[u64; WORDS]>,
}

impl Window {
    /// A window on nothing, for a stack that begins at `stack_pointer`.
    #[inline(always)]
    pub fn new(stack_pointer: u64) -> Self {
        Self {
            base: stack_pointer.wrapping_add(ELSEWHERE),
            words: MaybeUninit::uninit(),
        }
    }

    /// The two words at `frame`, moving the window there if need be. `None` if
    /// they cannot be read.
    #[inline(always)]
    pub fn read(&mut self, frame: u64) -> Option<[u64; 2]> {
        let mut offset = frame.wrapping_sub(self.base);
        if offset > BYTES - FRAME_BYTES {
            if !self.move_to(frame) {
                // The end of a stack may be closer than the end of the window.
                return read_pair(frame);
            }
            offset = 0;
        }
        Some(self.pair(offset))
    }

    /// Moves it, so that it begins at `address`. `false` if not all of it is there.
    #[inline(always)]
    fn move_to(&mut self, address: u64) -> bool {
        // SAFETY: the destination has as many bytes as are asked for; the helper
        // checks the source itself and fills the destination with zeros if it fails.
        let result = unsafe {
            bpf_probe_read_user(
                self.words.as_mut_ptr().cast(),
                BYTES as u32,
                address as *const _,
            )
        };
        self.base = address;
        if result != 0 {
            self.base = address.wrapping_add(ELSEWHERE);
        }
        result == 0
    }

    /// The two words `offset` bytes into the window. Go keeps its frames aligned
    /// to words; what is not is no frame, and is rounded down to one.
    #[inline(always)]
    fn pair(&self, offset: u64) -> [u64; 2] {
        // The masks tell the verifier what `read` has made sure of.
        let at = (offset >> 3) as usize & (WORDS - 1);
        let words = self.words.as_ptr().cast::<u64>();
        // SAFETY: `at` is less than WORDS, and the helper has written all words.
        let first = unsafe { words.wrapping_add(at).read() };
        let next = (at + 1) & (WORDS - 1);
        // SAFETY: as above.
        let second = unsafe { words.wrapping_add(next).read() };
        [first, second]
    }
}
