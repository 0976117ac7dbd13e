//! Children that draw previews: each reads one uploaded file, draws one of its pages, and ends. It writes the number of
//! pages on a line, and then the picture.

use std::{
    collections::VecDeque,
    io,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::TryStreamExt;
use preview::{Drawn, Fault, Kind as FileKind, View};
use room::UserId;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin},
    time::timeout,
};

use super::{Children, Kind, MIB, STDERR_LOGGED, refused_start};
use crate::{
    error::{Error, Result},
    files::Opened,
    shares::Shares,
};

/// The largest file of which a preview is drawn, in bytes, since it is read whole into memory.
pub const FILE_LIMIT: u64 = 64 * MIB;
/// The largest preview at a zoom of 1, in bytes; a photograph that fills it takes six million.
const PREVIEW_LIMIT: u64 = 8 * MIB;
/// The longest line with the number of pages, in bytes.
const LONGEST_COUNT: usize = 11;
/// The first bytes of a PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";
/// How many previews are drawn at once.
const SEATS: usize = 2;
/// How many previews are drawn at once for one account, so that one account's hostile files leave room for others.
const SEATS_OF_ACCOUNT: usize = 1;
/// The longest that a caller waits for a seat.
const PATIENCE: Duration = Duration::from_secs(20);
/// A child that has not come to its end after this long is killed.
const TIME: Duration = Duration::from_secs(15);
/// Why there is no preview of most files that have none.
pub const CANNOT_BE_DRAWN: &str = "this file cannot be previewed";
/// Why there is none of a PDF with a password.
const NEEDS_PASSWORD: &str = "this PDF opens only with a password, so that it cannot be previewed";
/// How many files are remembered as impossible to draw.
const REMEMBERED: usize = 4_096;

/// The seats for drawing previews, and the files that could not be drawn. A clone is another handle to the same ones.
#[derive(Debug, Clone)]
pub(super) struct Previews {
    seats: Shares<UserId>,
    /// The keys of files that could not be drawn, the oldest first, each with the reason. They would fail again, since
    /// drawing depends on nothing but the file.
    failed: Arc<Mutex<VecDeque<(String, &'static str)>>>,
}

impl Default for Previews {
    fn default() -> Self {
        Self { seats: Shares::new(SEATS, SEATS_OF_ACCOUNT), failed: Arc::default() }
    }
}

impl Previews {
    /// Returns an error if the file could not be drawn before.
    fn refuse_failed(&self, known_by: &str) -> Result<()> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failed.iter().find(|(failed, _)| failed == known_by);
        known.map_or(Ok(()), |(_, why)| Err(Error::NoPreview(why)))
    }

    fn remember_failed(&self, known_by: &str, why: &'static str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() == REMEMBERED {
            failed.pop_front();
        }
        failed.push_back((known_by.to_owned(), why));
    }
}

/// An uploaded file to draw.
pub struct Uploaded {
    /// The format of the file.
    pub kind: FileKind,
    /// What of it is drawn.
    pub view: View,
    /// A key that is the same for the same view of the same bytes.
    pub known_by: String,
    /// The name under which the log mentions it.
    pub name: String,
    /// The bytes, as the store reads them.
    pub bytes: Opened,
}

impl Children {
    /// Draws a page of a file for this account, as PNG.
    ///
    /// # Errors
    ///
    /// `NoPreview` if it cannot be drawn, at once if that is known; `NotFound` if there is no such page; `Busy` if no seat
    /// came free in time.
    pub async fn preview(&self, account: UserId, file: Uploaded) -> Result<Drawn> {
        self.previews.refuse_failed(&file.known_by)?;
        let seat = timeout(PATIENCE, self.previews.seats.take(account)).await;
        let _seat = seat.map_err(|_| Error::Busy)?;
        // The same file may have failed meanwhile, for a request that was earlier in the queue.
        self.previews.refuse_failed(&file.known_by)?;
        let mut child = self
            .start(Kind::Preview, &[argument(file.kind, file.view).as_ref()])
            .map_err(|error| refused_start(&error, || Error::internal(format!("no preview can be drawn: {error}"))))?;
        // If the caller leaves or time is up, the child is dropped, which kills it.
        let most = limit(file.view);
        let drawn = timeout(TIME, converse(&mut child, file.bytes, most)).await;
        let why = match drawn {
            Ok(Ok(Ran { status, written, complaint })) => {
                // A child that was taken over can write anything. The picture is sent with the type of a PNG, which no
                // browser takes for a page.
                let bytes = written.len();
                let drawn = drawn_of(written).filter(|drawn| drawn.png.len() as u64 <= most);
                match drawn.filter(|_| status.success()) {
                    Some(drawn) => return Ok(drawn),
                    None if complaint.contains(&Fault::NoSuchPage.to_string()) => return Err(Error::NotFound("page")),
                    None => format!("{status}; {bytes} bytes; {complaint}"),
                }
            }
            // The store's fault is not the file's: it is not remembered.
            Ok(Err(Broken::Store(error))) => return Err(error.into()),
            Ok(Err(Broken::Pipe(error))) => error.to_string(),
            Err(_) => "it took too long".into(),
        };
        tracing::warn!(file = file.name, why, "a preview was not drawn");
        let words = if why.contains(&Fault::NeedsPassword.to_string()) { NEEDS_PASSWORD } else { CANNOT_BE_DRAWN };
        self.previews.remember_failed(&file.known_by, words);
        Err(Error::NoPreview(words))
    }
}

/// Returns the largest picture of a view, in bytes.
fn limit(view: View) -> u64 {
    PREVIEW_LIMIT * u64::from(view.zoom) * u64::from(view.zoom)
}

/// Reads what a child has written. `None` if that is no number of pages with a picture.
fn drawn_of(mut written: Vec<u8>) -> Option<Drawn> {
    let end = written.iter().take(LONGEST_COUNT).position(|byte| *byte == b'\n')?;
    let pages = str::from_utf8(&written[..end]).ok()?.parse().ok()?;
    let png = written.split_off(end + 1);
    png.starts_with(PNG).then_some(Drawn { png, pages })
}

/// The outcome of a drawing that ran to its end.
struct Ran {
    status: ExitStatus,
    written: Vec<u8>,
    complaint: String,
}

/// Why a drawing has no outcome.
enum Broken {
    Store(object_store::Error),
    Pipe(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// Sends the file and receives the picture at the same time: a child may write before it has read everything, and both
/// pipes are small.
async fn converse(child: &mut Child, file: Opened, most: u64) -> Result<Ran, Broken> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let taken = async { Ok(tokio::join!(take(stdout, most + LONGEST_COUNT as u64 + 1), take(stderr, STDERR_LOGGED))) };
    let ((), (written, complaint)) = tokio::try_join!(send(stdin, file), taken)?;
    let complaint = String::from_utf8_lossy(&complaint?).trim().to_owned();
    Ok(Ran { status: child.wait().await?, written: written?, complaint })
}

/// Sends the file. A child that stops reading is no error here: its status says why.
async fn send(stdin: Option<ChildStdin>, mut file: Opened) -> Result<(), Broken> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    while let Some(part) = file.bytes.try_next().await.map_err(Broken::Store)? {
        if stdin.write_all(&part).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads at most this much, and closes the pipe.
async fn take(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Returns the name of a kind of file on the command line.
fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pdf => "pdf",
        FileKind::Jpeg => "jpeg",
        FileKind::Png => "png",
    }
}

/// Returns what the child is told on the command line: `pdf:2:1` is the second page of a PDF, at a zoom of 1.
fn argument(kind: FileKind, View { page, zoom }: View) -> String {
    format!("{}:{page}:{zoom}", word(kind))
}

/// Returns the kind of file and the view that an argument tells.
fn told(argument: &str) -> Option<(&str, View)> {
    let (kind, view) = argument.split_once(':')?;
    let (page, zoom) = view.split_once(':')?;
    Some((
        kind,
        View { page: page.parse().ok()?, zoom: zoom.parse().ok().filter(|zoom| (1..=View::CLOSEST).contains(zoom))? },
    ))
}

/// Draws the file of this kind that comes on standard input, and writes the picture to standard output.
pub(super) fn work(argument: &str) -> Result<()> {
    let (kind, view) =
        told(argument).ok_or_else(|| Error::setup("a preview is told as `pdf:1:1`: kind, page, zoom"))?;
    let kind = [FileKind::Pdf, FileKind::Jpeg, FileKind::Png].into_iter().find(|known| word(*known) == kind);
    let kind = kind.ok_or_else(|| Error::setup("previews are drawn of `pdf`, `jpeg` and `png`"))?;
    let refuse = |what: &str, error: &dyn std::fmt::Display| Error::setup(format!("{what}: {error}"));
    let mut file = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(io::stdin().lock(), FILE_LIMIT + 1), &mut file)
        .map_err(|error| refuse("the file cannot be read", &error))?;
    if file.len() as u64 > FILE_LIMIT {
        return Err(Error::setup("the file is too large"));
    }
    let drawn = preview::draw(kind, file, view).map_err(|fault| Error::setup(fault.to_string()))?;
    let mut out = io::stdout();
    let written = io::Write::write_all(&mut out, format!("{}\n", drawn.pages).as_bytes())
        .and_then(|()| io::Write::write_all(&mut out, &drawn.png));
    written.map_err(|error| refuse("the preview cannot be written", &error))
}
