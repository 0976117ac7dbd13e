//! Child processes: this program once more, for work that a stranger's file could turn against it.
//!
//! `domain`, `http` and `cli` use it. A file can make a parser loop, fill the memory or overflow the stack, and no
//! thread can be stopped from outside. So what strangers bring to be verified or previewed is read in a child process
//! within a set amount of memory, and the server itself parses none of it. Reports are drawn in children too.
//!
//! A child has its pipes and nothing else. It is started without the server's environment, holds no secret, and may
//! die: [`contain()`] takes files, network, other processes and all but fifteen harmless system calls from it (three
//! more are allowed with harmless arguments only). The server reads its answers with the same distrust as anything else
//! from outside.
//!
//! There are four kinds, and no process is of two. An `examine`, a `preview` or a `verify` child ends after one file, so
//! nothing of one file can wait there for the next. A `draw` child reads records of this server alone, and goes on to the next
//! report, because its fonts take longer to load than a report to draw.

mod contain;
mod draw;
mod examine;
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
pub use draw::{Drawing, Drawn, Proof};
pub use examine::{Examined, Finding, MOST_ENTRY};
pub use preview::{CANNOT_BE_DRAWN, FILE_LIMIT, Uploaded};
pub use verify::{Claimant, MOST_FILE, Verification, Verified, Verifying, What};

use crate::error::{Error, Result, is_out_of_descriptors};

/// The hidden sub-command that runs a child.
pub const COMMAND: &str = "child";
/// How much of a child's standard error is logged when it ends, in bytes.
const STDERR_LOGGED: u64 = 500;
const MIB: u64 = 1024 * 1024;

/// The work that a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Verifies one file that a stranger may have brought.
    Verify,
    /// Draws one page of an uploaded file.
    Preview,
    /// Examines one uploaded file for what its first bytes do not show.
    Examine,
    /// Draws reports from records of this server.
    Draw,
}

impl Kind {
    /// Every kind of child.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Preview, Self::Examine, Self::Draw];

    /// Returns the kind's name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Preview => "preview",
            Self::Examine => "examine",
            Self::Draw => "draw",
        }
    }

    /// Returns the limits of a child of this kind: memory in bytes of address space, seconds of processor time, and
    /// nothing of what it has no use for.
    fn limits(self) -> [(Resource, u64); 6] {
        let (memory, seconds) = match self {
            Self::Verify => (1024 * MIB, 30),
            Self::Preview | Self::Examine => (1024 * MIB, 5),
            // For all the reports that it draws; the server replaces it before that.
            Self::Draw => (512 * MIB, 900),
        };
        [
            (Resource::As, memory),
            (Resource::Cpu, seconds),
            // Files of no size: pipes are not files, and nothing else is written to.
            (Resource::Fsize, 0),
            // Only the three pipes that it has.
            (Resource::Nofile, 3),
            (Resource::Nproc, 0),
            // No core file, in which a stranger's file would be kept.
            (Resource::Core, 0),
        ]
    }
}

/// Starts children and gives them work, within limits on how many run at once for whom. A clone shares the same limits
/// and idle children.
#[derive(Debug, Clone)]
pub struct Children {
    program: Arc<Path>,
    /// The directory of further fonts, for children that draw reports.
    font_dir: Option<Arc<Path>>,
    idle: Arc<Mutex<Vec<draw::Idle>>>,
    previews: preview::Previews,
    examinations: examine::Examinations,
    verifications: verify::Verifications,
}

impl Children {
    /// Prepares children that run this program itself.
    pub fn of_this_program(font_dir: Option<PathBuf>) -> Result<Self> {
        let program = env::current_exe().map_err(|error| Error::setup(format!("the program is nowhere: {error}")))?;
        Ok(Self::of(program, font_dir))
    }

    /// Prepares children that run the program at this path.
    pub fn of(program: PathBuf, font_dir: Option<PathBuf>) -> Self {
        Self {
            program: program.into(),
            font_dir: font_dir.map(Arc::from),
            idle: Arc::default(),
            previews: preview::Previews::default(),
            examinations: examine::Examinations::default(),
            verifications: verify::Verifications::default(),
        }
    }

    /// Starts a child, which is killed when its handle is dropped.
    fn start(&self, kind: Kind, arguments: &[&OsStr]) -> io::Result<Child> {
        // An empty environment: settings that come by it may be secrets.
        let mut command = Command::new(&*self.program);
        command.args([COMMAND, kind.word()]).args(arguments).env_clear().current_dir("/").kill_on_drop(true);
        // When memory runs out, glibc would try another arena, and count the processors for that, which the filter
        // forbids: the child would die of the wrong cause.
        command.env("MALLOC_ARENA_MAX", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Starts a child that is given the server's fonts.
    fn start_with_fonts(&self, kind: Kind) -> io::Result<Child> {
        match &self.font_dir {
            Some(directory) => self.start(kind, &["--font-dir".as_ref(), directory.as_os_str()]),
            None => self.start(kind, &[]),
        }
    }
}

/// Returns why a child was not started: `Busy` if the process has no file descriptor left, which passes, and otherwise
/// what is given.
fn refused_start(error: &io::Error, otherwise: impl FnOnce() -> Error) -> Error {
    if is_out_of_descriptors(error) { Error::Busy } else { otherwise() }
}

/// Does the work of a child of this kind, in the child: what the hidden sub-command runs.
///
/// # Errors
///
/// If the process cannot be contained, or what it reads is not work of its kind.
pub fn run(kind: Kind, argument: Option<&str>, fonts: impl FnOnce() -> Result<report::Fonts>) -> Result<()> {
    match kind {
        Kind::Verify => {
            // Fonts are files, which cannot be opened after `contain`.
            let fonts = fonts()?;
            contain(kind)?;
            verify::work(&fonts)
        }
        Kind::Preview => {
            contain(kind)?;
            preview::work(argument.unwrap_or_default())
        }
        Kind::Examine => {
            contain(kind)?;
            examine::work(argument.unwrap_or_default())
        }
        Kind::Draw => {
            let fonts = fonts()?;
            contain(kind)?;
            draw::work(&fonts)
        }
    }
}

/// Logs how a child ended too early, with the beginning of its standard error. Returns its status, in words that reveal
/// nothing about the server's inside.
async fn log_end(kind: Kind, status: io::Result<ExitStatus>, stderr: Option<ChildStderr>) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = stderr {
        // An error here would only hide the status, which matters more.
        let _ = stderr.take(STDERR_LOGGED).read_to_end(&mut said).await;
    }
    let said = String::from_utf8_lossy(&said);
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    tracing::warn!(kind = kind.word(), status, said = said.trim(), "a child process ended before its work was done");
    status
}
