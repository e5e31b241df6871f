//! One module per task of the command line.

pub mod bench;
pub mod build_ebpf;
pub mod demo;
pub mod docs;
pub mod fixtures;
pub mod lab;
pub mod lint;
pub mod service;
pub mod setup;
pub mod test;
pub mod vm;
