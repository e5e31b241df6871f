//! Where a command writes what it makes of a recording.

use std::path::PathBuf;

use tracer::output::{Output, OutputError, Permissions};

/// The options of every command that makes something of a recording.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Destination {
    /// Where to write it; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

impl Destination {
    /// Makes the place ready.
    pub fn create(&self, permissions: Permissions) -> Result<Output, OutputError> {
        Output::create(&self.output, self.force, permissions)
    }
}
