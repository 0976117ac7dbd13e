//! A file on its way into the store: written as it comes, hashed meanwhile, and named only once it is
//! whole. Whatever is not kept is removed.

use std::{io, time::Duration};

use object_store::{ObjectStoreExt, WriteMultipart, path::Path};
use sha2::{Digest, Sha256};

use super::Files;
use crate::error::{Error, Result};

/// Where files wait for their name.
pub(super) const WAITING: &str = "uploads";
/// Bytes that are written at once.
const PART: usize = 1024 * 1024;
/// Parts that may be on their way to the store before more is taken from the client.
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
    /// Begins a file. `name` is one of its own.
    pub async fn stage(&self, name: &str) -> Result<Staging> {
        let key = format!("{WAITING}/{name}");
        let upload = self.store.put_multipart(&Path::from(&*key)).await?;
        let parts = WriteMultipart::new_with_chunk_size(upload, PART);
        Ok(Staging { files: self.clone(), key, parts, hash: Sha256::new(), size: 0 })
    }
}

impl Files {
    /// Removes what uploads left that ended with the whole process; answers how many files that were.
    ///
    /// They are of no name, and some are half written, which the store itself does not list.
    pub async fn sweep(&self, older_than: Duration) -> io::Result<usize> {
        let mut waiting = match tokio::fs::read_dir(self.directory.join(WAITING)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            opened => opened?,
        };
        let mut removed = 0;
        while let Some(file) = waiting.next_entry().await? {
            // One that is going away by itself meanwhile is no failure.
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
    /// Adds the next bytes; waits where the store is slower than the client.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.parts.wait_for_capacity(PARTS_UNDER_WAY).await?;
        self.parts.write(bytes);
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The end of the file: all of it is in the store now, and synced.
    pub async fn finish(self) -> Result<Staged> {
        let Self { files, key, parts, hash, size } = self;
        // To its end also where the caller is gone: the store does not stop halfway, and what it has
        // finished by then would be nobody's to remove.
        let finished = tokio::spawn(async move {
            parts.finish().await?;
            Ok(Staged { file: Removed::unless_kept(files, key), size, sha256: hash.finalize().into() })
        });
        finished.await.map_err(|error| Error::internal(format!("a file at its end: {error}")))?
    }
}

/// A whole file that has no name yet; removed where it gets none.
#[derive(Debug)]
pub struct Staged {
    file: Removed,
    size: u64,
    sha256: [u8; 32],
}

impl Staged {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of them.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Gives the file its name.
    pub async fn keep_as(mut self, key: &str) -> Result<Kept> {
        let file = &mut self.file;
        file.files.store.rename(&Path::from(&*file.key), &Path::from(key)).await?;
        file.kept = true;
        Ok(Kept { files: file.files.clone(), key: key.to_owned() })
    }
}

/// A file with its name, which a transaction is about to refer to.
pub struct Kept {
    files: Files,
    key: String,
}

impl Kept {
    /// Removes it: nothing refers to it after all.
    pub async fn discard(self) {
        if let Err(error) = self.files.delete(&self.key).await {
            tracing::warn!(file_url = self.key, %error, "a file that nothing refers to could not be removed");
        }
    }
}

/// Removes a file when it goes, unless it was kept.
#[derive(Debug)]
struct Removed {
    files: Files,
    key: String,
    kept: bool,
}

impl Removed {
    fn unless_kept(files: Files, key: String) -> Self {
        Self { files, key, kept: false }
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let kept = Kept { files: self.files.clone(), key: std::mem::take(&mut self.key) };
        // Without a runtime the process is at its end, and the sweep removes it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(kept.discard());
        }
    }
}
