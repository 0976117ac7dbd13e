//! Child processes: this program once more, for work that a file of somebody else's could turn against it.
//!
//! A file can make a parser loop, fill the memory or overflow the stack, and no thread can be stopped from outside. So
//! this work is done in processes that hold no secret and may die: the server starts them without its environment,
//! [`contain()`] takes from them all but their pipes, and the server reads their answers as it reads anything from
//! outside.
//!
//! There are three kinds, and no process is of two. A `preview` or a `verify` child reads what strangers bring, and
//! ends after one file, so that nothing of one file can wait there for the next. A `draw` child reads only records that
//! this server wrote, and draws one report after the other, because its fonts take longer to load than a report to
//! draw.

mod contain;
mod draw;
mod frame;
mod preview;
mod verify;

use std::{
    env,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use rustix::process::Resource;
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, Command},
};

pub use contain::{contain, hide_memory};
pub use draw::{Drawing, Drawn};
pub use preview::{FILE_LIMIT, Uploaded};
pub use verify::{Claimant, MOST_FILE, Verification, Verifying, What};

use crate::error::{Error, Result};

/// The hidden sub-command that is a child.
pub const COMMAND: &str = "child";
/// How much of what a child says of its end is logged, in bytes.
const LAST_WORDS: u64 = 500;
const MIB: u64 = 1024 * 1024;

/// What a child is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Checks one file that somebody brought.
    Verify,
    /// Draws the first page of one uploaded file.
    Preview,
    /// Draws reports from records of this server.
    Draw,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Verify, Self::Preview, Self::Draw];

    /// The kind's name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Preview => "preview",
            Self::Draw => "draw",
        }
    }

    /// The most that a child of this kind may take: memory in bytes of address space, seconds of a processor, and
    /// nothing of what it has no use for.
    fn limits(self) -> [(Resource, u64); 6] {
        let (memory, seconds) = match self {
            Self::Verify => (1024 * MIB, 30),
            Self::Preview => (1024 * MIB, 5),
            // Of all the reports that it draws; the server retires it before.
            Self::Draw => (512 * MIB, 900),
        };
        [
            (Resource::As, memory),
            (Resource::Cpu, seconds),
            (Resource::Fsize, 0),
            (Resource::Nofile, 3),
            (Resource::Nproc, 0),
            (Resource::Core, 0),
        ]
    }
}

/// The server's children: the program that they run, and those that wait for the next report.
///
/// A clone is another handle to the same ones.
#[derive(Debug, Clone)]
pub struct Children {
    program: Arc<Path>,
    /// The directory of further fonts, for those that draw reports.
    font_dir: Option<Arc<Path>>,
    idle: Arc<Mutex<Vec<draw::Idle>>>,
    previews: preview::Previews,
    verifications: verify::Verifications,
}

impl Children {
    /// Children that run this program itself.
    pub fn of_this_program(font_dir: Option<PathBuf>) -> Result<Self> {
        let program = env::current_exe().map_err(|error| Error::setup(format!("the program is nowhere: {error}")))?;
        Ok(Self::of(program, font_dir))
    }

    /// Children that run the program at this path.
    pub fn of(program: PathBuf, font_dir: Option<PathBuf>) -> Self {
        Self {
            program: program.into(),
            font_dir: font_dir.map(Arc::from),
            idle: Arc::default(),
            previews: preview::Previews::default(),
            verifications: verify::Verifications::default(),
        }
    }

    /// Starts a child. Nothing of the server's environment is there to be found. It is killed when its handle is
    /// dropped.
    fn start(&self, kind: Kind, arguments: &[&OsStr]) -> io::Result<Child> {
        let mut command = Command::new(&*self.program);
        command.args([COMMAND, kind.word()]).args(arguments).env_clear().current_dir("/").kill_on_drop(true);
        // For want of memory glibc would try another heap, and for that count the processors, which the filter forbids.
        command.env("MALLOC_ARENA_MAX", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Starts a child that draws with the server's fonts.
    fn start_with_fonts(&self, kind: Kind) -> io::Result<Child> {
        match &self.font_dir {
            Some(directory) => self.start(kind, &["--font-dir".as_ref(), directory.as_os_str()]),
            None => self.start(kind, &[]),
        }
    }
}

/// Runs a child of this kind to its end: what the hidden sub-command does.
///
/// # Errors
///
/// Where it cannot be contained, or what it reads is no work of its kind.
pub fn run(kind: Kind, argument: Option<&str>, fonts: impl FnOnce() -> Result<report::Fonts>) -> Result<()> {
    match kind {
        Kind::Verify => {
            let fonts = fonts()?;
            contain(kind)?;
            verify::work(&fonts)
        }
        Kind::Preview => {
            contain(kind)?;
            preview::work(argument.unwrap_or_default())
        }
        Kind::Draw => {
            let fonts = fonts()?;
            contain(kind)?;
            draw::work(&fonts)
        }
    }
}

/// Logs how a child ended that should not have, with the beginning of what it said; returns its status, in words that
/// tell nothing of the server's inside.
async fn log_end(kind: Kind, status: io::Result<ExitStatus>, stderr: Option<ChildStderr>) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = stderr {
        // What cannot be read is not said.
        let _ = stderr.take(LAST_WORDS).read_to_end(&mut said).await;
    }
    let said = String::from_utf8_lossy(&said);
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    tracing::warn!(kind = kind.word(), status, said = said.trim(), "a child process ended before its work was done");
    status
}
