//! The free and total space of a disk.

use std::path::Path;

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
