//! The tables `news_choices` and `news_choices_of_rooms`: of what people want to be told by mail, and how soon.

use std::collections::BTreeMap;

use room::{Frequency, NewsKind, RoomId, UserId};

use super::Tx;
use crate::error::{Error, Result};

/// Of what somebody wants to be told, and how soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// How soon, where a room has no frequency of its own.
    pub frequency: Frequency,
    /// Of what they do not want to be told, in the order of the words.
    pub without: Vec<NewsKind>,
    /// The rooms with a frequency of their own.
    pub rooms: BTreeMap<RoomId, Frequency>,
}

impl Default for Choices {
    /// Everything, at once.
    fn default() -> Self {
        Self { frequency: Frequency::AtOnce, without: Vec::new(), rooms: BTreeMap::new() }
    }
}

/// Between the words of kinds.
const BETWEEN: &str = "|";

/// Returns the choices of an account; the default if it has made none.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<Choices> {
    let mut choices = Choices::default();
    let sql = "SELECT frequency, without FROM news_choices WHERE user_id = ?1";
    if let Some(row) = tx.opt(sql, &[&user]).await? {
        choices.frequency = row.get(0)?;
        let without: String = row.get(1)?;
        let words = without.split(BETWEEN).filter(|word| !word.is_empty());
        let kinds = words.map(|word| word.parse().map_err(|_| Error::internal("a kind of news that is none")));
        choices.without = kinds.collect::<Result<_>>()?;
    }
    for row in tx.rows("SELECT room_id, frequency FROM news_choices_of_rooms WHERE user_id = ?1", &[&user]).await? {
        choices.rooms.insert(row.get(0)?, row.get(1)?);
    }
    Ok(choices)
}

/// Stores what somebody wants to be told of all rooms, in place of what they wanted.
pub async fn store(tx: &mut Tx, user: UserId, frequency: Frequency, without: &[NewsKind]) -> Result<()> {
    let without = without.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(BETWEEN);
    let sql = "INSERT INTO news_choices (user_id, frequency, without) VALUES (?1, ?2, ?3)
               ON CONFLICT (user_id) DO UPDATE SET frequency = ?2, without = ?3";
    tx.exec(sql, &[&user, &frequency, &without]).await.map(drop)
}

/// Stores how soon somebody wants to be told of one room; without a frequency, as of all others.
pub async fn store_of_room(tx: &mut Tx, user: UserId, room: RoomId, frequency: Option<Frequency>) -> Result<()> {
    let Some(frequency) = frequency else {
        let sql = "DELETE FROM news_choices_of_rooms WHERE user_id = ?1 AND room_id = ?2";
        return tx.exec(sql, &[&user, &room]).await.map(drop);
    };
    let sql = "INSERT INTO news_choices_of_rooms (user_id, room_id, frequency) VALUES (?1, ?2, ?3)
               ON CONFLICT (user_id, room_id) DO UPDATE SET frequency = ?3";
    tx.exec(sql, &[&user, &room, &frequency]).await.map(drop)
}

/// Removes the choices of an account.
pub async fn delete(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.exec("DELETE FROM news_choices WHERE user_id = ?1", &[&user]).await?;
    tx.exec("DELETE FROM news_choices_of_rooms WHERE user_id = ?1", &[&user]).await.map(drop)
}
