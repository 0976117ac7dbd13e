//! Zip archives of stored files, written while they are sent: of any size, in the memory of a few chunks.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use jiff::{Timestamp, tz::Offset};
use sha2::{Digest, Sha256};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::Files;
use crate::error::{Error, Result};

/// How many bytes are sent at once.
const CHUNK: usize = 64 * 1024;
/// How many chunks can wait for the client.
const WAITING: usize = 4;
/// The longest that a client can take nothing before it counts as gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// A file to put into an archive.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The path in the archive.
    pub path: String,
    /// The time of modification in the archive.
    pub modified: Timestamp,
    /// The source of its bytes.
    pub content: Content,
}

/// The source of a file's bytes.
#[derive(Debug, Clone)]
pub enum Content {
    /// Bytes that are in memory.
    Bytes(Vec<u8>),
    /// A file in the store.
    Stored {
        /// The file's key in the store.
        file_url: String,
        /// The SHA-256 of the bytes. If the stored ones have another, the archive breaks off.
        sha256: [u8; 32],
    },
}

impl Files {
    /// Returns an archive of these files as a stream, which is written as it is read. It ends with an error if a file
    /// cannot be read whole.
    ///
    /// `seat` is held until the last byte was taken, or the client has gone.
    pub fn zip<S: Send + 'static>(&self, packed: Vec<Packed>, seat: S) -> BoxStream<'static, io::Result<Bytes>> {
        let (chunks, waiting) = mpsc::channel(WAITING);
        let whole = Arc::new(AtomicBool::new(false));
        let (files, runtime, written) = (self.clone(), Handle::current(), Arc::clone(&whole));
        tokio::task::spawn_blocking(move || {
            let sink = Sink::new(chunks, runtime.clone());
            match write(&files, &runtime, &packed, sink) {
                // Set before the sink is dropped, which closes the channel: the reader looks at it when the channel
                // ends.
                Ok(_sink) => written.store(true, Ordering::Release),
                Err(error) => tracing::warn!(%error, "an archive was not sent to its end"),
            }
            drop(seat);
        });
        // If the writer ends early, even by a panic, the channel closes as it does at the end of an archive. Without
        // the error the client would take what it has for the whole.
        stream::unfold((waiting, whole), async |(mut waiting, whole)| match waiting.recv().await {
            Some(chunk) => Some((Ok(chunk), (waiting, whole))),
            None if whole.swap(true, Ordering::Acquire) => None,
            None => Some((Err(io::Error::other("the archive could not be made to its end")), (waiting, whole))),
        })
        .boxed()
    }
}

/// Writes the files, and the archive's directory only if all of them could be read.
fn write(files: &Files, runtime: &Handle, packed: &[Packed], sink: Sink) -> Result<Sink> {
    let broken_off = Arc::clone(&sink.broken_off);
    let mut zip = ZipWriter::new_stream(sink).set_auto_large_file();
    for file in packed {
        if let Err(error) = add_file(files, runtime, file, &mut zip) {
            // A `ZipWriter` that is dropped writes the directory by itself, as if the archive were whole.
            broken_off.store(true, Ordering::Relaxed);
            return Err(error);
        }
    }
    let mut sink = zip.finish().map_err(zip_error)?.into_inner();
    sink.flush().map_err(zip_error)?;
    Ok(sink)
}

fn add_file(files: &Files, runtime: &Handle, file: &Packed, zip: &mut ZipWriter<StreamWriter<Sink>>) -> Result<()> {
    // Stored, not deflated: PDFs and pictures are compressed already.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o644)
        .last_modified_time(zip_time(file.modified));
    match &file.content {
        Content::Bytes(bytes) => {
            zip.start_file(&*file.path, options).map_err(zip_error)?;
            zip.write_all(bytes).map_err(zip_error)
        }
        Content::Stored { file_url, sha256 } => {
            let mut opened = runtime.block_on(files.get(file_url, None))?;
            zip.start_file(&*file.path, options).map_err(zip_error)?;
            let mut hash = Sha256::new();
            while let Some(bytes) = runtime.block_on(opened.bytes.next()) {
                let bytes = bytes?;
                hash.update(&bytes);
                zip.write_all(&bytes).map_err(zip_error)?;
            }
            // The bytes are sent already, but the archive has no directory yet, and without it no program takes it for
            // whole.
            if hash.finalize().as_slice() != sha256.as_slice() {
                return Err(Error::internal(format!("the stored file {file_url} is not what was uploaded")));
            }
            Ok(())
        }
    }
}

/// Returns a time in UTC as a zip states it, or the earliest that a zip can state (1980).
fn zip_time(at: Timestamp) -> DateTime {
    let at = Offset::UTC.to_datetime(at);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    DateTime::from_date_and_time(
        year,
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .unwrap_or_default()
}

fn zip_error(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the zip: {error}"))
}

/// The writing end of the stream. It buffers small writes into chunks.
struct Sink {
    chunks: mpsc::Sender<Bytes>,
    runtime: Handle,
    buffer: Vec<u8>,
    /// Set when nothing more is to be sent: what is written after that is dropped.
    broken_off: Arc<AtomicBool>,
}

impl Sink {
    fn new(chunks: mpsc::Sender<Bytes>, runtime: Handle) -> Self {
        Self { chunks, runtime, buffer: Vec::with_capacity(CHUNK), broken_off: Arc::default() }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.broken_off.load(Ordering::Relaxed) {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= CHUNK {
                self.flush()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() || self.broken_off.load(Ordering::Relaxed) {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        match self.runtime.block_on(timeout(PATIENCE, self.chunks.send(chunk))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing any more")),
        }
    }
}
