//! Plans of real programs, built by every Go release that is installed.

mod objdump;
mod pgo;
mod programs;
mod releases;
