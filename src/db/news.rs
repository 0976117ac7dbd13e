//! The tables `news` and `news_marks`: what people are still to be told by mail, and how far each room's log has been gone
//! through for it.

use room::{Log, NewsId, Phase, RoomId, Time, UserId};

use super::{Param, Row, Tx};
use crate::error::Result;

/// One thing of which one person is to be told.
#[derive(Debug, Clone)]
pub struct News {
    /// The id of it.
    pub id: NewsId,
    /// Who is told.
    pub user: UserId,
    /// The room in which it happened.
    pub room: RoomId,
    /// What is told, as JSON.
    pub told: String,
    /// When it happened.
    pub at: Time,
}

/// That there is something to tell somebody of a room.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Who is to be told.
    pub user: UserId,
    /// Of which room.
    pub room: RoomId,
    /// Since when it waits.
    pub since: Time,
}

/// How far a room's log has been gone through for news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// How often that was stored, by which two servers that go through it at once are told apart.
    pub rounds: i64,
    /// The number of its entries that have been gone through.
    pub size: i64,
    /// The phase whose gate was open then.
    pub open_gate: Option<Phase>,
    /// The ETA for which it was told that the notice to the coastal State is due.
    pub notice_of: Option<Time>,
}

/// Adds what somebody is to be told.
pub async fn insert(tx: &mut Tx, news: &News) -> Result<()> {
    let sql = "INSERT INTO news (id, user_id, room_id, told, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.exec(sql, &[&news.id, &news.user, &news.room, &news.told, &news.at]).await.map(drop)
}

/// Returns for whom something waits, person by person.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<Waiting>> {
    let sql = "SELECT user_id, room_id, MIN(at) FROM news GROUP BY user_id, room_id ORDER BY user_id, room_id";
    let waiting = |row: &Row| Ok(Waiting { user: row.get(0)?, room: row.get(1)?, since: row.get(2)? });
    tx.rows(sql, &[]).await?.iter().map(waiting).collect()
}

/// Takes what somebody is to be told of a room, the oldest first. Of two servers that do so at once, one gets it.
pub async fn take(tx: &mut Tx, user: UserId, room: RoomId) -> Result<Vec<News>> {
    let sql = "DELETE FROM news WHERE user_id = ?1 AND room_id = ?2 RETURNING id, user_id, room_id, told, at";
    let news = |row: &Row| {
        Ok(News { id: row.get(0)?, user: row.get(1)?, room: row.get(2)?, told: row.get(3)?, at: row.get(4)? })
    };
    let mut taken: Vec<News> = tx.rows(sql, &[&user, &room]).await?.iter().map(news).collect::<Result<_>>()?;
    // Ids are made one after another, also within one entry.
    taken.sort_by_key(|news| news.id);
    Ok(taken)
}

/// Removes what is to be told to anybody, or to one person.
pub async fn delete(tx: &mut Tx, user: Option<UserId>) -> Result<()> {
    tx.exec("DELETE FROM news WHERE user_id = COALESCE(?1, user_id)", &[&user]).await.map(drop)
}

/// Returns rooms whose log has more entries than have been gone through, at most so many.
pub async fn behind(tx: &mut Tx, most: i64) -> Result<Vec<RoomId>> {
    let sql = "SELECT r.id FROM rooms r JOIN room_logs l ON l.room_id = r.id LEFT JOIN news_marks m ON m.room_id = r.id
               WHERE l.size > COALESCE(m.size, 0) ORDER BY r.id LIMIT ?1";
    rooms(tx, sql, &[&most]).await
}

/// Returns rooms with an ETA until this instant for which it has not been told that the notice to the coastal State is due.
/// Only rooms whose STS operation has not begun: later, no notice is due.
pub async fn with_eta_until(tx: &mut Tx, until: Time) -> Result<Vec<RoomId>> {
    let before: Vec<_> = Phase::ALL.into_iter().filter(|phase| *phase < Phase::Transfer).collect();
    let words = before.iter().map(|phase| format!("'{phase}'")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT r.id FROM rooms r JOIN news_marks m ON m.room_id = r.id
         WHERE r.status = 'active' AND r.phase IN ({words}) AND r.sts_eta <= ?1
             AND (m.notice_of IS NULL OR m.notice_of <> r.sts_eta)"
    );
    rooms(tx, &sql, &[&until]).await
}

async fn rooms(tx: &mut Tx, sql: &str, params: &[&dyn Param]) -> Result<Vec<RoomId>> {
    tx.rows(sql, params).await?.iter().map(|row| row.get(0)).collect()
}

/// Returns how far a room's log has been gone through. `None` if it has not been looked at.
pub async fn mark(tx: &mut Tx, room: RoomId) -> Result<Option<Mark>> {
    let sql = "SELECT rounds, size, open_gate, notice_of FROM news_marks WHERE room_id = ?1";
    let mark =
        |row: &Row| Ok(Mark { rounds: row.get(0)?, size: row.get(1)?, open_gate: row.get(2)?, notice_of: row.get(3)? });
    tx.opt(sql, &[&room]).await?.as_ref().map(mark).transpose()
}

/// Stores how far a room's log has been gone through in its round. Returns `false` if another server has done that round.
pub async fn set_mark(tx: &mut Tx, room: RoomId, mark: Mark) -> Result<bool> {
    let Mark { rounds, size, open_gate, notice_of } = mark;
    let sql = "INSERT INTO news_marks (room_id, rounds, size, open_gate, notice_of) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (room_id) DO UPDATE SET rounds = ?2, size = ?3, open_gate = ?4, notice_of = ?5
               WHERE news_marks.rounds = ?2 - 1";
    Ok(tx.exec(sql, &[&room, &rounds, &size, &open_gate, &notice_of]).await? == 1)
}

/// Returns the number of the first entry of a log from this instant on. `None` if there is none.
pub async fn first_since(tx: &mut Tx, log: Log, since: Time) -> Result<Option<i64>> {
    let sql = "SELECT MIN(seq) FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND ts >= ?2";
    tx.one(sql, &[&log.key(), &since]).await?.get(0)
}
