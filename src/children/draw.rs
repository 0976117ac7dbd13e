//! Children that draw reports: long-lived, one for each report that is drawn at a time, and replaced when they die.
//!
//! The server sends a record with how it is to be drawn, receives how far the drawing is, and then the file. A child
//! that has drawn much is replaced, since a heap never shrinks from what it has once grown to.

use std::{
    io,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use report::{Edition, Fonts, Format};
use serde::{Deserialize, Serialize};
use tokio::{
    io::BufReader,
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use super::{Children, Kind, MIB, frame, log_end, refused_start};
use crate::error::{Error, Result};

/// Tag of the message with how the record is to be drawn; sent to the child.
const HOW: u8 = b'h';
/// Tag of the record; sent to the child.
const RECORD: u8 = b'r';
/// Tag of the progress of the drawing, one byte in percent; sent by the child.
const PROGRESS: u8 = b'p';
/// Tag of the characters that no font has; sent by the child before the file.
const UNCOVERED: u8 = b'u';
/// Tag of the drawn file; sent by the child.
const FILE: u8 = b'f';
/// Tag of the reason why there is no file; sent by the child.
const REFUSED: u8 = b'x';

/// The largest record that a child takes, in bytes.
const MOST_RECORD: u64 = 128 * MIB;
/// The largest file that the server takes, in bytes.
const MOST_FILE: u64 = 128 * MIB;
/// The largest message beside those, in bytes.
const MOST_BESIDE: u64 = 2 * MIB;
/// The longest that a child can take for one report.
const TIME: Duration = Duration::from_mins(10);
/// A child that has drawn this many bytes of records is replaced, which frees the memory that its heap has grown to.
const DRAWN_AT_MOST: u64 = 8 * MIB;

/// A report to draw.
#[derive(Debug)]
pub struct Drawing {
    /// The edition to draw it in.
    pub edition: Edition,
    /// The record, as canonical JSON.
    pub record: Vec<u8>,
    /// How the file gets its proof.
    pub proof: Proof,
    /// The format of the file.
    pub format: Format,
}

/// How a file gets the proof that the log tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// By a receipt, which is added to what is drawn.
    Receipt,
    /// It is drawn into the file, as by earlier versions. `None` for snapshots from before there were proofs.
    Drawn(Option<String>),
}

/// The part of a [`Drawing`] that is sent beside its record.
#[derive(Serialize, Deserialize)]
struct How {
    edition: Edition,
    proof: Proof,
    format: Format,
}

/// A report that a child has drawn.
#[derive(Debug)]
pub struct Drawn {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The characters that no font has, and which are printed as code points.
    pub uncovered: Vec<char>,
}

/// A child that can draw the next report.
#[derive(Debug)]
pub(super) struct Idle {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// How many bytes of records it has drawn.
    drawn: u64,
}

/// Why a child did not return a file.
enum Failure {
    /// The child gave a reason, and can draw another report.
    Refused(String),
    /// The child has ended, or sent something that makes no sense.
    Broken(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Children {
    /// Draws a report, and stores its progress in percent meanwhile.
    ///
    /// # Errors
    ///
    /// `ChildDied` if the drawing ended its process or took too long, or the process cannot be started; `Busy` if there
    /// is no file descriptor left for it; `Internal` if the record cannot be drawn.
    pub async fn draw(&self, drawing: Drawing, progress: Arc<AtomicU32>) -> Result<Drawn> {
        let mut child = match self.idle_child() {
            Some(child) => child,
            None => Idle::start(self).map_err(|error| {
                refused_start(&error, || Error::ChildDied(format!("it cannot be started: {error}")))
            })?,
        };
        child.drawn += drawing.record.len() as u64;
        // A child is taken from the idle ones while it draws, and put back only after a complete answer. If the caller
        // gives up, it is dropped with the future, which kills it: half an answer in its pipe would be taken for the
        // next one.
        match timeout(TIME, child.draw(drawing, &progress)).await {
            Ok(Ok(drawn)) => {
                self.keep(child);
                Ok(drawn)
            }
            Ok(Err(Failure::Refused(why))) => {
                self.keep(child);
                Err(Error::internal(why))
            }
            Ok(Err(Failure::Broken(error))) => Err(Error::ChildDied(child.end(&error).await)),
            Err(_) => Err(Error::ChildDied(format!("it was not drawn within {} minutes", TIME.as_secs() / 60))),
        }
    }

    /// Checks that children work on this system, by starting one, which then waits for the first report.
    ///
    /// # Errors
    ///
    /// `ChildDied` if it cannot be started or contained.
    pub async fn check(&self) -> Result<()> {
        let nothing =
            Drawing { edition: Edition::CURRENT, record: Vec::new(), proof: Proof::Drawn(None), format: Format::Json };
        match self.draw(nothing, Arc::default()).await {
            // A child that works replies that an empty record cannot be drawn.
            Err(Error::Internal(_)) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Takes an idle child that is still alive. `None` if there is none.
    fn idle_child(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that drew last comes first: its memory is warm, and the others age towards their replacement unused.
        // There are never more than are drawn at once. A dead one, which the system may have killed for memory, is
        // dropped.
        while let Some(mut child) = idle.pop() {
            if matches!(child.child.try_wait(), Ok(None)) {
                return Some(child);
            }
        }
        None
    }

    /// Puts a child back among the idle ones, unless it has drawn so much that it is to be replaced.
    fn keep(&self, child: Idle) {
        if child.drawn < DRAWN_AT_MOST {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        }
    }
}

impl Idle {
    fn start(children: &Children) -> io::Result<Self> {
        let mut child = children.start_with_fonts(Kind::Draw)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child without pipes"));
        };
        Ok(Self { child, stdin, stdout: BufReader::new(stdout), drawn: 0 })
    }

    async fn draw(&mut self, drawing: Drawing, progress: &AtomicU32) -> Result<Drawn, Failure> {
        let how = How { edition: drawing.edition, proof: drawing.proof, format: drawing.format };
        let how = serde_json::to_vec(&how).map_err(io::Error::from)?;
        frame::send(&mut self.stdin, HOW, &how).await?;
        frame::send(&mut self.stdin, RECORD, &drawing.record).await?;
        // A record may be large, and the child has it now.
        drop(drawing.record);
        let mut uncovered = Vec::new();
        loop {
            let message = frame::receive(&mut self.stdout, MOST_FILE).await?;
            match (message.tag, &*message.body) {
                // At most 99: only the stored file makes it 100.
                (PROGRESS, [percent]) => progress.store(u32::from(*percent).min(99), Ordering::Relaxed),
                (UNCOVERED, characters) => {
                    uncovered = String::from_utf8_lossy(characters).chars().collect();
                }
                (FILE, _) => return Ok(Drawn { bytes: message.body, uncovered }),
                (REFUSED, why) => return Err(Failure::Refused(String::from_utf8_lossy(why).into_owned())),
                (tag, _) => return Err(io::Error::other(format!("a message of the unknown kind {tag}")).into()),
            }
        }
    }

    /// Ends a child whose pipe has broken, and returns what is known about why.
    async fn end(mut self, broken: &io::Error) -> String {
        // A child that is healthy ends when its pipe closes. One that does not within a second is killed below.
        drop(self.stdin);
        drop(self.stdout);
        let status = timeout(Duration::from_secs(1), self.child.wait()).await;
        let status = status.unwrap_or_else(|_| Err(io::Error::other(broken.to_string())));
        let _ = self.child.start_kill();
        log_end(Kind::Draw, status, self.child.stderr.take()).await
    }
}

/// Draws what comes on standard input, until its end. A panic ends the child, since nothing is known of the state that
/// it leaves behind.
pub(super) fn work(fonts: &Fonts) -> Result<()> {
    let broken = |error: io::Error| Error::setup(format!("the server cannot be heard: {error}"));
    let (mut from, mut to) = (io::stdin().lock(), io::stdout());
    while let Some(how) = frame::read(&mut from, MOST_BESIDE).map_err(broken)? {
        let record = frame::read(&mut from, MOST_RECORD).map_err(broken)?;
        let record = record.filter(|record| how.tag == HOW && record.tag == RECORD);
        let record = record.ok_or_else(|| Error::setup("the server said something else than what to draw"))?;
        let how: How = serde_json::from_slice(&how.body).map_err(|error| broken(error.into()))?;
        let mut sent = u8::MAX;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
        let mut send_progress = |part: f32| {
            let percent = (part * 100.0).clamp(0.0, 99.0) as u8;
            // A pipe that is broken shows itself again when the file is written, where the error counts.
            if percent != sent {
                sent = percent;
                let _ = frame::write(&mut io::stdout(), PROGRESS, &[percent]);
            }
        };
        let How { edition, proof, format } = how;
        let drawn = match proof {
            Proof::Receipt => report::body(edition, &record.body, format, fonts, &mut send_progress),
            Proof::Drawn(proof) => {
                report::render(edition, &record.body, proof.as_deref(), format, fonts, &mut send_progress)
            }
        };
        drop(record);
        let written = match drawn {
            Ok(rendered) => {
                let uncovered: String = rendered.uncovered.iter().collect();
                frame::write(&mut to, UNCOVERED, uncovered.as_bytes())
                    .and_then(|()| frame::write(&mut to, FILE, &rendered.bytes))
            }
            Err(error) => frame::write(&mut to, REFUSED, format!("the report cannot be drawn: {error}").as_bytes()),
        };
        written.map_err(broken)?;
    }
    Ok(())
}
