//! The BPF programs; on the host an empty program.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod programs {
    use aya_ebpf::{
        macros::{map, uprobe},
        maps::PerCpuArray,
        programs::ProbeContext,
    };
    use tracer_ebpf::wire::counter;

    #[map]
    static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(counter::COUNT, 0);

    #[uprobe]
    fn count(_ctx: ProbeContext) -> u32 {
        if let Some(hits) = COUNTERS.get_ptr_mut(counter::HITS) {
            // SAFETY: the pointer is to this CPU's slot of the map.
            unsafe { *hits += 1 };
        }
        0
    }

    #[panic_handler]
    fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
        loop {}
    }
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
