//! A file on its way into the store: written as its bytes come, hashed meanwhile, and named only once it is whole.
//!
//! The order is: write under a temporary name ([`Staging`]), sync ([`Staged`]), rename ([`Kept`]), commit the row that
//! names it. Each step owns the file and removes it if the next one does not happen. If the process ends in between, a
//! file without a name is removed by [`Files::sweep`], and a file with a name but without a row is found by `fsck`.

use std::{io, ops::Range, time::Duration};

use object_store::{ObjectStoreExt, WriteMultipart, path::Path};
use sha2::{Digest, Sha256};

use super::{Files, Opened, in_time::in_time};
use crate::error::{Error, Result};

/// The folder in which files wait for their names.
pub(super) const WAITING: &str = "uploads";
/// How many bytes are written at once.
const PART: usize = 128 * 1024;
/// How many parts can be on their way to the store before more is taken from the client, which bounds the memory of an
/// upload.
const PARTS_UNDER_WAY: usize = 1;

/// A file that is being written.
pub struct Staging {
    files: Files,
    key: String,
    parts: WriteMultipart,
    hash: Sha256,
    size: u64,
}

impl Files {
    /// Begins a file. No other file that waits for its name may have this `name`.
    pub async fn stage(&self, name: &str) -> Result<Staging> {
        self.refuse_elsewhere()?;
        let key = format!("{WAITING}/{name}");
        let upload = in_time(self.store.put_multipart(&Path::from(&*key))).await?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART);
        Ok(Staging { files: self.clone(), key, parts, hash: Sha256::new(), size: 0 })
    }

    /// Removes the files of uploads that ended with the whole process, and returns how many those were.
    ///
    /// The directory itself is read, since the store does not list files that are half written.
    pub async fn sweep(&self, older_than: Duration) -> io::Result<usize> {
        let mut waiting = match tokio::fs::read_dir(self.directory.join(WAITING)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            opened => opened?,
        };
        let mut removed = 0;
        while let Some(file) = waiting.next_entry().await? {
            // An upload may have ended, and its file with it, since the directory was read.
            let Ok(written) = file.metadata().await.and_then(|file| file.modified()) else { continue };
            if written.elapsed().is_ok_and(|age| age > older_than) {
                match tokio::fs::remove_file(file.path()).await {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    outcome => outcome.map(|()| removed += 1)?,
                }
            }
        }
        Ok(removed)
    }
}

impl Staging {
    /// Adds the next bytes, and waits if the store is slower than the client.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        in_time(self.parts.wait_for_capacity(PARTS_UNDER_WAY)).await?;
        self.parts.write(bytes);
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Returns how many bytes were added so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends the file. It is in the store as a whole then, and synced.
    pub async fn finish(self) -> Result<Staged> {
        let Self { files, key, parts, hash, size } = self;
        // In a task, so that it is finished even if the caller is gone: the store does not stop halfway, and nobody
        // would own, and remove, the file that it completes.
        let finished = tokio::spawn(async move {
            in_time(parts.finish()).await?;
            Ok(Staged { file: RemovedOnDrop::new(files, key), size, sha256: hash.finalize().into() })
        });
        finished.await.map_err(|error| Error::internal(format!("a file at its end: {error}")))?
    }
}

/// A whole file that has no name yet. It is removed when this is dropped.
#[derive(Debug)]
pub struct Staged {
    file: RemovedOnDrop,
    size: u64,
    sha256: [u8; 32],
}

impl Staged {
    /// Returns the size, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the SHA-256 of the bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Opens the file, or a range of its bytes.
    pub async fn open(&self, range: Option<Range<u64>>) -> Result<Opened> {
        self.file.files.get(&self.file.key, range).await
    }

    /// Gives the file its name in the store.
    pub async fn keep_as(mut self, key: &str) -> Result<Kept> {
        let file = &mut self.file;
        // Renamed before the transaction, not after it: a row that is committed must find its file at once, and a
        // rename that fails must still be able to fail the request.
        file.files.refuse_elsewhere()?;
        in_time(file.files.store.rename(&Path::from(&*file.key), &Path::from(key))).await?;
        file.kept = true;
        file.files.refuse_elsewhere()?;
        Ok(Kept { files: file.files.clone(), key: key.to_owned() })
    }
}

/// A file with its name, which a transaction is about to refer to. If that fails, the caller has to
/// [discard](Kept::discard) it.
pub struct Kept {
    files: Files,
    key: String,
}

impl Kept {
    /// Removes the file, since nothing refers to it after all.
    pub async fn discard(self) {
        if let Err(error) = self.files.delete(&self.key).await {
            tracing::warn!(file_url = self.key, %error, "a file that nothing refers to could not be removed");
        }
    }
}

/// A file that is removed when this is dropped, unless it was kept.
#[derive(Debug)]
struct RemovedOnDrop {
    files: Files,
    key: String,
    kept: bool,
}

impl RemovedOnDrop {
    fn new(files: Files, key: String) -> Self {
        Self { files, key, kept: false }
    }
}

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let kept = Kept { files: self.files.clone(), key: std::mem::take(&mut self.key) };
        // Without a runtime the process is about to end, and the next one's sweep removes the file.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(kept.discard());
        }
    }
}
