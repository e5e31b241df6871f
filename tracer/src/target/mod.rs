//! Processes and executables: who runs, from which file, mapped where.
//!
//! Everything here is read from outside, through `/proc` and a pidfd. A target
//! is never stopped and never written to.
//!
//! * [`Process`]: one running process, safe against its PID being reused.
//! * [`Maps`]: where its files are mapped, and so their load bias.
//! * [`Memory`]: its memory, read-only.
//! * [`launch`]: a program started by goalloc and held before its first
//!   instruction.
//! * [`list`]: which executables run on this host.

mod error;
pub mod launch;
pub mod list;
pub mod maps;
mod memory;
mod pidfd;
mod privilege;
mod process;
#[cfg(test)]
mod sleeper;
mod status;

pub use error::Error;
pub use launch::{Held, Launched};
pub use list::{RunningExe, Scan};
pub use maps::{MappedFile, Maps};
pub use memory::{Memory, MemoryRange};
pub use pidfd::Pidfd;
pub use privilege::{CAPABILITIES, setcap_command};
pub use process::{ExeName, FileId, Process};
