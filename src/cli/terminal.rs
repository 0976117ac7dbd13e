//! Printing to standard output, and asking at a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;

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

/// Prints a value as JSON, indented for people who look at it.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).map_err(|error| Error::internal(error.to_string()))?)
}

/// Returns whether there is somebody to be asked.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a line until it is not blank.
pub(super) fn ask(question: &str) -> Result<String> {
    loop {
        let line = answer(question)?.trim().to_owned();
        if !line.is_empty() {
            return Ok(line);
        }
    }
}

/// Asks for a password twice, without showing it.
pub(super) fn ask_password() -> Result<String> {
    let hidden = Hidden::begin()?;
    let (password, again) = (answer("Password")?, answer("The same again")?);
    drop(hidden);
    if password == again { Ok(password) } else { Err(Error::setup("the two passwords are not the same")) }
}

/// Asks on standard error, so that what is printed can go elsewhere, and reads one line.
fn answer(question: &str) -> Result<String> {
    let refuse = |error: io::Error| Error::setup(format!("the terminal cannot be read: {error}"));
    let mut stderr = io::stderr();
    write!(stderr, "{question}: ").and_then(|()| stderr.flush()).map_err(refuse)?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(refuse)? == 0 {
        return Err(Error::setup("the input ended before all was answered"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin() -> Result<Self> {
        let refuse = |error| Error::setup(format!("the terminal would show the password: {error}"));
        let before = tcgetattr(io::stdin()).map_err(refuse)?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        // The end of a line is shown all the same: the next question is to begin on a line of its own.
        hiding.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hiding).map_err(refuse)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
