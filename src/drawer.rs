//! The process that draws previews: this program once more, which may do nothing but draw, and may die of it.
//!
//! What a stranger's file makes the drawing do is done there: a panic, a loop, a gigabyte. [`sit_down`] is its side,
//! [`Drawer`] the server's.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::TryStreamExt;
use preview::Kind;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
    sync::Semaphore,
    time::timeout,
};

use crate::{
    error::{Error, Result},
    files::Opened,
};

/// The sub-command that draws.
pub const COMMAND: &str = "draw-preview";
/// The largest file that is drawn, in bytes: it is read whole.
pub const FILE_LIMIT: u64 = 64 * 1024 * 1024;
/// The largest preview, in bytes; a photograph that fills it takes six million.
const PREVIEW_LIMIT: u64 = 8 * 1024 * 1024;
/// How a picture begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";
/// Previews drawn at once.
const PLACES: usize = 2;
/// Whoever waits for longer than this comes again.
const PATIENCE: Duration = Duration::from_secs(20);
/// A drawing that has not come to its end after this long is killed.
const TIME: Duration = Duration::from_secs(15);
/// How much of what a drawing complains of is logged, in bytes.
const COMPLAINT: u64 = 500;
/// What a drawing may take of memory, in bytes, and of a processor, in seconds; it writes no file, opens none, starts
/// nothing, and leaves no core.
const LIMITS: [(Resource, u64); 6] = [
    (Resource::As, 1024 * 1024 * 1024),
    (Resource::Cpu, 5),
    (Resource::Fsize, 0),
    (Resource::Nofile, 3),
    (Resource::Nproc, 0),
    (Resource::Core, 0),
];

/// How previews are drawn: by which program, and how many at once.
#[derive(Debug, Clone)]
pub struct Drawer {
    program: Arc<Path>,
    places: Arc<Semaphore>,
}

impl Drawer {
    /// By this program itself.
    pub fn of_this_program() -> Result<Self> {
        let program = env::current_exe().map_err(|error| Error::setup(format!("the program is nowhere: {error}")))?;
        Ok(Self::of(program))
    }

    /// By the program that is here.
    pub fn of(program: PathBuf) -> Self {
        Self { program: program.into(), places: Arc::new(Semaphore::new(PLACES)) }
    }

    /// Draws a file, of which `name` is for the log.
    pub async fn draw(&self, kind: Kind, name: &str, file: Opened) -> Result<Vec<u8>> {
        let place = timeout(PATIENCE, self.places.acquire()).await.map_err(|_| Error::Busy)?;
        let _place = place.map_err(|_| Error::Busy)?;
        let mut child =
            self.start(kind).map_err(|error| Error::internal(format!("no preview can be drawn: {error}")))?;
        // Who stops waiting, by leaving or by the clock, drops the child, which kills it.
        let drawn = timeout(TIME, run(&mut child, file)).await;
        let why = match drawn {
            Ok(Ok(Ran { status, picture, complaint })) => {
                if status.success() && picture.starts_with(PNG) && picture.len() as u64 <= PREVIEW_LIMIT {
                    return Ok(picture);
                }
                format!("{status}; {} bytes; {complaint}", picture.len())
            }
            Ok(Err(Broken::Store(error))) => return Err(error.into()),
            Ok(Err(Broken::Pipe(error))) => error.to_string(),
            Err(_) => "it took too long".into(),
        };
        tracing::warn!(file = name, why, "a preview was not drawn");
        Err(Error::NoPreview)
    }

    /// Starts the process, in an environment that holds nothing: no secret of the server's is there to be found.
    fn start(&self, kind: Kind) -> io::Result<Child> {
        let mut command = Command::new(&*self.program);
        command.args([COMMAND, word(kind)]).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

/// What a drawing came to.
struct Ran {
    status: ExitStatus,
    picture: Vec<u8>,
    complaint: String,
}

/// Why nothing is known of a drawing.
enum Broken {
    Store(object_store::Error),
    Pipe(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// Sends the file and takes the picture, both as they go.
async fn run(child: &mut Child, file: Opened) -> Result<Ran, Broken> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let taken = async { Ok(tokio::join!(take(stdout, PREVIEW_LIMIT + 1), take(stderr, COMPLAINT))) };
    let ((), (picture, complaint)) = tokio::try_join!(send(stdin, file), taken)?;
    let complaint = String::from_utf8_lossy(&complaint?).trim().to_owned();
    Ok(Ran { status: child.wait().await?, picture: picture?, complaint })
}

/// Sends the file. A drawing that has heard enough tells by its end why.
async fn send(stdin: Option<ChildStdin>, mut file: Opened) -> Result<(), Broken> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    while let Some(part) = file.bytes.try_next().await.map_err(Broken::Store)? {
        if stdin.write_all(&part).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads this much at most, and closes the pipe.
async fn take(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The word of a kind on the command line.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Pdf => "pdf",
        Kind::Jpeg => "jpeg",
        Kind::Png => "png",
    }
}

/// The kind that a word on the command line means.
pub fn kind(word: &str) -> Option<Kind> {
    [Kind::Pdf, Kind::Jpeg, Kind::Png].into_iter().find(|kind| self::word(*kind) == word)
}

/// Draws what comes on standard input, and writes the picture to standard output.
pub fn sit_down(kind: Kind) -> Result<()> {
    let refuse = |what: &str, error: &dyn std::fmt::Display| Error::setup(format!("{what}: {error}"));
    for (resource, most) in LIMITS {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|error| refuse("the process cannot be limited", &error))?;
    }
    let mut file = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(io::stdin().lock(), FILE_LIMIT + 1), &mut file)
        .map_err(|error| refuse("the file cannot be read", &error))?;
    if file.len() as u64 > FILE_LIMIT {
        return Err(Error::setup("the file is too large"));
    }
    let picture = preview::draw(kind, file).map_err(|fault| Error::setup(fault.to_string()))?;
    io::Write::write_all(&mut io::stdout(), &picture).map_err(|error| refuse("the preview cannot be written", &error))
}
