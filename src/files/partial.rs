//! Files of which not all bytes have come yet. They wait in the data directory of the server that took the bytes, until the
//! rest comes: after a break, or after a restart.
//!
//! They are not in the store, which servers may share: of a file that two servers write, nobody could say what is on disk.
//! Within a server one request at a time has a file in hold. Its client may have lost the connection without the server
//! knowing of it, and come again: therefore the newcomer has the one before let go.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path as FilePath, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
    sync::OwnedMutexGuard,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{durable, make_private_dir};
use crate::error::{Error, Result};

/// The folder of these files in the data directory.
const FOLDER: &str = "partial-uploads";
/// How long a request waits for the one before it to let go: it may be storing a file that is whole.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many bytes are read at once.
const PIECE: usize = 128 * 1024;

/// The files of uploads that come in parts. A clone is another handle to the same ones.
#[derive(Debug, Clone)]
pub struct Partials {
    directory: Arc<FilePath>,
    /// The uploads that a request has in hold, or waits for.
    places: Arc<Mutex<HashMap<Uuid, Arc<Place>>>>,
}

/// Where the requests of one upload take turns.
#[derive(Debug, Default)]
struct Place {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// What tells the request that came last to let go.
    last: Mutex<CancellationToken>,
}

impl Partials {
    /// Returns those in a data directory. Their folder is made with the first of them.
    pub fn beside(data_dir: &FilePath) -> Self {
        Self { directory: data_dir.join(FOLDER).into(), places: Arc::default() }
    }

    /// Takes hold of an upload. Whichever request has it in hold is asked to let go, and waited for.
    ///
    /// # Errors
    ///
    /// `Busy` if it does not let go in time.
    pub async fn hold(&self, id: Uuid) -> Result<Hold> {
        let place = Arc::clone(self.places().entry(id).or_default());
        let asked = CancellationToken::new();
        std::mem::replace(&mut *place.last.lock().unwrap_or_else(PoisonError::into_inner), asked.clone()).cancel();
        let mut hold = Hold { partials: self.clone(), id, place, asked, turn: None };
        let turn = timeout(PATIENCE, Arc::clone(&hold.place.turn).lock_owned()).await;
        hold.turn = Some(turn.map_err(|_| Error::Busy)?);
        Ok(hold)
    }

    /// Returns the uploads whose files are here.
    pub fn ids(&self) -> io::Result<Vec<Uuid>> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened?,
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        let ids = names.map(|name| name.map(|name| Uuid::parse_str(name.to_str().unwrap_or_default()).ok()));
        ids.filter_map(io::Result::transpose).collect()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload that one request has in hold, until this is dropped.
#[derive(Debug)]
pub struct Hold {
    partials: Partials,
    id: Uuid,
    place: Arc<Place>,
    asked: CancellationToken,
    /// `None` while it is waited for.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Hold {
    /// Returns when another request wants to have the upload.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// Opens the file to add what follows its first `size` bytes; what is behind them is cut off. Returns `None` if it has
    /// not that many.
    pub async fn open(&self, size: u64) -> Result<Option<Partial>> {
        let path = self.path();
        make_private_dir(&self.partials.directory)?;
        let is_there = tokio::fs::try_exists(&path).await.map_err(of_disk)?;
        if !is_there && size > 0 {
            return Ok(None);
        }
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).await;
        let mut file = opened.map_err(of_disk)?;
        if file.metadata().await.map_err(of_disk)?.len() < size {
            return Ok(None);
        }
        // Bytes of which nobody knows whether they reached the disk before the server ended.
        file.set_len(size).await.map_err(of_disk)?;
        file.seek(io::SeekFrom::Start(size)).await.map_err(of_disk)?;
        if !is_there {
            let synced = tokio::task::spawn_blocking(move || durable::sync_directory(&path)).await;
            synced.map_err(|error| Error::internal(format!("a directory: {error}")))?.map_err(of_disk)?;
        }
        Ok(Some(Partial { file, size }))
    }

    /// Returns whether the file has at least so many bytes.
    pub async fn has(&self, size: u64) -> Result<bool> {
        match tokio::fs::metadata(self.path()).await {
            Ok(file) => Ok(file.len() >= size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(size == 0),
            Err(error) => Err(of_disk(error)),
        }
    }

    /// Reads the file from its beginning, piece by piece.
    pub async fn read(&self) -> Result<impl Stream<Item = Result<bytes::Bytes>> + use<>> {
        let file = File::open(self.path()).await.map_err(of_disk)?;
        let pieces = futures_util::stream::try_unfold(file, async |mut file| {
            let mut piece = bytes::BytesMut::with_capacity(PIECE);
            let read = tokio::io::AsyncReadExt::read_buf(&mut file, &mut piece).await?;
            Ok::<_, io::Error>((read > 0).then(|| (piece.freeze(), file)))
        });
        Ok(pieces.map(|piece| piece.map_err(of_disk)))
    }

    /// Removes the file. It is no error if it is gone already.
    pub async fn remove(&self) -> Result<()> {
        match tokio::fs::remove_file(self.path()).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome.map_err(of_disk),
        }
    }

    fn path(&self) -> PathBuf {
        self.partials.directory.join(self.id.to_string())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.turn = None;
        let mut places = self.partials.places();
        // Let go of under the lock, so that of two requests the last one sees that it is.
        let place = std::mem::take(&mut self.place);
        if Arc::strong_count(&place) == 2 {
            places.remove(&self.id);
        }
    }
}

/// A file to which bytes are added.
#[derive(Debug)]
pub struct Partial {
    file: File,
    size: u64,
}

impl Partial {
    /// Returns how many bytes the file has, with those that were added and are not synced yet.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes to the end.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(of_disk)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Waits until what was added is on disk.
    pub async fn sync(&mut self) -> Result<()> {
        self.file.flush().await.map_err(of_disk)?;
        self.file.sync_data().await.map_err(of_disk)
    }
}

/// Words an error of the disk as one of the store, which says whether there is no room.
fn of_disk(error: io::Error) -> Error {
    object_store::Error::Generic { store: "of uploads in parts", source: error.into() }.into()
}
