//! Children that draw reports: long-lived, one for each report that is drawn at a time, replaced when they die.
//!
//! The server sends a record with how it is to be drawn, hears how far the drawing is, and takes the file. A child that
//! has drawn much is let go: what a heap has once grown to, it keeps.

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

use super::{Children, Kind, MIB, frame, log_end};
use crate::error::{Error, Result};

/// How the record is to be drawn; sent to the child.
const HOW: u8 = b'h';
/// The record; sent to the child.
const RECORD: u8 = b'r';
/// How far the drawing is, in percent: one byte; sent by the child.
const PROGRESS: u8 = b'p';
/// The characters that no font has; sent by the child before the file.
const UNCOVERED: u8 = b'u';
/// The file; sent by the child.
const FILE: u8 = b'f';
/// Why there is no file; sent by the child.
const REFUSED: u8 = b'x';

/// The largest record that a child takes, in bytes.
const MOST_RECORD: u64 = 128 * MIB;
/// The largest file that the server takes, in bytes.
const MOST_FILE: u64 = 128 * MIB;
/// The largest message beside those, in bytes.
const MOST_BESIDE: u64 = 2 * MIB;
/// The longest that a child may draw at one report.
const TIME: Duration = Duration::from_mins(10);
/// A child that has drawn so many bytes of records is let go, and with it the memory that its heap has grown to.
const DRAWN_BEFORE_LEAVING: u64 = 8 * MIB;

/// A report to draw.
#[derive(Debug)]
pub struct Drawing {
    /// How.
    pub edition: Edition,
    /// The record, as canonical JSON.
    pub record: Vec<u8>,
    /// The proof that goes with it.
    pub proof: Option<String>,
    /// What to draw.
    pub format: Format,
}

/// What is sent of a [`Drawing`] beside its record.
#[derive(Serialize, Deserialize)]
struct How {
    edition: Edition,
    proof: Option<String>,
    format: Format,
}

/// A drawn report.
#[derive(Debug)]
pub struct Drawn {
    /// The file.
    pub bytes: Vec<u8>,
    /// The characters that no font has; they are printed as code points.
    pub uncovered: Vec<char>,
}

/// A child that has nothing to do.
#[derive(Debug)]
pub(super) struct Idle {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Bytes of the records that it has drawn.
    drawn: u64,
}

/// Why a child's answer is not a file.
enum Failure {
    /// The child says why; it can draw another report.
    Refused(String),
    /// The child has ended, or what it says makes no sense.
    Broken(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Children {
    /// Draws a report, and tells percents of it meanwhile.
    ///
    /// # Errors
    ///
    /// `ChildDied` where the drawing ended its process or took too long, or there can be no process; `Internal` where
    /// the record cannot be drawn.
    pub async fn draw(&self, drawing: Drawing, progress: Arc<AtomicU32>) -> Result<Drawn> {
        let mut child = match self.idle_child() {
            Some(child) => child,
            None => Idle::start(self).map_err(|error| Error::ChildDied(format!("it cannot be started: {error}")))?,
        };
        child.drawn += drawing.record.len() as u64;
        // Where the caller gives up, the child is dropped with the future, which kills it.
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

    /// Whether children work on this system: starts one, which then waits for the first report.
    ///
    /// # Errors
    ///
    /// `ChildDied` where it cannot be started or contained.
    pub async fn check(&self) -> Result<()> {
        let nothing = Drawing { edition: Edition::CURRENT, record: Vec::new(), proof: None, format: Format::Json };
        match self.draw(nothing, Arc::default()).await {
            // That nothing cannot be drawn is what a child says that works.
            Err(Error::Internal(_)) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// A child that has nothing to do, and lives.
    fn idle_child(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut child) = idle.pop() {
            if matches!(child.child.try_wait(), Ok(None)) {
                return Some(child);
            }
        }
        None
    }

    fn keep(&self, child: Idle) {
        if child.drawn < DRAWN_BEFORE_LEAVING {
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
        drop(drawing.record);
        let mut uncovered = Vec::new();
        loop {
            let told = frame::receive(&mut self.stdout, MOST_FILE).await?;
            match (told.tag, &*told.body) {
                (PROGRESS, [percent]) => progress.store(u32::from(*percent).min(99), Ordering::Relaxed),
                (UNCOVERED, characters) => {
                    uncovered = String::from_utf8_lossy(characters).chars().collect();
                }
                (FILE, _) => return Ok(Drawn { bytes: told.body, uncovered }),
                (REFUSED, why) => return Err(Failure::Refused(String::from_utf8_lossy(why).into_owned())),
                (tag, _) => return Err(io::Error::other(format!("a message of the unknown kind {tag}")).into()),
            }
        }
    }

    /// Ends a child whose pipe has broken; what is known of why.
    async fn end(mut self, broken: &io::Error) -> String {
        // One that goes on although its pipe is closed is killed.
        drop(self.stdin);
        drop(self.stdout);
        let status = timeout(Duration::from_secs(1), self.child.wait()).await;
        let status = status.unwrap_or_else(|_| Err(io::Error::other(broken.to_string())));
        let _ = self.child.start_kill();
        log_end(Kind::Draw, status, self.child.stderr.take()).await
    }
}

/// Draws what comes on standard input, until its end. A panic is the end of the child: what it leaves behind is not
/// drawn on.
pub(super) fn work(fonts: &Fonts) -> Result<()> {
    let broken = |error: io::Error| Error::setup(format!("the server cannot be heard: {error}"));
    let (mut from, mut to) = (io::stdin().lock(), io::stdout());
    while let Some(how) = frame::read(&mut from, MOST_BESIDE).map_err(broken)? {
        let record = frame::read(&mut from, MOST_RECORD).map_err(broken)?;
        let record = record.filter(|record| how.tag == HOW && record.tag == RECORD);
        let record = record.ok_or_else(|| Error::setup("the server said something else than what to draw"))?;
        let how: How = serde_json::from_slice(&how.body).map_err(|error| broken(error.into()))?;
        let mut told = u8::MAX;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
        let mut tell = |part: f32| {
            let percent = (part * 100.0).clamp(0.0, 99.0) as u8;
            // What the server cannot be told now, it learns with the file.
            if percent != told {
                told = percent;
                let _ = frame::write(&mut io::stdout(), PROGRESS, &[percent]);
            }
        };
        let drawn = report::render(how.edition, &record.body, how.proof.as_deref(), how.format, fonts, &mut tell);
        drop(record);
        let said = match drawn {
            Ok(rendered) => {
                let uncovered: String = rendered.uncovered.iter().collect();
                frame::write(&mut to, UNCOVERED, uncovered.as_bytes())
                    .and_then(|()| frame::write(&mut to, FILE, &rendered.bytes))
            }
            Err(error) => frame::write(&mut to, REFUSED, format!("the report cannot be drawn: {error}").as_bytes()),
        };
        said.map_err(broken)?;
    }
    Ok(())
}
