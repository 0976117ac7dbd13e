//! Standard output.

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Prints one line. A reader who has heard enough (`| head`) is no error.
pub(super) fn print(line: &str) -> Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::setup(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
