//! The compiled BPF programs, part of this binary.

/// The object file built from `tracer-ebpf`; the build script has checked that
/// it belongs to the sources beside it.
pub static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probes.o"));
