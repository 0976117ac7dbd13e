//! The file store: a directory with uploaded documents and the files of snapshots.
//!
//! `domain` and `jobs` use it, and the doors to send what it opens. A file is in the store before a row names it, and
//! leaves it after the row has gone (`file_deletions`): a row never names a file that is not there, while a file that
//! no row names only takes room. So a file is written under a temporary name, synced, renamed, and its directory
//! synced, before the transaction that refers to it commits.

pub mod durable;
mod in_time;
mod left_overs;
mod partial;
mod probe;
mod space;
mod staging;
mod zip;

use std::{
    path::Path as FilePath,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};

pub use left_overs::LeftOvers;
pub use partial::{Hold, Partial, Partials};
pub use probe::Trial;
use sha2::{Digest, Sha256};
pub use space::{DiskSpace, space, try_room};
pub use staging::{Kept, Staged, Staging};
pub use zip::{Content, Packed};

use self::in_time::{each_in_time, in_time};
use crate::{
    error::{Error, Result},
    in_place::InPlace,
};

/// The file store. A clone is another handle to the same one.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    directory: Arc<FilePath>,
    /// `None` where the directory is made with the first file.
    place: Arc<Option<InPlace>>,
}

/// A file, or a part of one, that is being read.
pub struct Opened {
    /// The bytes, in chunks as they are read.
    pub bytes: BoxStream<'static, object_store::Result<Bytes>>,
}

impl Files {
    /// Opens the directory, or creates it.
    pub fn open(url: &str) -> Result<Self> {
        let path = directory_of(url).map_err(Error::setup)?;
        let refuse =
            |error: &dyn std::fmt::Display| Error::setup(format!("the file store {path} cannot be used: {error}"));
        make_private_dir(FilePath::new(path))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| refuse(&error))?.with_fsync(true);
        let place = InPlace::opened("files", FilePath::new(path)).map_err(|error| refuse(&error))?;
        Ok(Self { store: Arc::new(store), directory: FilePath::new(path).into(), place: Arc::new(Some(place)) })
    }

    /// Returns the same store behind another one, such as one that a test makes.
    #[must_use]
    pub fn behind(&self, store: Arc<dyn ObjectStore>) -> Self {
        Self { store, ..self.clone() }
    }

    /// Returns whether the directory is still the one that was opened. If not, the program's log has been told.
    pub fn is_in_place(&self) -> bool {
        self.place.as_ref().as_ref().is_none_or(InPlace::is_kept)
    }

    /// Returns an error if the directory is gone, or is another one.
    ///
    /// The store makes directories that it misses. Without this, files that are uploaded after somebody has moved the
    /// directory away would be in a new one, and lost with it.
    fn refuse_elsewhere(&self) -> Result<()> {
        if self.is_in_place() { Ok(()) } else { Err(Error::FilesGone) }
    }

    /// Opens the directory as it is. If there is none, it is made with the first file that is put into it.
    pub fn open_existing(url: &str) -> Result<Self> {
        let path = FilePath::new(directory_of(url).map_err(Error::setup)?);
        if path.is_dir() {
            return Self::open(url);
        }
        let refuse = |error: &dyn std::fmt::Display| {
            Error::setup(format!("the file store {} cannot be used: {error}", path.display()))
        };
        let absolute = std::path::absolute(path).map_err(|error| refuse(&error))?;
        let prefix = Path::from_absolute_path(absolute).map_err(|error| refuse(&error))?;
        let store = PrefixStore::new(LocalFileSystem::new().with_fsync(true), prefix);
        Ok(Self { store: Arc::new(store), directory: path.into(), place: Arc::default() })
    }

    /// Returns the directory that the files are in.
    pub fn directory(&self) -> &FilePath {
        &self.directory
    }

    /// Stores a file whole. A reader sees the old content or the new, never a part.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.refuse_elsewhere()?;
        in_time(self.store.put(&Path::from(key), PutPayload::from(bytes))).await?;
        // It may have gone meanwhile, and the file with it.
        self.refuse_elsewhere()
    }

    /// Opens a file, or a range of its bytes. An error here comes before anything was sent to a client.
    pub async fn get(&self, key: &str, range: Option<std::ops::Range<u64>>) -> Result<Opened> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match in_time(self.store.get_opts(&Path::from(key), options)).await {
            Ok(opened) => Ok(Opened { bytes: each_in_time(opened.into_stream()).boxed() }),
            // Nothing is missing in a store that is not there.
            Err(error) => self.refuse_elsewhere().and(Err(error.into())),
        }
    }

    /// Returns an error if the file is not there.
    pub async fn find(&self, key: &str) -> Result<()> {
        Ok(in_time(self.store.head(&Path::from(key))).await.map(drop)?)
    }

    /// Removes a file. It is no error if it is gone already.
    pub async fn delete(&self, key: &str) -> Result<()> {
        // What is not here may be in the directory that was opened.
        self.refuse_elsewhere()?;
        // A process may end after it removed a file and before it deleted the row in `file_deletions`. The next attempt
        // finds nothing, and has to succeed.
        match in_time(self.store.delete(&Path::from(key))).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the size and the SHA-256 of a file, reading it in chunks. `None` if it is not there.
    pub async fn digest(&self, key: &str) -> Result<Option<(u64, [u8; 32])>> {
        let mut bytes = match self.get(key, None).await {
            Ok(opened) => opened.bytes,
            Err(Error::Store(object_store::Error::NotFound { .. })) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(part) = bytes.try_next().await? {
            size += part.len() as u64;
            hash.update(&part);
        }
        Ok(Some((size, hash.finalize().into())))
    }

    /// Lists the keys of the files below a folder, each with how long ago it was written: not at all, if the clock was set
    /// back since.
    ///
    /// A young file may belong to a transaction that is about to commit.
    pub fn listed(&self, folder: &str) -> BoxStream<'static, Result<(String, Duration)>> {
        let age = |file: &ObjectMeta| SystemTime::from(file.last_modified).elapsed().unwrap_or_default();
        let listed = each_in_time(self.store.list(Some(&Path::from(folder))));
        listed.map(move |file| file.map(|file| (file.location.to_string(), age(&file))).map_err(Error::from)).boxed()
    }

    /// Returns an error if so many bytes cannot be stored, as far as the system knows: what is sent need not be read then.
    pub async fn check_room_for(&self, bytes: u64) -> Result<()> {
        let directory = Arc::clone(&self.directory);
        // A disk that does not respond holds up a thread for blocking work, and none that answers others.
        let space = tokio::task::spawn_blocking(move || space(&directory)).await;
        match space.map_err(|error| Error::internal(format!("the disk: {error}")))? {
            Some(disk) if disk.free_bytes < bytes => Err(Error::StoreFull),
            _ => Ok(()),
        }
    }

    /// Returns an error if the store cannot be read.
    pub async fn check(&self) -> Result<()> {
        self.refuse_elsewhere()?;
        // No file has this name. A store that reports so can be read.
        match in_time(self.store.head(&Path::from("rooms/.ready"))).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the directory that a URL of the store names, or why it names none.
pub fn directory_of(url: &str) -> Result<&str, String> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    if path.contains("://") {
        return Err(format!("the file store `{url}` is of an unknown kind; give a directory"));
    }
    Ok(path)
}

/// Creates a directory for its owner only, with its parents, if it does not exist.
pub fn make_private_dir(path: &FilePath) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Error::setup(format!("{} cannot be made: {error}", path.display())))
}
