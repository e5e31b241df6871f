//! One module per task of the command line.

pub mod build_ebpf;
