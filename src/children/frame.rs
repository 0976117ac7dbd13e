//! Messages over a pipe: a tag of one byte, the length in eight bytes (little-endian), and the bytes.
//!
//! Neither side trusts a length: it refuses one above what it allows, and allocates memory as the bytes come.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The most that is allocated before any byte of a message has come, in bytes.
const AT_FIRST: u64 = 64 * 1024;

/// A message with its tag, which states what it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

/// Sends a message, in a child.
pub(super) fn write(to: &mut impl Write, tag: u8, body: &[u8]) -> io::Result<()> {
    to.write_all(&head(tag, body))?;
    to.write_all(body)?;
    to.flush()
}

/// Receives a message of at most this many bytes, in a child. `None` at the end of the pipe.
pub(super) fn read(from: &mut impl Read, most: u64) -> io::Result<Option<Frame>> {
    let mut head = [0; 9];
    // The first byte alone: the end of the pipe is in order before a message, and an error within one.
    match from.read(&mut head[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut head[1..])?,
    }
    let (tag, length) = announced(head, most)?;
    let mut body = room_for(length);
    from.take(length).read_to_end(&mut body)?;
    whole(tag, body, length).map(Some)
}

/// Sends a message, in the server.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), tag: u8, body: &[u8]) -> io::Result<()> {
    to.write_all(&head(tag, body)).await?;
    to.write_all(body).await?;
    to.flush().await
}

/// Receives a message of at most this many bytes, in the server.
pub(super) async fn receive(from: &mut (impl AsyncRead + Unpin), most: u64) -> io::Result<Frame> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await?;
    let (tag, length) = announced(head, most)?;
    let mut body = room_for(length);
    from.take(length).read_to_end(&mut body).await?;
    whole(tag, body, length)
}

fn head(tag: u8, body: &[u8]) -> [u8; 9] {
    let mut head = [tag; 9];
    head[1..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    head
}

fn announced([tag, length @ ..]: [u8; 9], most: u64) -> io::Result<(u8, u64)> {
    let length = u64::from_le_bytes(length);
    if length > most {
        return Err(io::Error::other(format!("a message of {length} bytes, where {most} are the most")));
    }
    Ok((tag, length))
}

fn room_for(length: u64) -> Vec<u8> {
    // A length is only a claim. Memory for a large message is allocated as its bytes come.
    Vec::with_capacity(usize::try_from(length.min(AT_FIRST)).unwrap_or_default())
}

fn whole(tag: u8, body: Vec<u8>, length: u64) -> io::Result<Frame> {
    if body.len() as u64 == length { Ok(Frame { tag, body }) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
