//! Everything that runs in the kernel.

mod count;
mod exit;
mod forget;
mod growth;
mod maps;
mod programs;
mod stack;
mod stopwatch;
mod target;
mod trace;
mod window;

/// The programs cannot panic; the compiler wants the handler all the same.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The helpers used are open to GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
