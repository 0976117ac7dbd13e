//! Whether a file or a directory is still the one that was opened, and what the program's log is told where it is not.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// What is wrong with a part of the server at present. It is said in the program's log once when it begins, and once when
/// it is over.
#[derive(Debug)]
pub struct Trouble {
    part: &'static str,
    fault: Mutex<Option<String>>,
}

impl Trouble {
    /// Begins without trouble. `part` is the name of the part in the log.
    pub fn new(part: &'static str) -> Self {
        Self { part, fault: Mutex::new(None) }
    }

    /// Notes what is wrong now, in words. `None` if nothing is.
    pub fn note(&self, fault: Option<String>) {
        let mut known = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let part = self.part;
        match (&*known, &fault) {
            (None, Some(fault)) => tracing::error!(part, fault, "not ready"),
            (Some(_), None) => tracing::info!(part, "ready again"),
            _ => {}
        }
        *known = fault;
    }

    /// Returns whether something is wrong.
    pub fn is_there(&self) -> bool {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// A file or a directory that was opened, with the path under which it has to stay as long as the program runs.
///
/// What is written to a file after its name was removed, or given to another one, is on no disk after the next start.
#[derive(Debug)]
pub struct InPlace {
    path: PathBuf,
    opened: Inode,
    trouble: Trouble,
}

/// What tells a file from all others: the number of its device, and its own on it.
type Inode = (u64, u64);

impl InPlace {
    /// Notes what the path leads to now. `part` is the name of the part in the program's log.
    ///
    /// # Errors
    ///
    /// Fails if the path leads to nothing that can be looked at.
    pub fn opened(part: &'static str, path: &Path) -> io::Result<Self> {
        // Absolute: whether the working directory changes does not matter.
        let path = std::path::absolute(path)?;
        Ok(Self { opened: inode(&path)?, path, trouble: Trouble::new(part) })
    }

    /// Returns whether the path still leads to what was opened. If not, the program's log has been told.
    pub fn is_kept(&self) -> bool {
        let shown = self.path.display();
        let fault = match inode(&self.path) {
            Ok(found) if found == self.opened => None,
            Ok(_) => {
                Some(format!("{shown} is another one than the server has opened; put the first one back or restart"))
            }
            Err(error) => Some(format!("{shown} is gone while the server works with it: {error}")),
        };
        let is_kept = fault.is_none();
        // The lock is taken only where there is something to say.
        if !is_kept || self.trouble.is_there() {
            self.trouble.note(fault);
        }
        is_kept
    }
}

fn inode(path: &Path) -> io::Result<Inode> {
    let found = std::fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}
