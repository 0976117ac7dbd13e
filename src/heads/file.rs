//! The file that the heads are remembered in: a line for each, later ones appended.
//!
//! Its last line may be cut short by a crash, and is passed over then, like any other that cannot be read: the memory
//! may lag. Several processes may write to it at once, such as the server and a command, so each locks it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use room::Log;

use crate::{
    error::{Error, Result},
    evidence::Checkpoint,
    files::durable,
    random,
};

/// What a head is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Log(Log),
    /// The log of heads.
    Heads,
}

/// The name of the file in its directory.
const NAME: &str = "signed-heads";
/// What stands for the log of heads in a line, where others have the key of their log.
const HEADS: &str = "heads";
/// How many bytes may be appended before the lines that others have taken the place of are left out, beside as many as
/// there were then.
const SLACK: u64 = 64 * 1024;

/// The file, with how long it was when each log last had one line in it.
#[derive(Debug)]
pub(super) struct HeadsFile {
    path: PathBuf,
    compact: u64,
}

impl HeadsFile {
    pub(super) fn new(directory: &Path) -> Self {
        Self { path: directory.join(NAME), compact: 0 }
    }

    /// Returns the heads in the order of their lines. Empty if there is no file.
    pub(super) fn read(&self) -> Result<Vec<(Of, Checkpoint)>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(self.fault("read", &error)),
        };
        Ok(text.lines().filter_map(head_in).collect())
    }

    /// Appends heads, and waits until they are on the disk. Where the file has grown too long, it is replaced by what
    /// `merged` makes of its lines.
    pub(super) fn append(
        &mut self,
        heads: &[(Of, Checkpoint)],
        merged: impl FnOnce(Vec<(Of, Checkpoint)>) -> Vec<(Of, Checkpoint)>,
    ) -> Result<()> {
        let appended = self.locked(|| {
            let mut file = opened(OpenOptions::new().append(true).create(true), &self.path)?;
            let is_new = file.metadata()?.len() == 0;
            // After a blank line: the last one may have been cut short.
            file.write_all(format!("\n{}", text_of(heads)).as_bytes())?;
            file.sync_data()?;
            if is_new {
                durable::sync_directory(&self.path)?;
            }
            Ok(file.metadata()?.len())
        });
        if appended.map_err(|error| self.fault("written", &error))? > 2 * self.compact + SLACK {
            self.replace(merged)?;
        }
        Ok(())
    }

    /// Replaces the lines. A reader sees the old ones or the new.
    fn replace(&mut self, merged: impl FnOnce(Vec<(Of, Checkpoint)>) -> Vec<(Of, Checkpoint)>) -> Result<()> {
        let temporary = self.path.with_extension(random::new_uuid().to_string());
        let replaced = self.locked(|| {
            let heads = self.read().map_err(io::Error::other)?;
            let text = text_of(&merged(heads));
            let mut file = opened(OpenOptions::new().write(true).create_new(true), &temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            durable::rename(&temporary, &self.path)?;
            Ok(text.len())
        });
        // Nothing else has its name.
        let _ = fs::remove_file(&temporary);
        self.compact = replaced.map_err(|error| self.fault("replaced", &error))? as u64;
        Ok(())
    }

    /// Removes the file. It is no error if there is none.
    pub(super) fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.fault("removed", &error)),
            _ => Ok(()),
        }
    }

    /// Does something while no other process writes. The lock is a file of its own, since the other one is replaced.
    fn locked<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let lock = opened(OpenOptions::new().append(true).create(true), &self.path.with_extension("lock"))?;
        lock.lock()?;
        // Closing the file gives the lock back, and so does the end of the process.
        act()
    }

    fn fault(&self, done: &str, error: &io::Error) -> Error {
        Error::setup(format!("the memory of signed heads, {}, cannot be {done}: {error}", self.path.display()))
    }
}

/// Opens a file for its owner only.
fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

fn text_of(heads: &[(Of, Checkpoint)]) -> String {
    let key = |of: &Of| match of {
        Of::Log(log) => log.key(),
        Of::Heads => HEADS.to_owned(),
    };
    let line = |(of, head): &(Of, Checkpoint)| {
        format!("{} {} {} {}\n", key(of), head.size, head.origin, hex::encode(head.root))
    };
    heads.iter().map(line).collect()
}

/// Reads a line: key of the log, size, origin, root. `None` if it is not written like that to its end.
fn head_in(line: &str) -> Option<(Of, Checkpoint)> {
    let words: Vec<_> = line.split(' ').collect();
    let [key, size, origin, root] = words[..] else { return None };
    let of = match key {
        HEADS => Of::Heads,
        key if key == Log::Platform.key() => Of::Log(Log::Platform),
        id => Of::Log(Log::Room(id.parse().ok()?)),
    };
    let root = hex::decode(root).ok()?.try_into().ok()?;
    Some((of, Checkpoint { origin: origin.to_owned(), size: size.parse().ok()?, root }))
}
