//! The tables `links` and `link_tokens`: the links by which somebody chooses a password, and their tokens by hash.

use room::{LinkId, RoomId, Time};

use super::{Param, Row, Tx};
use crate::{
    error::{Error, Result},
    evidence::Hash,
};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make an account, by who was invited to a room.
    Join,
    /// To choose a password for an account.
    Password,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Password => "password",
        }
    }

    fn read(word: &str) -> Result<Self> {
        match word {
            "join" => Ok(Self::Join),
            "password" => Ok(Self::Password),
            _ => Err(Error::internal("a link for something unknown")),
        }
    }
}

/// A link by which somebody chooses a password.
#[derive(Debug, Clone)]
pub struct Link {
    /// The id of the link.
    pub id: LinkId,
    /// What it is for.
    pub purpose: Purpose,
    /// The address of who is to use it.
    pub email: String,
    /// Their name, as who invited them wrote it, or as their account has it.
    pub name: String,
    /// The room to which they were invited, if they were invited to one.
    pub room: Option<RoomId>,
    /// Who had it made. `None` if it was the owner of the account.
    pub asked_by: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was used.
    pub used_at: Option<Time>,
    /// When it was withdrawn, or ended because another password was chosen.
    pub withdrawn_at: Option<Time>,
}

impl Link {
    /// Returns whether the link was neither used nor withdrawn.
    pub fn is_open(&self) -> bool {
        self.used_at.is_none() && self.withdrawn_at.is_none()
    }
}

const COLUMNS: &str =
    "l.id, l.purpose, l.email, l.name, l.room_id, l.asked_by, l.created_at, l.used_at, l.withdrawn_at";

fn from_row(row: &Row) -> Result<Link> {
    Ok(Link {
        id: row.get(0)?,
        purpose: Purpose::read(&row.get::<String>(1)?)?,
        email: row.get(2)?,
        name: row.get(3)?,
        room: row.get(4)?,
        asked_by: row.get(5)?,
        created_at: row.get(6)?,
        used_at: row.get(7)?,
        withdrawn_at: row.get(8)?,
    })
}

/// Adds a link, which has no token yet.
pub async fn insert(tx: &mut Tx, link: &Link) -> Result<()> {
    let Link { id, email, name, room, asked_by, created_at, .. } = link;
    tx.exec(
        "INSERT INTO links (id, purpose, email, name, room_id, asked_by, created_at, used_at, withdrawn_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)",
        &[id, &link.purpose.word(), email, name, room, asked_by, created_at],
    )
    .await
    .map(drop)
}

/// Adds a token of a link by its hash.
pub async fn add_token(tx: &mut Tx, token: &Hash, link: LinkId, expires_at: Time) -> Result<()> {
    let sql = "INSERT INTO link_tokens (token_hash, link_id, expires_at) VALUES (?1, ?2, ?3)";
    tx.exec(sql, &[&token.as_slice(), &link, &expires_at]).await.map(drop)
}

/// Returns the link of a token, and when that token expires.
pub async fn by_token(tx: &mut Tx, token: &Hash) -> Result<Option<(Link, Time)>> {
    let sql = format!(
        "SELECT {COLUMNS}, t.expires_at FROM link_tokens t JOIN links l ON l.id = t.link_id WHERE t.token_hash = ?1"
    );
    let row = tx.opt(&sql, &[&token.as_slice()]).await?;
    row.map(|row| Ok((from_row(&row)?, row.get(9)?))).transpose()
}

/// Returns the link with this id.
pub async fn find(tx: &mut Tx, id: LinkId) -> Result<Option<Link>> {
    let row = tx.opt(&format!("SELECT {COLUMNS} FROM links l WHERE l.id = ?1"), &[&id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// A link with how far it has come on its way to who is to use it.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The link itself, without its tokens.
    pub link: Link,
    /// When its last token expires. `None` if it has none yet.
    pub expires_at: Option<Time>,
    /// The last mail with it: whether it waits, when it was sent, and why the last try failed. `None` if there was none.
    pub mail: Option<(bool, Option<Time>, Option<String>)>,
}

/// Returns links that fit a condition, the newest first, each with how far it has come.
async fn sights(tx: &mut Tx, condition: &str, params: &[&dyn Param]) -> Result<Vec<Sight>> {
    // Ids of mails sort by time: the greatest is that of the last.
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT MAX(t.expires_at) FROM link_tokens t WHERE t.link_id = l.id), m.id, m.not_before,
             m.sent_at, m.last_error
         FROM links l LEFT JOIN outbox m ON m.id = (SELECT MAX(o.id) FROM outbox o WHERE o.link_id = l.id)
         WHERE {condition} ORDER BY l.created_at DESC, l.id DESC"
    );
    let rows = tx.rows(&sql, params).await?;
    let sight = |row: &Row| {
        let has_mail = row.get::<Option<String>>(10)?.is_some();
        let mail = (row.get::<Option<Time>>(11)?.is_some(), row.get(12)?, row.get(13)?);
        Ok(Sight { link: from_row(row)?, expires_at: row.get(9)?, mail: has_mail.then_some(mail) })
    };
    rows.iter().map(sight).collect()
}

/// Returns the links by which people were invited to a room, the newest first.
pub async fn of_room(tx: &mut Tx, room: RoomId) -> Result<Vec<Sight>> {
    sights(tx, "l.room_id = ?1", &[&room]).await
}

/// Returns the links for the password of an account, the newest first.
pub async fn of_account(tx: &mut Tx, email: &str) -> Result<Vec<Sight>> {
    sights(tx, "l.purpose = 'password' AND l.email = ?1", &[&email]).await
}

/// Stores that a link was used.
pub async fn used(tx: &mut Tx, id: LinkId, now: Time) -> Result<()> {
    tx.exec("UPDATE links SET used_at = ?2 WHERE id = ?1", &[&id, &now]).await.map(drop)
}

/// Ends the open links by which somebody was invited to a room, with the mails that wait. Returns whether there were any.
pub async fn withdraw_invitation(tx: &mut Tx, room: RoomId, email: &str, now: Time) -> Result<bool> {
    let open = "purpose = 'join' AND room_id = ?1 AND email = ?2 AND used_at IS NULL AND withdrawn_at IS NULL";
    let mails =
        format!("DELETE FROM outbox WHERE not_before IS NOT NULL AND link_id IN (SELECT id FROM links WHERE {open})");
    tx.exec(&mails, &[&room, &email]).await?;
    Ok(tx.exec(&format!("UPDATE links SET withdrawn_at = ?3 WHERE {open}"), &[&room, &email, &now]).await? > 0)
}

/// Ends the open links for the password of an account, since it has another one now, or a newer link.
pub async fn end_for_password(tx: &mut Tx, email: &str, now: Time) -> Result<()> {
    let sql = "UPDATE links SET withdrawn_at = ?2
               WHERE purpose = 'password' AND email = ?1 AND used_at IS NULL AND withdrawn_at IS NULL";
    tx.exec(sql, &[&email, &now]).await.map(drop)
}

/// Ends all open links: those that were ended after a backup would lead in again.
pub async fn end_all(tx: &mut Tx, now: Time) -> Result<()> {
    let sql = "UPDATE links SET withdrawn_at = ?1 WHERE used_at IS NULL AND withdrawn_at IS NULL";
    tx.exec(sql, &[&now]).await.map(drop)
}

/// Returns when the account of an address was last seen to be used: by its sessions, and by the devices that it is known
/// from. `None` if it was not for half a year.
pub async fn last_seen(tx: &mut Tx, email: &str) -> Result<Option<Time>> {
    let sql = "SELECT MAX(seen_at) FROM (
                   SELECT s.last_seen_at AS seen_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = ?1
                   UNION ALL
                   SELECT d.last_used_at AS seen_at FROM known_devices d JOIN users u ON u.id = d.user_id
                   WHERE u.email = ?1) seen";
    tx.one(sql, &[&email]).await?.get(0)
}

/// Removes the links that were made before an instant, with their tokens.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    let tokens = "DELETE FROM link_tokens WHERE link_id IN (SELECT id FROM links WHERE created_at < ?1)";
    tx.exec(tokens, &[&before]).await?;
    tx.exec("DELETE FROM links WHERE created_at < ?1", &[&before]).await.map(drop)
}
