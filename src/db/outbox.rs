//! The table `outbox`: mails that are to be sent, and those that were sent or given up within the last weeks. A worker
//! claims a mail for the time of a lease, and any server can take over one whose lease has run out.

use std::{str::FromStr, time::Duration};

use room::{LinkId, MailId, RoomId, Time};

use super::{Page, Row, Tx};
use crate::{clock::FARTHEST, error::Result};

/// A mail with how far it has come.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The id of the mail.
    pub id: MailId,
    /// What it tells, as a word.
    pub kind: String,
    /// The address that it goes to.
    pub receiver: String,
    /// The room that it is about. `None` if it is about none.
    pub room: Option<RoomId>,
    /// The link whose token it carries. `None` if it carries none.
    pub link: Option<LinkId>,
    /// What its text is made of, as JSON. `None` once it has been sent.
    pub told: Option<String>,
    /// When it was written.
    pub created_at: Time,
    /// How often somebody asked for it to be sent, from 1.
    pub rounds: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// How often it was tried in vain since somebody asked for it last.
    pub failures: i64,
    /// When it is tried next. `None` if it is over.
    pub not_before: Option<Time>,
    /// When it was sent or given up.
    pub over_at: Option<Time>,
    /// When the mail server took it.
    pub sent_at: Option<Time>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// How far mails have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// It is still to be sent.
    Waiting,
    /// The mail server took it.
    Sent,
    /// It was given up.
    Failed,
}

impl MailState {
    /// All states, in the order of a mail's life.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];
    /// Their words, in the same order.
    pub const WORDS: &[&str] = &["waiting", "sent", "failed"];

    /// Returns the word of the state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Returns the condition for mails in this state.
    fn condition(self) -> &'static str {
        match self {
            Self::Waiting => "not_before IS NOT NULL",
            Self::Sent => "not_before IS NULL AND sent_at IS NOT NULL",
            Self::Failed => "not_before IS NULL AND sent_at IS NULL",
        }
    }
}

impl FromStr for MailState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(())
    }
}

impl Mail {
    /// Returns how far the mail has come.
    pub fn state(&self) -> MailState {
        match (self.not_before, self.sent_at) {
            (Some(_), _) => MailState::Waiting,
            (None, Some(_)) => MailState::Sent,
            (None, None) => MailState::Failed,
        }
    }
}

/// A claim of a mail. `attempt` distinguishes it from any later one.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The mail that is to be sent.
    pub mail: MailId,
    /// The number of this attempt, from 1.
    pub attempt: i64,
}

/// How many mails are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailCounts {
    /// Mails that are still to be sent.
    pub waiting: i64,
    /// Mails that the mail server took.
    pub sent: i64,
    /// Mails that were given up.
    pub failed: i64,
}

const COLUMNS: &str = "id, kind, receiver, room_id, link_id, told, created_at, rounds, attempts, failures, not_before,
    over_at, sent_at, last_error";

/// The longest pause between two tries.
pub const LONGEST_PAUSE: Duration = Duration::from_hours(48);

/// The condition for a mail that is due and that no worker holds at `?1`; `?2` is [`FARTHEST`] after that, and `?3`
/// [`LONGEST_PAUSE`] after both. What is farther ahead was written by a clock that was wrong.
const DUE: &str = "NOT (not_before > ?1 AND not_before <= ?3)
    AND (lease_until IS NULL OR lease_until < ?1 OR lease_until > ?2)";

/// Returns the instants with which [`DUE`] compares.
fn bounds(now: Time) -> [Time; 3] {
    [now, now.after(FARTHEST), now.after(FARTHEST).after(LONGEST_PAUSE)]
}

fn from_row(row: &Row) -> Result<Mail> {
    Ok(Mail {
        id: row.get(0)?,
        kind: row.get(1)?,
        receiver: row.get(2)?,
        room: row.get(3)?,
        link: row.get(4)?,
        told: row.get(5)?,
        created_at: row.get(6)?,
        rounds: row.get(7)?,
        attempts: row.get(8)?,
        failures: row.get(9)?,
        not_before: row.get(10)?,
        over_at: row.get(11)?,
        sent_at: row.get(12)?,
        last_error: row.get(13)?,
    })
}

/// Adds a mail, which is due at once.
pub async fn insert(tx: &mut Tx, mail: &Mail) -> Result<()> {
    tx.exec(
        "INSERT INTO outbox (id, kind, receiver, room_id, link_id, told, created_at, rounds, attempts, failures, lease_until,
             not_before, over_at, sent_at, last_error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 0, 0, NULL, ?7, NULL, NULL, NULL)",
        &[&mail.id, &mail.kind, &mail.receiver, &mail.room, &mail.link, &mail.told, &mail.created_at],
    )
    .await
    .map(drop)
}

/// Returns whether a mail is due that no worker holds.
pub async fn is_due(tx: &mut Tx, now: Time) -> Result<bool> {
    let sql = format!("SELECT 1 FROM outbox WHERE {DUE} LIMIT 1");
    let [now, farthest, longest] = bounds(now);
    Ok(tx.opt(&sql, &[&now, &farthest, &longest]).await?.is_some())
}

/// Claims the mail that is longest due, until `lease_until`.
pub async fn claim(tx: &mut Tx, now: Time, lease_until: Time) -> Result<Option<(Claim, Mail)>> {
    // Each claim raises `attempts`, which makes it a fencing token, as for the jobs of snapshots.
    let skip_locked = tx.dialect().skip_locked();
    let sql = format!(
        "UPDATE outbox SET attempts = attempts + 1, lease_until = ?4
         WHERE id = (SELECT id FROM outbox WHERE {DUE} ORDER BY not_before, id LIMIT 1 {skip_locked})
         RETURNING {COLUMNS}"
    );
    let [now, farthest, longest] = bounds(now);
    let row = tx.opt(&sql, &[&now, &farthest, &longest, &lease_until]).await?;
    row.map(|row| from_row(&row).map(|mail| (Claim { mail: mail.id, attempt: mail.attempts }, mail))).transpose()
}

/// Renews the lease of a claimed mail. Returns `false` if another worker has claimed it, or it is gone.
pub async fn renew(tx: &mut Tx, claim: Claim, lease_until: Time) -> Result<bool> {
    let sql = "UPDATE outbox SET lease_until = ?3 WHERE id = ?1 AND attempts = ?2 AND not_before IS NOT NULL";
    Ok(tx.exec(sql, &[&claim.mail, &claim.attempt, &lease_until]).await? == 1)
}

/// Stores which link a claimed mail carries, and the address to which that goes.
pub async fn set_link(tx: &mut Tx, claim: Claim, link: LinkId, receiver: &str) -> Result<()> {
    let sql = "UPDATE outbox SET link_id = ?3, receiver = ?4 WHERE id = ?1 AND attempts = ?2";
    tx.exec(sql, &[&claim.mail, &claim.attempt, &link, &receiver]).await.map(drop)
}

/// Stores that the mail server took a claimed mail. Its text goes by that.
pub async fn sent(tx: &mut Tx, claim: Claim, now: Time) -> Result<()> {
    tx.exec(
        "UPDATE outbox SET lease_until = NULL, not_before = NULL, over_at = ?3, sent_at = ?3, last_error = NULL, told = NULL
         WHERE id = ?1 AND attempts = ?2",
        &[&claim.mail, &claim.attempt, &now],
    )
    .await
    .map(drop)
}

/// Gives a claimed mail back after a failure, to be tried again at `not_before`. Without that, it is given up.
pub async fn give_back(tx: &mut Tx, claim: Claim, (now, not_before): (Time, Option<Time>), error: &str) -> Result<()> {
    let over_at = if not_before.is_none() { Some(now) } else { None };
    tx.exec(
        "UPDATE outbox SET lease_until = NULL, not_before = ?3, over_at = ?4, last_error = ?5, failures = failures + 1
         WHERE id = ?1 AND attempts = ?2",
        &[&claim.mail, &claim.attempt, &not_before, &over_at, &error],
    )
    .await
    .map(drop)
}

/// Removes a claimed mail of which there is nothing to tell any more.
pub async fn remove(tx: &mut Tx, claim: Claim) -> Result<()> {
    let sql = "DELETE FROM outbox WHERE id = ?1 AND attempts = ?2";
    tx.exec(sql, &[&claim.mail, &claim.attempt]).await.map(drop)
}

/// Has a mail that was given up, or that waits, tried again now. Returns `false` if there is no such mail.
pub async fn send_again(tx: &mut Tx, id: MailId, now: Time) -> Result<bool> {
    let sql = "UPDATE outbox SET not_before = ?2, over_at = NULL, failures = 0,
                   rounds = rounds + CASE WHEN not_before IS NULL THEN 1 ELSE 0 END
               WHERE id = ?1 AND sent_at IS NULL";
    Ok(tx.exec(sql, &[&id, &now]).await? == 1)
}

/// Has all mails that wait tried now, such as after the mail server was put right.
pub async fn try_all_now(tx: &mut Tx, now: Time) -> Result<u64> {
    tx.exec("UPDATE outbox SET not_before = ?1, failures = 0 WHERE not_before IS NOT NULL", &[&now]).await
}

/// Returns the mail with this id.
pub async fn find(tx: &mut Tx, id: MailId) -> Result<Option<Mail>> {
    let row = tx.opt(&format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1"), &[&id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Returns a part of the mails in a state, the newest first, and how many there are in all.
pub async fn list(tx: &mut Tx, state: Option<MailState>, page: Page) -> Result<(Vec<Mail>, i64)> {
    let condition = state.map_or("1 = 1", MailState::condition);
    let total = tx.one(&format!("SELECT COUNT(*) FROM outbox WHERE {condition}"), &[]).await?.get(0)?;
    let sql =
        format!("SELECT {COLUMNS} FROM outbox WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT ?1 OFFSET ?2");
    let rows = tx.rows(&sql, &[&page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total))
}

/// Returns how many mails are in each state.
pub async fn count(tx: &mut Tx) -> Result<MailCounts> {
    let sql = "SELECT COUNT(not_before), COUNT(sent_at), COUNT(*) - COUNT(not_before) - COUNT(sent_at) FROM outbox";
    let row = tx.one(sql, &[]).await?;
    Ok(MailCounts { waiting: row.get(0)?, sent: row.get(1)?, failed: row.get(2)? })
}

/// Removes the mails that wait.
pub async fn delete_waiting(tx: &mut Tx) -> Result<()> {
    tx.exec("DELETE FROM outbox WHERE not_before IS NOT NULL", &[]).await.map(drop)
}

/// Removes the mails that were over before an instant.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    tx.exec("DELETE FROM outbox WHERE over_at < ?1", &[&before]).await.map(drop)
}
