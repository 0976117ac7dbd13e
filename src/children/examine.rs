//! Children that examine an upload: each reads what the first bytes of one file do not show, says it in a line, and ends.

use std::{
    io::{self, Read},
    time::Duration,
};

use futures_util::TryStreamExt;
use preview::{Entry, Notice};
use room::{FileKind, FileNotice};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Child,
    time::timeout,
};

use super::{Children, FILE_LIMIT, Kind, frame, refused_start};
use crate::{
    error::{Error, Result},
    files::Opened,
    shares::Shares,
};

/// How many files are examined at once.
const SEATS: usize = 2;
/// How many files are examined at once for one account.
const SEATS_OF_ACCOUNT: usize = 1;
/// The longest that an upload waits for a seat.
const PATIENCE: Duration = Duration::from_secs(20);
/// A child that has not come to its end after this long is killed.
const TIME: Duration = Duration::from_secs(15);
/// The longest answer, in bytes: a word, and the name of a part.
const MOST_ANSWER: u64 = 4096;
/// The largest file of a zip that is sent to a child, in bytes, with its header.
pub const MOST_ENTRY: u64 = 512 * 1024;
/// The tag of a file of a zip.
const ENTRY: u8 = b'e';
/// The argument for an Office file.
const OFFICE: &str = "office";
/// The argument for a PDF.
const PDF: &str = "pdf";
/// The content types of the main parts of Office files (ECMA-376 part 1 §11.3.10 and §12.3.23).
const MAIN_PARTS: [(&str, FileKind); 2] = [
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", FileKind::Docx),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", FileKind::Xlsx),
];

/// The seats for examinations, by the address of the account. A clone is another handle to the same ones.
#[derive(Debug, Clone)]
pub(super) struct Examinations(Shares<String>);

impl Default for Examinations {
    fn default() -> Self {
        Self(Shares::new(SEATS, SEATS_OF_ACCOUNT))
    }
}

/// What is read of a file to be examined.
pub enum Examined {
    /// A whole PDF.
    Pdf(Opened),
    /// Of an Office file `[Content_Types].xml` and `_rels/.rels`: the bytes from the local header on, and how many
    /// bytes each has as it is packed.
    Office([(Vec<u8>, u64); 2]),
}

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What is to be known of a PDF.
    Notice(FileNotice),
    /// The kind of an Office file, and the name of the main part that shows it.
    Office(FileKind, String),
}

impl Children {
    /// Examines a file for the account with this address. `None` if there is nothing to say of it, or it cannot be read.
    ///
    /// # Errors
    ///
    /// `Busy` if no seat came free in time.
    pub async fn examine(&self, account: &str, file: Examined) -> Result<Option<Finding>> {
        let seat = timeout(PATIENCE, self.examinations.0.take(account.to_owned())).await;
        let _seat = seat.map_err(|_| Error::Busy)?;
        let word = if matches!(file, Examined::Pdf(_)) { PDF } else { OFFICE };
        let mut child = self
            .start(Kind::Examine, &[word.as_ref()])
            .map_err(|error| refused_start(&error, || Error::internal(format!("no file can be examined: {error}"))))?;
        // If the caller leaves or time is up, the child is dropped, which kills it.
        let said = match timeout(TIME, converse(&mut child, file)).await {
            Ok(Ok(said)) => said,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file was not examined");
                return Ok(None);
            }
            Err(_) => {
                tracing::warn!("a file was not examined: it took too long");
                return Ok(None);
            }
        };
        Ok(finding(word, &said))
    }
}

/// Reads what a child has said. One that was taken over may say anything, and is believed no more than its file.
fn finding(word: &str, said: &str) -> Option<Finding> {
    let (first, rest) = said.split_once('\n')?;
    if word == PDF {
        return first.parse().ok().map(Finding::Notice);
    }
    let kind = [FileKind::Docx, FileKind::Xlsx].into_iter().find(|kind| kind.word() == first)?;
    Some(Finding::Office(kind, rest.to_owned()))
}

/// Sends the file and receives the answer at the same time, since both pipes are small.
async fn converse(child: &mut Child, file: Examined) -> io::Result<String> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let send = async {
        let Some(mut stdin) = stdin else { return Ok(()) };
        match file {
            Examined::Office(entries) => {
                for (bytes, size) in entries {
                    let body = [&size.to_le_bytes()[..], &bytes].concat();
                    frame::send(&mut stdin, ENTRY, &body).await?;
                }
            }
            Examined::Pdf(mut file) => {
                while let Some(part) = file.bytes.try_next().await.map_err(io::Error::other)? {
                    // A child that stops reading has said what it has to say.
                    if stdin.write_all(&part).await.is_err() {
                        break;
                    }
                }
            }
        }
        io::Result::Ok(())
    };
    let take = async {
        let mut said = String::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_ANSWER).read_to_string(&mut said).await?;
        }
        Ok(said)
    };
    let ((), said) = tokio::try_join!(send, take)?;
    child.wait().await?;
    Ok(said)
}

/// Examines what comes on standard input, and writes what it found to standard output.
pub(super) fn work(word: &str) -> Result<()> {
    let broken = |error: io::Error| Error::setup(format!("the server cannot be heard: {error}"));
    let mut from = io::stdin().lock();
    let found = match word {
        PDF => {
            let mut file = Vec::new();
            (&mut from).take(FILE_LIMIT + 1).read_to_end(&mut file).map_err(broken)?;
            preview::examine_pdf(file).map(|notice| format!("{}\n", of_pdf(notice).word()))
        }
        OFFICE => {
            let mut entry = || {
                let message = frame::read(&mut from, MOST_ENTRY + 8).map_err(broken)?;
                let message = message.filter(|message| message.tag == ENTRY && message.body.len() >= 8);
                Ok::<_, Error>(message.ok_or_else(|| Error::setup("the server said nothing to examine"))?.body)
            };
            office(&entry()?, &entry()?)
        }
        _ => return Err(Error::setup("files of `pdf` and `office` are examined")),
    };
    io::Write::write_all(&mut io::stdout(), found.unwrap_or_default().as_bytes()).map_err(broken)
}

fn of_pdf(notice: Notice) -> FileNotice {
    match notice {
        Notice::NeedsPassword => FileNotice::NeedsPassword,
        Notice::ValuesNotDrawn => FileNotice::ValuesNotDrawn,
    }
}

fn office(content_types: &[u8], relationships: &[u8]) -> Option<String> {
    let main = preview::examine_office(entry(content_types)?, entry(relationships)?)?;
    let kind =
        MAIN_PARTS.iter().find(|(name, _)| main.content_type.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)?;
    Some(format!("{kind}\n{}", main.name))
}

fn entry(message: &[u8]) -> Option<Entry<'_>> {
    let (size, bytes) = message.split_first_chunk()?;
    Some(Entry { bytes, size: usize::try_from(u64::from_le_bytes(*size)).ok()? })
}
