//! Printing to standard output.

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Prints one line. It is no error if the reader has closed the pipe, as `head` does.
pub(super) fn print(line: &str) -> Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::setup(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
