//! Keeping the verifier from following the same code again and again: it does so
//! for every value it knows of a variable that was decided on before.

/// The same value, of which the verifier knows nothing any more.
///
/// It goes through memory, into the middle of a word: of a word's beginning the
/// verifier remembers what was put there, and of any part whether it is zero (linux
/// 6.18 kernel/bpf/verifier.c, `check_stack_write_fixed_off`).
#[inline(always)]
pub fn forget(value: bool) -> bool {
    const FILLED: u64 = u64::MAX;
    const NOT_ZERO: u16 = 2;
    let mut word = 0;
    let memory = &raw mut word;
    // SAFETY: the word is a local variable.
    unsafe { memory.write_volatile(FILLED) };
    let middle = memory.cast::<u16>().wrapping_add(1);
    // SAFETY: the second half-word of the word is a part of it, and aligned.
    unsafe { middle.write_volatile(u16::from(value) | NOT_ZERO) };
    // SAFETY: as above.
    let read = unsafe { middle.read_volatile() };
    read & !NOT_ZERO != 0
}
