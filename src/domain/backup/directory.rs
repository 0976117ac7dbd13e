//! A directory of backups: one folder for each, and the files of documents and snapshots once, by their hash.
//!
//! ```text
//! files/4f/4f1c…         the bytes with this SHA-256, for all backups together
//! 2026-11-29T174000Z/    a backup: manifest.json, the copy of the database, and keys if they were wanted
//! ```
//!
//! A backup gets its name last. One that broke off is a folder `.unfinished-…`, which the next one removes; the files
//! that it had copied are there already then.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;
use room::Time;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::{
    digest,
    manifest::{Manifest, NamedFile},
};
use crate::{
    error::{Error, Result},
    files::{Files, durable, make_private_dir},
    heads::Heads,
    random,
};

/// The folder of the files of documents and snapshots.
const FILES: &str = "files";
/// The file with what a backup is of.
const MANIFEST: &str = "manifest.json";
/// The file that tells people what the directory is, and by which it is known as one.
const README: &str = "README.txt";
/// What the name of a folder begins with that is not whole, or not for long.
const UNFINISHED: &str = ".unfinished-";
/// The file that is locked while a backup is made.
const LOCK: &str = ".lock";

/// What the text of that file begins with.
const MARK: &str = "Backups of STS Clearance";
const TOLD: &str = "\
Backups of STS Clearance, made by `sts-clearance backup`.

Each folder that is named by a time is one backup: the copy of the database, `manifest.json` with what it is of, and the
keys if they were wanted. `files` has the files of documents and snapshots, each once for all backups, named by its SHA-256.

To bring the newest one back into an empty place:   sts-clearance restore THIS_DIRECTORY
To see whether it could be brought back:            sts-clearance backup --check THIS_DIRECTORY
";

/// A directory of backups.
#[derive(Debug)]
pub struct BackupDirectory {
    path: PathBuf,
    /// Held while a backup is made; the end of the process gives it back.
    _lock: Option<File>,
}

/// A folder in the directory that is removed when this is dropped, unless it got a name.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has another name if it was finished. What cannot be removed now is removed before the next backup.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl BackupDirectory {
    /// Opens a directory to read its backups.
    ///
    /// # Errors
    ///
    /// Fails if it is none that this program has made.
    pub fn open(path: &Path) -> Result<Self> {
        if !is_marked(path) {
            return Err(Error::setup(format!(
                "{} is no directory of backups: it has no {README} of `sts-clearance backup`",
                path.display()
            )));
        }
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Opens a directory to make a backup in it, or makes it, and clears away what did not come to its end.
    ///
    /// # Errors
    ///
    /// Fails if it holds something else, or if another backup is being made in it.
    pub fn open_to_write(path: &Path) -> Result<Self> {
        make_private_dir(path)?;
        let failed = |error: &io::Error| fault(path, "written", error);
        let is_new = !is_marked(path);
        if is_new && fs::read_dir(path).map_err(|error| failed(&error))?.next().is_some() {
            return Err(Error::setup(format!(
                "{} is not empty, and is no directory of backups; name one that is empty or not there yet",
                path.display()
            )));
        }
        if is_new {
            durable::create(&path.join(README), TOLD.as_bytes()).map_err(|error| failed(&error))?;
        }
        let lock = fs::OpenOptions::new().append(true).create(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::setup(format!("another backup into {} is being made", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let directory = Self { path: path.to_owned(), _lock: Some(lock) };
        directory.clear_away().map_err(|error| failed(&error))?;
        Ok(directory)
    }

    /// Removes folders of backups that broke off.
    fn clear_away(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Returns the names of the backups, the oldest first.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| fault(&self.path, "read", &error))? {
            let entry = entry.map_err(|error| fault(&self.path, "read", &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.path().join(MANIFEST).is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns the name of the newest backup that was not made after this instant. `None` if there is none.
    pub fn newest_before(&self, now: Time) -> Result<Option<String>> {
        let last = name_of(now);
        Ok(self.names()?.into_iter().rfind(|name| name.get(..last.len()).is_some_and(|at| at <= last.as_str())))
    }

    /// Returns the name and the manifest of the backup of this name, or of the newest.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or if its manifest cannot be read.
    pub fn find(&self, name: Option<&str>) -> Result<(String, Manifest)> {
        let names = self.names()?;
        let path = self.path.display();
        let name = match name {
            Some(name) if names.iter().any(|known| known == name) => name.to_owned(),
            Some(name) => {
                return Err(Error::setup(format!("{path} has no backup `{name}`; it has {}", names.join(", "))));
            }
            None => names.last().cloned().ok_or_else(|| Error::setup(format!("{path} has no backup yet")))?,
        };
        let file = self.folder(&name).join(MANIFEST);
        let json = fs::read(&file).map_err(|error| fault(&file, "read", &error))?;
        let manifest = Manifest::read(&json)
            .map_err(|error| Error::setup(format!("the manifest {} cannot be read: {error}", file.display())))?;
        Ok((name, manifest))
    }

    /// Returns the heads under which logs have gone on from backups in this directory.
    pub(super) fn heads(&self) -> Result<Heads> {
        Heads::open(&self.path)
    }

    /// Refuses to keep a backup of another server's logs beside those that are here, and one that is behind the newest of
    /// them: it would push out what there is nowhere else.
    pub(super) fn refuse_unlike(&self, manifest: &Manifest) -> Result<()> {
        let Some(name) = self.names()?.pop() else { return Ok(()) };
        let (_, newest) = self.find(Some(&name))?;
        let path = self.path.display();
        if let (Some(here), Some(there)) = (manifest.server(), newest.server())
            && here != there
        {
            return Err(Error::setup(format!(
                "{path} has backups of another server, `{there}`, and this one is `{here}`; name another directory"
            )));
        }
        match newest.ahead_of(manifest) {
            None => Ok(()),
            Some((log, size)) => Err(Error::setup(format!(
                "the database is behind the backup `{name}` in {path}, which has {size} entries of `{}`: bring that one back \
                 (`sts-clearance restore`), or name another directory",
                log.origin
            ))),
        }
    }

    /// Returns the folder of a backup.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the path of the file with these bytes.
    pub(super) fn file(&self, sha256: &str) -> PathBuf {
        // By letters: what a manifest says is no path.
        let first: String = sha256.chars().take(2).filter(char::is_ascii_hexdigit).collect();
        let hash: String = sha256.chars().filter(char::is_ascii_hexdigit).collect();
        self.path.join(FILES).join(first).join(hash)
    }

    /// Makes a folder for something that is not whole yet.
    pub(super) fn begin(&self) -> Result<Unfinished> {
        let path = self.path.join(format!("{UNFINISHED}{}", random::new_uuid()));
        make_private_dir(&path)?;
        Ok(Unfinished { path })
    }

    /// Writes the manifest of a backup, gives its folder the name of its time, and returns that.
    pub(super) fn finish(&self, unfinished: &Unfinished, manifest: &Manifest) -> Result<String> {
        let failed = |error: io::Error| fault(&self.path, "written", &error);
        let mut json = serde_json::to_vec_pretty(manifest).map_err(|error| Error::internal(error.to_string()))?;
        json.push(b'\n');
        durable::create(&unfinished.path.join(MANIFEST), &json).map_err(failed)?;
        let first = name_of(manifest.made_at);
        let taken = self.names()?;
        let numbered = (2_u32..).map(|number| format!("{first}-{number}"));
        let free = std::iter::once(first.clone()).chain(numbered).find(|name| !taken.contains(name));
        let name = free.unwrap_or(first);
        durable::rename(&unfinished.path, &self.folder(&name)).map_err(failed)?;
        Ok(name)
    }

    /// Keeps a file of the store, if it is not kept yet. Returns how many bytes were new, or why the file is not what its
    /// row says.
    ///
    /// What has the name has the bytes: it got the name when they were whole, and on the disk. With `reread` they are
    /// looked at all the same, since disks rot, and copied again if they are others.
    pub(super) async fn keep(&self, files: &Files, file: &NamedFile, reread: bool) -> Result<Result<u64, String>> {
        let target = self.file(&file.sha256);
        let has_size = fs::metadata(&target).is_ok_and(|kept| kept.len() == file.size);
        if has_size && (!reread || digest(&file.name, &target)? == *file) {
            return Ok(Ok(0));
        }
        let mut bytes = match files.get(&file.name, None).await {
            Ok(opened) => opened.bytes,
            Err(Error::Store(object_store::Error::NotFound { .. })) => return Ok(Err("it is missing".to_owned())),
            Err(error) => return Ok(Err(format!("it cannot be read: {error}"))),
        };
        let failed = |error: io::Error| fault(&target, "written", &error);
        make_private_dir(target.parent().unwrap_or(&self.path))?;
        let temporary = self.begin()?;
        let path = temporary.path.join("file");
        let mut written = tokio::fs::File::create_new(&path).await.map_err(failed)?;
        let (mut size, mut hash) = (0, Sha256::new());
        loop {
            let part = match bytes.try_next().await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => return Ok(Err(format!("it cannot be read: {error}"))),
            };
            size += part.len() as u64;
            hash.update(&part);
            written.write_all(&part).await.map_err(failed)?;
        }
        if size != file.size || hex::encode(hash.finalize()) != file.sha256 {
            return Ok(Err("its bytes are not what they were".to_owned()));
        }
        written.sync_all().await.map_err(failed)?;
        durable::rename(&path, &target).map_err(failed)?;
        Ok(Ok(size))
    }

    /// Removes the oldest backups, so that so many are left with the one that was made last, and the files that none of
    /// them names. Returns the names of those that it removed.
    pub(super) fn prune(&self, made: &str, keep: usize) -> Result<Vec<String>> {
        // By its name it may not be the newest: the clock may have been ahead when others were made.
        let mut names: Vec<_> = self.names()?.into_iter().filter(|name| name != made).collect();
        names.push(made.to_owned());
        let kept = names.split_off(names.len().saturating_sub(keep.max(1)));
        if names.is_empty() {
            return Ok(names);
        }
        // Read before anything is removed: where a manifest cannot be read, its files would look like nobody's.
        let mut wanted = HashSet::new();
        for name in &kept {
            wanted.extend(self.find(Some(name))?.1.files.into_iter().map(|file| self.file(&file.sha256)));
        }
        let failed = |error: io::Error| fault(&self.path, "cleared", &error);
        for name in &names {
            fs::remove_dir_all(self.folder(name)).map_err(failed)?;
        }
        let folders = match fs::read_dir(self.path.join(FILES)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
            folders => folders.map_err(failed)?,
        };
        for folder in folders {
            for file in fs::read_dir(folder.map_err(failed)?.path()).map_err(failed)? {
                let path = file.map_err(failed)?.path();
                if !wanted.contains(&path) {
                    fs::remove_file(&path).map_err(failed)?;
                }
            }
        }
        Ok(names)
    }
}

/// Whether a directory says of itself that it is one of backups.
fn is_marked(path: &Path) -> bool {
    fs::read_to_string(path.join(README)).is_ok_and(|text| text.starts_with(MARK))
}

/// Returns the name of the backup of this instant: `2026-11-29T174000Z`, which every file system takes.
fn name_of(made_at: Time) -> String {
    let text = made_at.to_string();
    let second = text.split(['.', 'Z']).next().unwrap_or_default();
    format!("{}Z", second.replace(':', ""))
}

pub(super) fn fault(path: &Path, done: &str, error: &io::Error) -> Error {
    Error::setup(format!("{} cannot be {done}: {error}", path.display()))
}
