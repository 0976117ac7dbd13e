//! Stored files as one zip, made while it is sent: of any size, in the memory of a few chunks.

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

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;
/// Chunks that may wait for the client.
const WAITING: usize = 4;
/// A client that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// A file of the zip.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Its place in the zip.
    pub path: String,
    /// Its time there.
    pub modified: Timestamp,
    /// Where its bytes are.
    pub content: Content,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Content {
    /// At hand.
    Bytes(Vec<u8>),
    /// In the store.
    Stored {
        /// The key.
        file_url: String,
        /// What the bytes hash to; others are not sent as if they were these.
        sha256: [u8; 32],
    },
}

impl Files {
    /// The zip of these files, as it is made. It ends with an error where a file cannot be read whole.
    ///
    /// `place` is held until the last byte was taken, or the client has gone.
    pub fn zip<P: Send + 'static>(&self, packed: Vec<Packed>, place: P) -> BoxStream<'static, io::Result<Bytes>> {
        let (chunks, waiting) = mpsc::channel(WAITING);
        let whole = Arc::new(AtomicBool::new(false));
        let (files, runtime, written) = (self.clone(), Handle::current(), Arc::clone(&whole));
        tokio::task::spawn_blocking(move || {
            let sink = Sink::new(chunks, runtime.clone());
            match write(&files, &runtime, &packed, sink) {
                // Before the sink goes, and with it the channel.
                Ok(_sink) => written.store(true, Ordering::Release),
                Err(error) => tracing::warn!(%error, "an archive was not sent to its end"),
            }
            drop(place);
        });
        // What ends before all was written, be it by a panic, is not to end as if it were whole.
        stream::unfold((waiting, whole), async |(mut waiting, whole)| match waiting.recv().await {
            Some(chunk) => Some((Ok(chunk), (waiting, whole))),
            None if whole.swap(true, Ordering::Acquire) => None,
            None => Some((Err(io::Error::other("the archive could not be made to its end")), (waiting, whole))),
        })
        .boxed()
    }
}

/// Writes the files, and the end of the zip only where all of them could be read.
fn write(files: &Files, runtime: &Handle, packed: &[Packed], sink: Sink) -> Result<Sink> {
    let broken_off = Arc::clone(&sink.broken_off);
    let mut zip = ZipWriter::new_stream(sink).set_auto_large_file();
    for file in packed {
        if let Err(error) = add(files, runtime, file, &mut zip) {
            // A zip that is dropped writes its end by itself, as if it were whole.
            broken_off.store(true, Ordering::Relaxed);
            return Err(error);
        }
    }
    let mut sink = zip.finish().map_err(lost)?.into_inner();
    sink.flush().map_err(lost)?;
    Ok(sink)
}

fn add(files: &Files, runtime: &Handle, file: &Packed, zip: &mut ZipWriter<StreamWriter<Sink>>) -> Result<()> {
    // The files are mostly compressed already.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o644)
        .last_modified_time(calendar(file.modified));
    match &file.content {
        Content::Bytes(bytes) => {
            zip.start_file(&*file.path, options).map_err(lost)?;
            zip.write_all(bytes).map_err(lost)
        }
        Content::Stored { file_url, sha256 } => {
            let mut opened = runtime.block_on(files.get(file_url, None))?;
            zip.start_file(&*file.path, options).map_err(lost)?;
            let mut hash = Sha256::new();
            while let Some(bytes) = runtime.block_on(opened.bytes.next()) {
                let bytes = bytes?;
                hash.update(&bytes);
                zip.write_all(&bytes).map_err(lost)?;
            }
            if hash.finalize().as_slice() != sha256.as_slice() {
                return Err(Error::internal(format!("the stored file {file_url} is not what was uploaded")));
            }
            Ok(())
        }
    }
}

/// A time in UTC as a zip tells it, or the earliest that it can.
fn calendar(at: Timestamp) -> DateTime {
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

fn lost(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the zip: {error}"))
}

/// The writing end of the stream.
struct Sink {
    chunks: mpsc::Sender<Bytes>,
    runtime: Handle,
    buffer: Vec<u8>,
    /// Nothing more is to be sent: what is still written goes nowhere.
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
