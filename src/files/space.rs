//! The free and total space of a disk, and whether there is room for what is written next.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::Serialize;
use utoipa::ToSchema;

/// The space of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiskSpace {
    /// The bytes that the server can still use.
    pub free_bytes: u64,
    /// The bytes of the whole disk.
    pub total_bytes: u64,
}

/// Returns the space of the disk that a directory is on. `None` if the system does not report it.
#[cfg(unix)]
pub fn space(directory: &Path) -> Option<DiskSpace> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    // `f_bavail`, not `f_bfree`: some blocks are reserved for root.
    Some(DiskSpace { free_bytes: bytes(disk.f_bavail), total_bytes: bytes(disk.f_blocks) })
}

/// Returns the space of the disk that a directory is on. `None` if the system does not report it.
#[cfg(not(unix))]
pub fn space(_: &Path) -> Option<DiskSpace> {
    None
}

/// How many bytes are written to see whether there is room: a commit with an entry takes a few dozen KiB.
const ROOM: usize = 256 * 1024;
/// The name of the file, which lives for a moment.
const TRIAL: &str = ".room";

/// Returns an error if the directory takes no more bytes. It writes some, and keeps none of them: what the system says of
/// its disks knows nothing of quotas, nor of a disk that refuses to be written.
pub fn try_room(directory: &Path) -> io::Result<()> {
    let path = directory.join(TRIAL);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(&vec![0; ROOM]));
    match fs::remove_file(&path) {
        // Another server on the same directory may have removed it.
        Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(error)),
        _ => written,
    }
}
