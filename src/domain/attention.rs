//! What calls an admin, whatever page they are on: requests that wait for the second of two admins, holds, and what is
//! wrong with the check of what is stored and with backups.

use crate::{
    app::App,
    backups::BackupStatus,
    db::{self, contradictions},
    domain::accounts::two_people::WAITS,
    error::Result,
};

/// What calls an admin. Nothing does by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// How many requests about rooms another admin has made.
    pub room_requests: usize,
    /// How many requests about accounts another admin has made.
    pub account_requests: usize,
    /// How many holds are in force.
    pub holds: i64,
    /// Whether the last check found damage or broke off, or a log contradicts a file that this server has signed.
    pub is_check_bad: bool,
    /// Whether the last backup failed, or lacks files.
    pub is_backup_bad: bool,
}

impl Attention {
    /// Returns what calls the admin with this address. Their own requests do not: they wait for somebody else.
    pub async fn of(app: &App, email: &str) -> Result<Self> {
        let since = app.now().before(WAITS);
        let read = app.db.read(async |tx| {
            let of_rooms = db::confirmations::open_anywhere(tx, since).await?;
            let of_accounts = db::account_requests::open(tx, since).await?;
            let check = db::fsck_runs::last(tx).await?.map(|check| check.found);
            let damaged = check.as_ref().is_some_and(|found| found.damaged.values().any(|things| *things > 0));
            let broke_off = check.is_some_and(|found| found.error.is_some());
            Ok(Self {
                room_requests: of_rooms.iter().filter(|(_, request)| request.asked_by != email).count(),
                account_requests: of_accounts.iter().filter(|request| request.asked_by != email).count(),
                holds: db::holds::in_force_anywhere(tx).await?,
                is_check_bad: damaged || broke_off || contradictions::count(tx).await?.open > 0,
                is_backup_bad: false,
            })
        });
        let BackupStatus { newest, failure } = app.backups.status();
        let is_backup_bad = failure.is_some() || newest.is_some_and(|newest| newest.missing > 0);
        Ok(Self { is_backup_bad, ..read.await? })
    }
}
