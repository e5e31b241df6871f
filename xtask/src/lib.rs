//! What the development tasks are made of, as a library, so that build scripts
//! and live tests can share it.

pub mod bpf;
pub mod command;
pub mod debian;
pub mod go;
pub mod manifest;
pub mod npm;
pub mod paths;
pub mod readers;
