//! The program: runs the command that the command line names.

use std::process::ExitCode;

fn main() -> ExitCode {
    sts_clearance::cli::run()
}
