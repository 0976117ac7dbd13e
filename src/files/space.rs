//! How much room a disk has.

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

/// The room of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiskSpace {
    /// What the server can still use of it.
    pub free_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
}

/// The room of the disk that a directory is on; none where the system does not tell.
#[cfg(unix)]
pub fn space(directory: &Path) -> Option<DiskSpace> {
    let told = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Some(DiskSpace { free_bytes: bytes(told.f_bavail), total_bytes: bytes(told.f_blocks) })
}

/// The room of the disk that a directory is on; none where the system does not tell.
#[cfg(not(unix))]
pub fn space(_: &Path) -> Option<DiskSpace> {
    None
}
